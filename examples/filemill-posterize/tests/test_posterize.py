"""The operation keeps to the rules of every operation, and a poster has few colours."""

from pathlib import Path

import pyvips
from filemill_posterize import OPERATION

from filemill.processing.cage import Cage
from filemill.testing import OperationConformance, run_operation

PHOTO = Path(__file__).parents[3] / "samples/photo.jpg"


class TestConformance(OperationConformance):
    """The tests that every operation has to pass."""

    operation = OPERATION
    files = (PHOTO,)


def test_a_poster_of_three_levels_has_no_other_shade(tmp_path: Path) -> None:
    with Cage(preload=OPERATION.sealed_modules) as cage:
        done = run_operation(OPERATION, PHOTO, {"levels": 3}, cage=cage, scratch=tmp_path)
        shades = set(bytes(pyvips.Image.new_from_file(str(done.first.path)).write_to_memory()))

    assert shades <= {0, 127, 128, 255}
