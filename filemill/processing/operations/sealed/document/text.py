"""Sealed: plain text: its encoding, counts, a preview, and itself in UTF-8."""

from typing import Any, Final

from filemill.processing.bench import SealedCall
from filemill.processing.operations.sealed.document.decoding import DecodedText, detect_encoding, show_encoding
from filemill.processing.operations.sealed.opening import refuse_empty

PREVIEW_CHARACTERS: Final = 1000


def read_text(call: SealedCall) -> dict[str, Any]:
    """Give encoding, lines, words, characters and a preview of a text of any length, in constant memory.

    Arguments: `text`, whether to write text.txt.
    """
    refuse_empty(call)
    encoding = detect_encoding(call)
    copy = call.create_output("text.txt", "text/plain") if call.arguments["text"] else None
    counts = TextCounts()
    for piece in DecodedText(call, encoding, copy=copy).pieces():
        counts.add(piece)
    return {"encoding": show_encoding(encoding), **counts.describe()}


class TextCounts:
    """Counts what a text holds while it passes by in pieces."""

    def __init__(self) -> None:
        self._newlines = 0
        self._words = 0
        self._characters = 0
        self._last = "\n"
        self._preview = ""

    def add(self, piece: str) -> None:
        """Count the next piece; a word that spans two pieces is one word."""
        if not piece:
            return
        self._newlines += piece.count("\n")
        self._words += len(piece.split())
        if not (self._last.isspace() or piece[0].isspace()):
            self._words -= 1
        self._characters += len(piece)
        self._last = piece[-1]
        if len(self._preview) < PREVIEW_CHARACTERS:
            self._preview += piece[: PREVIEW_CHARACTERS - len(self._preview)]

    def describe(self) -> dict[str, Any]:
        """Give the counts; a last line without a line end is a line too."""
        return {
            "lines": self._newlines + (self._last != "\n"),
            "words": self._words,
            "characters": self._characters,
            "preview": self._preview,
        }
