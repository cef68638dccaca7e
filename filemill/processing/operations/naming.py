"""Names of outputs: taken from the input's name, made safe for every file system and URL."""

import re
import unicodedata
from collections.abc import Collection
from typing import Final

_MAX_STEM_BYTES: Final = 120
_ENDING: Final = re.compile(r"[A-Za-z0-9]{1,10}")
_UNSHOWN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def name_stem(file_name: str, *, fallback: str) -> str:
    """Name an output after its input, without an ending: `My photo (1).HEIC` gives `My-photo-1`.

    Only letters and digits of any script, `_`, `-` and `.` are kept; a name without any becomes `fallback`.
    """
    stem = unicodedata.normalize("NFC", file_name.rpartition(".")[0] or file_name)
    stem = re.sub(r"[^\w.-]+", "-", stem).strip("-._")
    stem = stem.encode(errors="ignore")[:_MAX_STEM_BYTES].decode(errors="ignore").rstrip("-._")
    return stem or fallback


def name_file(file_name: str, *, fallback: str, taken: Collection[str] = ()) -> str:
    """Make any name one for an output, with its ending: `../My report (1).PDF` gives `My-report-1.pdf`.

    Where the name is among `taken`, a number is put to it.
    """
    base = re.split(r"[/\\]", file_name)[-1]
    stem = name_stem(base, fallback=fallback)
    dot, ending = base.rpartition(".")[1:]
    ending = f".{ending.lower()}" if dot and _ENDING.fullmatch(ending) else ""
    return _number(stem, ending, taken)


def keep_name(file_name: str, *, fallback: str, taken: Collection[str] = ()) -> str:
    """Keep a name as people gave it, for a place that is no file system: without folders, without control
    characters, and without those that let it be read backwards.

    Where the name is among `taken`, a number is put to it.
    """
    base = re.split(r"[/\\]", file_name)[-1]
    base = _UNSHOWN.sub("", base).strip() or fallback
    stem, dot, ending = base.rpartition(".")
    return _number(stem, f"{dot}{ending}", taken) if stem else _number(base, "", taken)


def _number(stem: str, ending: str, taken: Collection[str]) -> str:
    name, number = f"{stem}{ending}", 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}{ending}"
    return name
