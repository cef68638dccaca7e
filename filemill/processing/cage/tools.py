"""The tools that the cage can run: how each is found, and what it needs beyond its descriptors."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import imageio_ffmpeg

from filemill.processing.cage import canaries, ocr, soffice
from filemill.processing.errors import SystemFault

_LIBRARY: Final = re.compile(r"^\s*(?:\S+ => )?(/\S+) \(0x[0-9a-f]+\)$", re.MULTILINE)
_LOADER_CACHE: Final = Path("/etc/ld.so.cache")
_LIBRARIES: Final = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")
_FONTS: Final = (
    "/etc/fonts",
    "/usr/share/fontconfig",
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/var/cache/fontconfig",
)
_TESSERACT_DATA: Final = ("/usr/share/tesseract-ocr", "/usr/share/tessdata", "/usr/local/share/tessdata")
_OFFICE_DATA: Final = (
    "/etc/libreoffice",
    "/usr/share/libreoffice",
    "/usr/share/liblangtag",
    "/usr/share/hunspell",
    "/usr/share/hyphen",
    "/usr/share/mythes",
    "/var/lib/libreoffice",
    "/var/spool/libreoffice",
)
_OCR_PLUGINS: Final = tuple(str(Path(ocr.__file__).with_name(f"ocr_{name}.py")) for name in ("progress", "page_sizes"))
_OFFICE_MODULES: Final = {"writer": "libswlo.so", "calc": "libsclo.so", "impress": "libsdlo.so"}
_NO_LANGUAGES: Final = frozenset(("equ",))
"""Data of Tesseract's that reads no text; osd, which tells how a page is turned, is a part like a language."""
_DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/urandom")


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A program that the cage may execute."""

    name: str
    locate: Callable[[], Sequence[str] | None]
    """Returns the words that its command line begins with, an absolute path first; None when it is not installed."""
    packages: tuple[str, ...] = ()
    """Debian's packages that install it."""
    python_package: str | None = None
    """What pip installs it by, beside Debian's packages; Filemill's extra `ocr` names it too."""
    list_parts: Callable[[], frozenset[str]] = frozenset
    """Returns what of it is installed by packages of their own: languages, modules."""
    name_part_package: Callable[[str], str] = str
    """Returns Debian's package that installs a part."""
    programs: tuple[str, ...] = ()
    """Other programs that it starts, as `PATH` finds them."""
    list_reads: Callable[[], Sequence[str]] = tuple
    """Returns the files and directories that it may read, beneath which nothing is secret; those that are missing do
    no harm."""
    uses_devices: bool = False
    may_fork: bool = False
    may_use_unix_sockets: bool = False
    """Pair them and listen on them in its workspace; none can be connected to a path."""
    environment: Mapping[str, str] = field(default_factory=dict)
    waiting_arguments: tuple[str, ...] = ()
    """What makes it load all it needs and then wait, at descriptor 3, for its arguments: JSON in a line."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A tool as it is on this machine: how its command line begins, and the paths that it keeps."""

    argv: tuple[str, ...]
    runs: tuple[str, ...]
    reads: tuple[str, ...]
    uses: tuple[str, ...]


def _locate_ffmpeg() -> Sequence[str] | None:
    """Find the package's FFmpeg by looking, in its order of places.

    The package runs what it has found to see whether it works, and keeps what came of it: where that run was killed, or
    no process could be started just then, the worker's process had no FFmpeg for the rest of its life.
    """
    if named := os.environ.get("IMAGEIO_FFMPEG_EXE"):
        return (named,)
    for found in sorted(Path(imageio_ffmpeg.__file__).parent.glob("binaries/ffmpeg-*")):
        if os.access(found, os.X_OK):
            return (str(found),)
    return _locate_in_path("ffmpeg")


def _locate_in_path(program: str) -> Sequence[str] | None:
    found = shutil.which(program)
    return (found,) if found else None


def find_office() -> Path | None:
    """Return the directory of LibreOffice's program, behind the link that the package puts into the path."""
    found = shutil.which("soffice")
    return Path(found).resolve().parent if found else None


def _locate_office() -> Sequence[str] | None:
    """LibreOffice is run as a library, by a Python program: its own one insists on a socket in /tmp."""
    directory = find_office()
    if directory is None or soffice.find_library(directory) is None:
        return None
    return (_find_interpreter(), "-I", "-B", soffice.__file__, str(directory))


def _list_office_reads() -> Sequence[str]:
    directory = find_office()
    installed = (str(directory.parent),) if directory else ()
    return (soffice.__file__, sysconfig.get_path("stdlib"), *installed, *_LIBRARIES, *_FONTS, *_OFFICE_DATA)


def _list_office_modules() -> frozenset[str]:
    directory = find_office()
    if directory is None:
        return frozenset()
    return frozenset(module for module, library in _OFFICE_MODULES.items() if (directory / library).is_file())


def _list_languages() -> frozenset[str]:
    """Return the languages whose data lies where Tesseract looks for it."""
    patterns = ("*.traineddata", "tessdata/*.traineddata", "*/tessdata/*.traineddata")
    found = (path for top in _TESSERACT_DATA for pattern in patterns for path in Path(top).glob(pattern))
    return frozenset(path.stem for path in found) - _NO_LANGUAGES


def _locate_ocrmypdf() -> Sequence[str] | None:
    """It is a package of the same environment, started by the same interpreter."""
    if importlib.util.find_spec("ocrmypdf") is None:
        return None
    plugins = (word for path in _OCR_PLUGINS for word in ("--plugin", path))
    return (sys.executable, "-I", "-B", ocr.__file__, *plugins)


def _list_ocrmypdf_reads() -> Sequence[str]:
    packages = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    environment = str(Path(sys.prefix, "pyvenv.cfg"))
    return (ocr.__file__, *_OCR_PLUGINS, *packages, environment, *_LIBRARIES, *_FONTS, *_TESSERACT_DATA)


def _find_interpreter() -> str:
    """Return the interpreter behind a virtual environment's, which needs nothing but its own library."""
    return os.path.realpath(sys.executable)


CANARIES: Final = Tool(
    name="canaries",
    locate=lambda: (_find_interpreter(), "-I", "-B", canaries.__file__),
    list_reads=lambda: (canaries.__file__, sysconfig.get_path("stdlib"), *_LIBRARIES),
)
"""The self-test's own."""

TOOLS: Final = {
    tool.name: tool
    for tool in (
        CANARIES,
        Tool(name="ffmpeg", locate=_locate_ffmpeg, packages=("ffmpeg",)),
        Tool(
            name="soffice",
            locate=_locate_office,
            packages=("libreoffice-writer-nogui", "libreoffice-calc-nogui", "libreoffice-impress-nogui"),
            list_parts=_list_office_modules,
            name_part_package="libreoffice-{}-nogui".format,
            list_reads=_list_office_reads,
            uses_devices=True,
            environment={"SAL_USE_VCLPLUGIN": "svp"},
            waiting_arguments=(soffice.WAIT,),
        ),
        Tool(
            name="tesseract",
            locate=lambda: _locate_in_path("tesseract"),
            packages=("tesseract-ocr",),
            list_parts=_list_languages,
            name_part_package=lambda language: f"tesseract-ocr-{language.lower().replace('_', '-')}",
            list_reads=lambda: _TESSERACT_DATA,
            environment={"OMP_THREAD_LIMIT": "1"},
        ),
        Tool(
            name="ocrmypdf",
            locate=_locate_ocrmypdf,
            packages=("tesseract-ocr",),
            python_package="ocrmypdf",
            programs=("tesseract",),
            list_reads=_list_ocrmypdf_reads,
            uses_devices=True,
            may_fork=True,
            environment={"OMP_THREAD_LIMIT": "1", "PATH": "/usr/local/bin:/usr/bin:/bin"},
        ),
    )
}


def find(needed: str) -> Path | None:
    """Return where a tool's program lies, or None when it is not installed; an unknown tool is a `KeyError`.

    `needed` may name a part of it too, as operations do in `needs`: `tesseract:uzb` is Tesseract with that language.
    """
    name, _, part = needed.partition(":")
    tool = TOOLS[name]
    located = tool.locate()
    if not located or (part and part not in tool.list_parts()):
        return None
    return Path(located[0])


def list_packages(needed: str) -> tuple[str, ...]:
    """Return Debian's packages that install a tool, or its part (`tesseract:uzb`)."""
    name, _, part = needed.partition(":")
    return (TOOLS[name].name_part_package(part),) if part else TOOLS[name].packages


def explain_lack(lacking: Sequence[str]) -> str:
    """Say what is missing and how to install it."""
    return f"{_name_all(lacking)} not installed: run {explain_installing(lacking)}, then `filemill doctor`."


def explain_installing(lacking: Sequence[str]) -> str:
    """Give the commands that install tools or their parts."""
    packages = dict.fromkeys(package for needed in lacking for package in list_packages(needed))
    python_packages = dict.fromkeys(found for needed in lacking if (found := _python_package_of(needed)))
    pip = Path(sys.prefix, "bin", "pip")
    return " and ".join(
        [*(f"{pip} install {package}" for package in python_packages), f"apt-get install {' '.join(packages)}"]
    )


def _python_package_of(needed: str) -> str | None:
    return TOOLS[needed].python_package if needed in TOOLS else None


def _name_all(lacking: Sequence[str]) -> str:
    named = [f"{part} for {tool}" if part else tool for tool, _, part in (needed.partition(":") for needed in lacking)]
    return f"{', '.join(named)} {'is' if len(named) == 1 else 'are'}"


def find_command(tool: Tool) -> Command:
    """Return how a tool is run here; raises `SystemFault` (`tool_missing`) when it is not installed."""
    located = tool.locate()
    if not located:
        raise SystemFault(explain_lack([tool.name]), code="tool_missing")
    programs = (located[0], *(found for program in tool.programs if (found := shutil.which(program))))
    files = dict.fromkeys(path for program in programs for path in list_files(Path(program).resolve()))
    return Command(
        argv=tuple(located),
        runs=tuple(str(path) for path in files),
        reads=tuple(path for path in tool.list_reads() if Path(path).exists()),
        uses=_DEVICES if tool.uses_devices else (),
    )


@cache
def list_files(binary: Path) -> tuple[Path, ...]:
    """Return the files that a program needs to start: itself, its loader and its shared libraries.

    `ldd` runs the loader on the program; only the tools named here, which the administrator installed, get that far.
    Raises a passing `SystemFault` when the look broke off: half a list would be kept, and the tool never start.
    """
    try:
        listed = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, timeout=30, check=False, env={})
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _could_not_look(binary, error) from error
    if listed.returncode < 0:
        raise _could_not_look(binary, f"ldd was killed by signal {-listed.returncode}")
    libraries = [Path(found) for found in _LIBRARY.findall(listed.stdout)]
    return (binary, *libraries, *_existing(_LOADER_CACHE))


def _could_not_look(binary: Path, why: object) -> SystemFault:
    message = f"What {binary.name} needs to start could not be found out: {why}."
    return SystemFault(message, code="internal_error", is_passing=True)


def _existing(*paths: Path) -> Iterator[Path]:
    return (path for path in paths if path.exists())
