"""The tables that are made from the code are up to date."""

import subprocess
import sys

from tests.unit.docs.reading import ROOT

SCRIPT = ROOT / "scripts/write_reference.py"


def test_the_generated_tables_are_what_the_code_says() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
