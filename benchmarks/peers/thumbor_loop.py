"""thumbor's engine on one picture after the other: a job per line comes in, an empty line goes out when it is done.

It runs in an environment of its own (`make bench-peers`), in which there is nothing of Filemill.
"""

import json
import sys
from pathlib import Path

from thumbor.config import Config  # type: ignore[import-not-found]
from thumbor.context import Context  # type: ignore[import-not-found]
from thumbor.engines.pil import Engine  # type: ignore[import-not-found]


def fit(job: tuple[str, str, int, int]) -> None:
    """Fit a picture into a box, as thumbor's `fit-in` does, with its defaults but for the quality."""
    source, target, width, height = job
    engine = Engine(Context(config=Config(QUALITY=85)))
    engine.load(Path(source).read_bytes(), ".jpg")
    own_width, own_height = engine.size
    scale = min(width / own_width, height / own_height, 1.0)
    engine.resize(round(own_width * scale), round(own_height * scale))
    Path(target).write_bytes(engine.read(".jpg", 85))


for line in sys.stdin:
    fit(tuple(json.loads(line)))
    sys.stdout.write("\n")
    sys.stdout.flush()
