"""Sealed: a JSON document: whether it is valid, and what it holds."""

from collections.abc import Iterator
from typing import Any, Final

from filemill.processing.bench import SealedCall
from filemill.processing.operations.sealed.document.decoding import DecodedText, detect_encoding, show_encoding
from filemill.processing.operations.sealed.document.json_stream import JsonStream
from filemill.processing.operations.sealed.document.text import TextCounts
from filemill.processing.operations.sealed.opening import refuse_empty

_MAX_KEYS_TOLD: Final = 100
_MAX_KEY_CHARACTERS_TOLD: Final = 200


def read_json(call: SealedCall) -> dict[str, Any]:
    """Give encoding, the outermost type, its length and keys, and a preview of JSON of any size, in bounded memory.

    Arguments: `text`, whether to write it in UTF-8 as text.txt; `max_nesting`. Raises InputError `corrupt_file` and
    `too_deeply_nested` with line and column.
    """
    refuse_empty(call)
    encoding = detect_encoding(call)
    copy = call.create_output("text.txt", "text/plain") if call.arguments["text"] else None
    counts = TextCounts()
    pieces = _count(DecodedText(call, encoding, copy=copy).pieces(), counts)
    stream = JsonStream(pieces, max_nesting=call.arguments["max_nesting"])
    kind, length = stream.read_document(max_keys=_MAX_KEYS_TOLD)
    counted = counts.describe()
    facts: dict[str, Any] = {
        "encoding": show_encoding(encoding),
        "valid": True,
        "type": kind,
        "length": length,
        "lines": counted["lines"],
        "characters": counted["characters"],
        "preview": counted["preview"],
    }
    if kind == "object":
        facts["keys"] = [key[:_MAX_KEY_CHARACTERS_TOLD] for key in stream.keys]
    return facts


def _count(pieces: Iterator[str], counts: TextCounts) -> Iterator[str]:
    for piece in pieces:
        counts.add(piece)
        yield piece
