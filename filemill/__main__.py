"""`python -m filemill` is the `filemill` command."""

import sys

from filemill.launch.command import main

sys.exit(main())
