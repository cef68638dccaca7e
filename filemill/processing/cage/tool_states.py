"""What is installed of each optional tool, for people: version, place, languages or modules, and how to install it."""

import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from filemill.processing.cage import tools

_OFFICE_VERSION: Final = re.compile(r"^AboutBoxVersion=(\S+)$", re.MULTILINE)
_SECONDS: Final = 10


@dataclass(frozen=True, kw_only=True)
class ToolState:
    """A tool on this machine; `path` is None when it is not installed."""

    name: str
    path: Path | None
    version: str | None
    parts: tuple[str, ...]
    """Its languages or modules that are installed."""
    installing: str
    """The commands that install it."""


def describe(tool: str) -> ToolState:
    """Look at a tool anew; an unknown one is a `KeyError`."""
    path = tools.find(tool)
    return ToolState(
        name=tool,
        path=path,
        version=_VERSIONS[tool](path) if path and tool in _VERSIONS else None,
        parts=tuple(sorted(tools.TOOLS[tool].list_parts())) if path else (),
        installing=tools.explain_installing([tool]),
    )


def _read_tesseract_version(path: Path) -> str | None:
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    first = (told.stdout or told.stderr).partition("\n")[0]
    return first.removeprefix("tesseract ").strip() or None


def _read_office_version(_path: Path) -> str | None:
    """LibreOffice's own file says it; asking the program takes half a second."""
    directory = tools.find_office()
    try:
        told = (directory / "versionrc").read_text(encoding="utf-8") if directory else ""
    except OSError:
        return None
    found = _OFFICE_VERSION.search(told)
    return found[1] if found else None


def _read_ocrmypdf_version(_path: Path) -> str | None:
    try:
        return version("ocrmypdf")
    except PackageNotFoundError:
        return None


_VERSIONS: Final[Mapping[str, Callable[[Path], str | None]]] = {
    "tesseract": _read_tesseract_version,
    "soffice": _read_office_version,
    "ocrmypdf": _read_ocrmypdf_version,
}
