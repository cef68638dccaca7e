"""File names as strangers send them, made fit to show, to log and to store under."""

import os
import re
import unicodedata
from typing import Final
from uuid import UUID

MAX_NAME_BYTES: Final = 255
"""What every common file system takes as one name."""
NAMELESS: Final = "file"
_UNTIDY: Final = re.compile(r"[/\\]|^\s|\s$|^\.*$")

_BIDI_CONTROLS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They make `exe.gpj` read `jpg.exe`; other format characters (joiners) are part of real names and stay."""


def sanitise_name(name: str) -> str:
    """Return the name's last path component without control characters, at most 255 bytes of UTF-8."""
    if name.isascii() and name.isprintable() and len(name) <= MAX_NAME_BYTES and not _UNTIDY.search(name):
        return name  # nearly every name
    last_part = name.replace("\\", "/").rsplit("/", maxsplit=1)[-1]
    composed = unicodedata.normalize("NFC", last_part.encode("utf-8", "replace").decode("utf-8"))
    visible = "".join(character for character in composed if _is_visible(character)).strip()
    if not visible.strip("."):
        return NAMELESS
    return shorten_name(visible)


def shorten_name(name: str, *, limit_bytes: int = MAX_NAME_BYTES) -> str:
    """Cut the stem, not the extension, so that the name fits; never in the middle of a character."""
    if len(name.encode()) <= limit_bytes:
        return name
    stem, extension = os.path.splitext(name)
    if len(extension.encode()) > 32:
        stem, extension = name, ""
    room_bytes = limit_bytes - len(extension.encode())
    return stem.encode()[:room_bytes].decode(errors="ignore").rstrip() + extension


def number_name(name: str, number: int) -> str:
    """Tell a second `a.png` from the first: `a (2).png`."""
    stem, extension = os.path.splitext(name)
    suffix = f" ({number}){extension}"
    return shorten_name(stem, limit_bytes=MAX_NAME_BYTES - len(suffix.encode())) + suffix


def is_uuid(name: str) -> bool:
    """Tell whether a directory's name is a task's id, written as we write it."""
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in {"Cc", "Zl", "Zp"} and character not in _BIDI_CONTROLS
