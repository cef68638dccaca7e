"""Text, JSON, CSV and XML: too deep, too long, never closed, and not the text it seems."""

from collections.abc import Callable, Iterator
from typing import Final

from tests.hostile.hostile import COMPLETED, Hostile, Outcome, Stage, TaskType, failed, refused

_CORRUPT: Final = failed("corrupt_file")
_TOO_DEEP: Final = failed("too_deeply_nested")
_DEEP: Final = 100_000


def list_files() -> Iterator[Hostile]:
    yield from _list_json()
    yield from _list_csv()
    yield from _list_text()
    yield from _list_xml()


def _document(
    file_name: str,
    what: str,
    outcome: Outcome,
    content: Callable[[Stage], bytes],
    *,
    task_type: TaskType = "document",
    within_seconds: float = 10.0,
) -> Hostile:
    ending = file_name.rpartition(".")[2]
    return Hostile(
        name=f"{ending}: {what}",
        file_name=file_name,
        task_type=task_type,
        outcome=outcome,
        content=content,
        within_seconds=within_seconds,
    )


def _list_json() -> Iterator[Hostile]:
    def json(what: str, outcome: Outcome, content: Callable[[Stage], bytes], within_seconds: float = 10.0) -> Hostile:
        return _document("hostile.json", what, outcome, content, within_seconds=within_seconds)

    yield json("100,000 arrays in one another", _TOO_DEEP, lambda _: b"[" * _DEEP + b"]" * _DEEP)
    yield json("100,000 objects in one another", _TOO_DEEP, lambda _: b'{"a":' * _DEEP + b"1" + b"}" * _DEEP)
    yield json("arrays and objects by turns, never closed", _TOO_DEEP | _CORRUPT, lambda _: b'[{"a":' * _DEEP)
    yield json("a million empty arrays beside each other", COMPLETED, lambda _: b"[" + b"[]," * 1_000_000 + b"[]]")
    yield json(
        "a text of 20 MiB that is not closed",
        failed("too_large", "corrupt_file"),
        lambda _: b'["' + b"x" * 20 * 1024**2,
    )
    yield json("a number of a million digits", COMPLETED | _CORRUPT, lambda _: b"[" + b"9" * 1_000_000 + b"]")
    yield json("numbers beyond all bounds", COMPLETED, lambda _: b"[1e999999999, -1e999999999]")
    yield json("NaN and Infinity", _CORRUPT, lambda _: b"[NaN, Infinity]")
    yield json(
        "lone surrogates and NULs in its keys", COMPLETED, lambda _: b'{"\\ud800": "\\udfff", "\\u0000": "\\u0000"}'
    )
    yield json("one key 200,000 times", COMPLETED, lambda _: b"{" + b'"k":1,' * 200_000 + b'"k":2}')
    yield json(
        "200,000 keys, each of its own",
        COMPLETED,
        lambda _: b"{" + b",".join(b'"k%d":1' % n for n in range(200_000)) + b"}",
    )
    yield json("8 MiB of spaces before its value", COMPLETED, lambda _: b" " * 8 * 1024**2 + b"1", 30.0)
    yield json("two values", _CORRUPT, lambda _: b"{} {}")
    yield json(
        "a key that pollutes prototypes", COMPLETED, lambda _: b'{"__proto__": {"admin": true}, "constructor": 1}'
    )
    yield json(
        "UTF-16 with a byte too many",
        _CORRUPT | COMPLETED | refused("unsupported_format"),
        lambda _: '{"a": 1}'.encode("utf-16") + b"\0",
    )


def _list_csv() -> Iterator[Hostile]:
    def csv(what: str, outcome: Outcome, content: Callable[[Stage], bytes], within_seconds: float = 10.0) -> Hostile:
        return _document("hostile.csv", what, outcome, content, within_seconds=within_seconds)

    long = failed("too_large", "corrupt_file")
    yield csv("one line of 9 MiB", long, lambda _: b"a,b\n" + b"x" * 9 * 1024**2)
    yield csv("one line of a million cells", COMPLETED, lambda _: b"a,b\n" + b"1," * 1_000_000 + b"\n")
    yield csv(
        "a header of two million names",
        COMPLETED | failed("memory_limit", "too_large"),
        lambda _: b"n," * 2_000_000 + b"n\n",
        30.0,
    )
    yield csv("a quotation that never ends", long, lambda _: b'a,b\n1,"' + b"x,y\n" * 500_000)
    yield csv("a cell of 2 MiB", long, lambda _: b"a,b\n1," + b"x" * 2 * 1024**2 + b"\n")
    yield csv("two million quotation marks", COMPLETED | long, lambda _: b'"' * 2_000_000)
    yield csv("NULs between its cells", refused("unsupported_format"), lambda _: b"a,b\n\0,\0\n")
    yield csv("NULs behind its first 64 KiB", COMPLETED | _CORRUPT, lambda _: b"a,b\n" + b"1,2\n" * 20_000 + b"\0,\0\n")
    yield csv("formulas of a spreadsheet", COMPLETED, lambda _: b"a,b\n=HYPERLINK(\"http://x\"),=cmd|' /C calc'!A0\n")
    yield csv("carriage returns alone", COMPLETED, lambda _: b"a,b\r1,2\r" * 1000)
    yield csv("a million empty lines", COMPLETED, lambda _: b"\n" * 1_000_000)


def _list_text() -> Iterator[Hostile]:
    def text(what: str, outcome: Outcome, content: Callable[[Stage], bytes]) -> Hostile:
        return _document("hostile.txt", what, outcome, content)

    yield text(
        "bytes that are no UTF-8 behind 1 MiB that is",
        COMPLETED | _CORRUPT,
        lambda _: b"good " * 250_000 + b"\xff\xfe\xc3\x28",
    )
    yield text(
        "UTF-8 that says too much",
        COMPLETED | _CORRUPT,
        lambda _: b"a" * 100 + b"\xf4\x90\x80\x80\xed\xa0\x80\xc0\x80" * 50,
    )
    yield text("NULs behind its first 64 KiB", COMPLETED, lambda _: b"good\n" * 20_000 + b"\0" * 1000)
    yield text("one word of 8 MiB", COMPLETED, lambda _: b"x" * 8 * 1024**2)
    yield text(
        "marks that turn the writing around", COMPLETED, lambda _: "\u202egpj.exe\u202c \u2066x\u2069\n".encode() * 100
    )
    yield text(
        "half of a surrogate pair in UTF-16",
        COMPLETED | _CORRUPT | refused("unsupported_format"),
        lambda _: b"\xff\xfe" + b"a\0" * 50_000 + b"\x00\xd8",
    )
    yield text("escapes for a terminal", refused("unsupported_format"), lambda _: b"\x1b]0;owned\x07\x1b[2J\n" * 10)
    yield text("all bytes there are", refused("unsupported_format"), lambda _: bytes(range(256)) * 100)


# --- XML ---
def _list_xml() -> Iterator[Hostile]:
    laughs = (
        b'<!DOCTYPE l [<!ENTITY a "ha">'
        + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(10))
        + b"]><l>&k;</l>"
    )
    outside = b'<!DOCTYPE l [<!ENTITY e SYSTEM "file://%s"><!ENTITY h SYSTEM "%s/entity">]><l>&e;&h;</l>'

    def reach(stage: Stage) -> bytes:
        return outside % (str(stage.canary_file).encode(), stage.canary_url.encode())

    turned_away = refused("unsupported_format", "type_mismatch")
    for name in ("laughs.xml", "laughs.svg", "laughs.txt", "laughs"):
        task_type: TaskType = "image" if name.endswith("svg") else "document"
        yield _document(
            name,
            f"a billion laughs as {name}",
            turned_away,
            lambda _: b'<?xml version="1.0"?>' + laughs,
            task_type=task_type,
        )
        yield _document(name, f"entities of files and hosts as {name}", turned_away, reach, task_type=task_type)
    # With a comment before it, it is a text like any other: shown as it is, never parsed.
    yield _document(
        "comment.txt", "a billion laughs behind a comment", COMPLETED | turned_away, lambda _: b"<!-- x -->" + laughs
    )
    yield _document(
        "comment.xml", "entities behind a comment", COMPLETED | turned_away, lambda stage: b"<!-- x -->" + reach(stage)
    )
