"""OCRmyPDF's paths stay on the way into the workspace, whatever is closed above it."""

import subprocess
import sys
from pathlib import Path

import pytest

from filemill.processing.cage import ocr

RESOLVE = """
import os, pathlib, runpy, sys
runpy.run_path(sys.argv[1])["stay_on_the_way"]()
print(os.path.realpath(sys.argv[2]))
print(pathlib.Path(sys.argv[2]).resolve())
"""


@pytest.mark.parametrize(
    ("path", "resolved"),
    [
        ("made.pdf", "/proc/self/cwd/made.pdf"),
        ("deep/../made.pdf", "/proc/self/cwd/made.pdf"),
        ("/proc/self/cwd/.tmp/made.pdf", "/proc/self/cwd/.tmp/made.pdf"),
        ("/usr/../usr/share", "/usr/share"),
    ],
)
def test_a_path_in_the_workspace_is_not_resolved_past_the_way(tmp_path: Path, path: str, resolved: str) -> None:
    asked = [sys.executable, "-I", "-c", RESOLVE, ocr.__file__, path]
    told = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert told.split() == [resolved, resolved]
