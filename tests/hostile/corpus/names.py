"""Good files under names that shells, logs, pages and file systems stumble over."""

from collections.abc import Iterator
from typing import Final

from tests.hostile.hostile import COMPLETED, Hostile

_NAMES: Final = {
    "a line break": "a\n2026-01-01 ERROR root.jpg",
    "a carriage return and a header": "a\r\nContent-Type: text\r\n\r\n<b>.jpg",
    "marks that turn it around": "photo\u202egpj.exe.jpg",
    "marks that isolate": "\u2066a\u2069\u200e.jpg",
    "255 bytes": "x" * 251 + ".jpg",
    "255 bytes of four-byte letters": "\U0001f600" * 62 + "abc.jpg",
    "quotes of all kinds": "a'b\"c`d$(id);&|<>.jpg",
    "a dash before it": "-rf.jpg",
    "an option before it": "--help.jpg",
    "signs of formats": "%s%n%d%%.jpg",
    "a tilde and a star": "~*?[a].jpg",
    "backslashes": "..\\..\\windows\\system32.jpg",
    "dots alone before its ending": "...jpg",
    "no ending": "photo",
    "an ending alone": ".jpg",
    "two endings": "photo.jpg.exe",
    "spaces around it": "  photo .jpg ",
    "a tab and a bell": "a\tb\x07\x1b[2J.jpg",
    "letters put together from two": "e\u0301" * 20 + ".jpg",
    "a name that Windows keeps": "CON.jpg",
    "bytes that are no UTF-8": "caf\udce9.jpg",
    "separators of lines": "a\u2028b\u2029c.jpg",
    "zero width and a flag": "\u200b\ufeff\U000e0041.jpg",
    "a protocol": "http:evil.example.jpg",
    "a picture of a host": "<img src=x onerror=alert(1)>.jpg",
}


def list_files() -> Iterator[Hostile]:
    for what, file_name in _NAMES.items():
        yield Hostile(
            name=f"names: {what}",
            file_name=file_name,
            task_type="image",
            outcome=COMPLETED,
            content=lambda stage: stage.seed("jpeg"),
        )
