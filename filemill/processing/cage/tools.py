"""The tools that the cage can run: how each is found, and the files that it needs to start."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import imageio_ffmpeg

_LIBRARY: Final = re.compile(r"^\s*(?:\S+ => )?(/\S+) \(0x[0-9a-f]+\)$", re.MULTILINE)
_LOADER_CACHE: Final = Path("/etc/ld.so.cache")


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A program that the cage may execute."""

    name: str
    locate: Callable[[], str | None]
    may_fork: bool = False


def _locate_ffmpeg() -> str | None:
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:
        return shutil.which("ffmpeg")


TOOLS: Final = {tool.name: tool for tool in (Tool(name="ffmpeg", locate=_locate_ffmpeg),)}


def find(tool: str) -> Path | None:
    """Return where a tool's program lies, or None when it is not installed; an unknown tool is a `KeyError`."""
    located = TOOLS[tool].locate()
    return Path(located).resolve() if located else None


@cache
def list_files(binary: Path) -> tuple[Path, ...]:
    """Return the files that a program needs to start: itself, its loader and its shared libraries.

    `ldd` runs the loader on the program; only the tools named here, which the administrator installed, get that far.
    """
    listed = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, timeout=30, check=False, env={})
    libraries = [Path(found) for found in _LIBRARY.findall(listed.stdout)]
    caches = [_LOADER_CACHE] if _LOADER_CACHE.exists() else []
    return (binary, *libraries, *caches)
