"""The program that runs in the cage as the tool `ocrmypdf`: that package's own, at home in a workspace.

    python -I ocr.py ARGUMENTS OF OCRMYPDF

It is executed by its path and imports nothing of Filemill. OCRmyPDF makes every path absolute and free of links, but
those above the workspace may be closed to the user that tools run as: such paths are turned back to the way that leads
there, `/proc/self/cwd`.
"""

import os
import runpy
import sys
from typing import Any, Final

_WAY: Final = "/proc/self/cwd"


def stay_on_the_way() -> None:
    """Let no path in the working directory be resolved any further than `/proc/self/cwd`."""
    directory = os.getcwd()
    resolve = os.path.realpath

    def realpath(path: Any, **how: Any) -> Any:
        if isinstance(os.fspath(path), bytes):
            return resolve(path, **how)
        found = os.path.abspath(path) if _is_on_the_way(str(path)) else str(resolve(path, **how))
        return _WAY + found.removeprefix(directory) if f"{found}/".startswith(f"{directory}/") else found

    setattr(os.path, "realpath", realpath)  # noqa: B010 - a replacement, which no type allows


def _is_on_the_way(path: str) -> bool:
    return not os.path.isabs(path) or f"{path}/".startswith(f"{_WAY}/")


if __name__ == "__main__":
    stay_on_the_way()
    sys.argv[0] = "ocrmypdf"
    runpy.run_module("ocrmypdf", run_name="__main__", alter_sys=False)
