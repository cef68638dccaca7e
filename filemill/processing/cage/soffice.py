"""The program that runs in the cage as the tool `soffice`: LibreOffice as a library, for one document.

    python -I soffice.py PROGRAM_DIRECTORY INPUT OUTPUT FORMAT [FILTER_OPTIONS] [OUTPUT FORMAT FILTER_OPTIONS]…
    python -I soffice.py PROGRAM_DIRECTORY --wait

The second one starts LibreOffice, then reads INPUT and so on as a JSON list, in one line from descriptor 3.

It is executed by its path and imports nothing of Filemill. Names are relative to its working directory, the workspace.
It makes a profile there, without macros, links or anything of another document, and ends with 0, with 3 when the
document can't be loaded, or with 4 when it can't be saved; standard error says why.

Why not `soffice --convert-to`: that binds a socket in /tmp whatever it is told, and waits for most of a second in all.
"""

import ctypes
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

WAIT: Final = "--wait"
NOT_LOADED: Final = 3
NOT_SAVED: Final = 4
_BAD_USAGE: Final = 2
_COMMANDS: Final = 3
_LIBRARIES: Final = ("libsofficeapp.so", "libmergedlo.so")
_SETTINGS: Final = """\
<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
{items}
</oor:items>
"""
_ITEM: Final = (
    '<item oor:path="/org.openoffice.{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>'
)
_HARDENING: Final = (
    ("Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Office.Common/Security/Scripting", "DisableActiveContent", "true"),
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Office.Writer/Content/Update", "Link", "0"),
    ("Office.Calc/Content/Update", "Link", "2"),
    ("Office.Common/Java/ApplicationSettings", "Enable", "false"),
)

# Calc's line for input is a window that opens with a document; its description is missing where LibreOffice was
# installed without windows (Debian's packages -nogui), and then no sheet loads.
_HIDDEN_WINDOWS: Final = ("26100",)
_HIDE: Final = (
    '<item oor:path="/org.openoffice.Office.Views/Windows"><node oor:name="{number}" oor:op="replace">'
    '<prop oor:name="Visible" oor:op="fuse"><value>false</value></prop></node></item>'
)

# A comment in a text opens a window too, which no setting hides; without its description the text does not load. So a
# plain one is lent, in a directory that otherwise leads to LibreOffice's own. It is never seen: names alone count.
_COMMENT_WINDOW: Final = ("config", "soffice.cfg", "modules", "swriter", "ui", "annotation.ui")
_COMMENT_LABELS: Final = ("author", "date", "resolved")
_COMMENT_CHOICES: Final = (
    "reply resolve unresolve resolvethread unresolvethread delete deletethread deleteby deleteall formatall"
)
_UP_TO_ROOT: Final = "../" * 32
"""From wherever LibreOffice is; above the root there is the root again."""

# Places in LibreOffice's tables of functions (LibreOfficeKit.h), which only ever grow at their end.
_KIT_GET_ERROR: Final = 3
_KIT_LOAD_WITH_OPTIONS: Final = 4
_DOCUMENT_SAVE_AS: Final = 2


class OfficeError(Exception):
    """LibreOffice could not do what it was asked; the code is the program's exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def find_library(directory: Path) -> Path | None:
    """Return the library that can be asked for LibreOffice; distributions build it under one of two names."""
    return next((directory / name for name in _LIBRARIES if (directory / name).is_file()), None)


class Office:
    """LibreOffice, started in this process with a profile of its own."""

    def __init__(self, directory: Path) -> None:
        library_path = find_library(directory)
        if library_path is None:
            raise OfficeError(f"There is no LibreOffice in {directory}.", _BAD_USAGE)
        # Of this process alone: another document may have been converted in the same workspace before.
        profile = f".profile-{os.getpid()}"
        _write_profile(Path(profile, "user"))
        _lend_comment_window(directory.parent / "share", Path(f".share-{os.getpid()}"))
        library = ctypes.CDLL(str(library_path))
        library.libreofficekit_hook_2.restype = ctypes.c_void_p
        library.libreofficekit_hook_2.argtypes = (ctypes.c_char_p, ctypes.c_char_p)
        self._kit = library.libreofficekit_hook_2(os.fsencode(directory), _to_url(profile))
        if not self._kit:
            raise OfficeError("LibreOffice does not start.", _BAD_USAGE)

    def convert(self, source: str, wishes: Sequence[tuple[str, str, str]]) -> None:
        """Load a document and save it as (name, format, filter options), once or more."""
        load = _find(self._kit, _KIT_LOAD_WITH_OPTIONS, ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_char_p))
        document = load(self._kit, _to_url(source), None)
        if not document:
            raise OfficeError(self._explain(), NOT_LOADED)
        save = _find(document, _DOCUMENT_SAVE_AS, ctypes.c_int, (ctypes.c_char_p,) * 3)
        for name, kind, options in wishes:
            if not save(document, _to_url(name), kind.encode(), options.encode()):
                raise OfficeError(self._explain(), NOT_SAVED)

    def _explain(self) -> str:
        said = _find(self._kit, _KIT_GET_ERROR, ctypes.c_char_p, ())(self._kit)
        return bytes(said or b"LibreOffice does not say why.").decode(errors="replace")


def _find(thing: int, place: int, result: type, arguments: tuple[type, ...]) -> "ctypes._FuncPointer":
    """Return a function of an object: the object begins with a pointer to its table, the table with its size."""
    table = ctypes.cast(thing, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p)))[0]
    return ctypes.CFUNCTYPE(result, ctypes.c_void_p, *arguments)(table[place])


def _to_url(name: str) -> bytes:
    """Name a file by the one absolute path that leads to the working directory when those above it are closed."""
    return f"file:///proc/self/cwd/{quote(name)}".encode()


def _write_profile(directory: Path) -> None:
    directory.mkdir(parents=True)
    items = [_ITEM.format(path=path, name=name, value=value) for path, name, value in _HARDENING]
    items += [_HIDE.format(number=number) for number in _HIDDEN_WINDOWS]
    settings = _SETTINGS.format(items="\n".join(items))
    (directory / "registrymodifications.xcu").write_text(settings, encoding="utf-8")


def _lend_comment_window(share: Path, own: Path) -> None:
    if share.is_dir() and not share.joinpath(*_COMMENT_WINDOW).exists():
        _link_beside(share, own, _COMMENT_WINDOW)
        own.joinpath(*_COMMENT_WINDOW).write_text(_describe_comment_window(), encoding="utf-8")
        os.environ["BRAND_SHARE_SUBDIR"] = f"{_UP_TO_ROOT}proc/self/cwd/{own}"


def _link_beside(theirs: Path, own: Path, way: Sequence[str]) -> None:
    """Make a directory that holds links to all that theirs holds, but for what lies on the way."""
    own.mkdir()
    for entry in theirs.iterdir() if theirs.is_dir() else ():
        if entry.name != way[0]:
            own.joinpath(entry.name).symlink_to(entry)
    if len(way) > 1:
        _link_beside(theirs / way[0], own / way[0], way[1:])


def _describe_comment_window() -> str:
    choices = "".join(f'<child><object class="GtkMenuItem" id="{name}"/></child>' for name in _COMMENT_CHOICES.split())
    labels = "".join(f'<child><object class="GtkLabel" id="{name}"/></child>' for name in _COMMENT_LABELS)
    return (
        f'<interface><object class="GtkMenu" id="menu">{choices}</object>'
        '<object class="GtkBox" id="Annotation">'
        '<child><object class="GtkScrolledWindow" id="scrolledwindow"><child><object class="GtkViewport"><child>'
        '<object class="GtkDrawingArea" id="editview"/></child></object></child></object></child>'
        f'<child><object class="GtkBox">{labels}<child><object class="GtkMenuButton" id="menubutton">'
        '<property name="popup">menu</property></object></child></object></child>'
        "</object></interface>"
    )


def _read_wishes(words: Sequence[str]) -> list[tuple[str, str, str]]:
    padded = [*words, ""] if len(words) % 3 == 2 else list(words)
    if not padded or len(padded) % 3:
        raise OfficeError("It takes INPUT, and OUTPUT FORMAT FILTER_OPTIONS once or more.", _BAD_USAGE)
    return [(padded[at], padded[at + 1], padded[at + 2]) for at in range(0, len(padded), 3)]


def _hear() -> list[str]:
    """Wait for the words of the one document; whoever hangs up wants nothing."""
    with os.fdopen(_COMMANDS, encoding="utf-8") as commands:
        line = commands.readline()
    if not line:
        raise OfficeError("Nothing was asked for.", _BAD_USAGE)
    return [str(word) for word in json.loads(line)]


def main(words: Sequence[str]) -> int:
    """Convert as the command line says; return the exit code."""
    try:
        directory, *asked = words
        office = Office(Path(directory))
        source, *wishes = _hear() if asked == [WAIT] else asked
        office.convert(source, _read_wishes(wishes))
    except OfficeError as error:
        sys.stderr.write(f"{error}\n")
        return error.code
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    # LibreOffice's threads are not to be waited for, nor its leave-taking: all it had is thrown away.
    os._exit(code)
