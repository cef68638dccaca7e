"""Sealed: from a text's bytes to its characters: which encoding, and a stream of decoded pieces."""

import codecs
import io
import os
from collections.abc import Iterator
from typing import Final

import charset_normalizer

from filemill.processing.bench import SealedCall, SealedOutput
from filemill.processing.errors import InputError
from filemill.processing.operations.sealed.opening import open_as_file

PIECE_BYTES: Final = 1024 * 1024

_SAMPLE_BYTES: Final = 64 * 1024
_LEGACY_ENCODINGS: Final = [
    *("cp1252", "cp1251", "koi8_r", "cp866", "cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258"),
    *("shift_jis", "euc_jp", "gb18030", "big5", "euc_kr"),
]
_PREFERRED_LEGACY: Final = "cp1252"
_CHAOS_TOLERANCE: Final = 0.02
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# A sealed child can't load a codec any more: those that may come up are loaded now, and no other is ever tried.
for _encoding in (*_LEGACY_ENCODINGS, *(encoding for _, encoding in _BOMS), "utf-16-le", "utf-16-be", "latin-1"):
    codecs.lookup(_encoding)


def detect_encoding(call: SealedCall) -> str:
    """Find the encoding, by a byte order mark, else UTF-8 if all of the file is, else by the letters' frequencies.

    The whole file is read for that: a text in cp1251 may well begin with a thousand lines of ASCII.
    """
    file = open_as_file(call)
    head = file.read(4) or b""
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    while piece := file.read(PIECE_BYTES):
        try:
            decoder.decode(piece)
        except UnicodeDecodeError as error:
            start = max(0, error.start - _SAMPLE_BYTES // 4)
            return _guess_encoding(piece[start : start + _SAMPLE_BYTES])
    return "utf-8"


def _guess_encoding(sample: bytes) -> str:
    matches = charset_normalizer.from_bytes(sample, cp_isolation=_LEGACY_ENCODINGS)
    best = matches.best()
    if best is None:
        return "latin-1"  # decodes anything: odd letters are better than no text
    for match in matches:
        # On a short text Western and Central European letters look equally likely; the West's are far commoner.
        is_close = match.chaos <= best.chaos + _CHAOS_TOLERANCE and match.coherence >= best.coherence
        if match.encoding == _PREFERRED_LEGACY and is_close:
            return _PREFERRED_LEGACY
    return best.encoding


class DecodedText:
    """A text read once from its start, in pieces, in constant memory, with progress by bytes.

    Line ends are `\\n` whatever they were. What is read is also written to `copy`, in UTF-8, when there is one.
    """

    def __init__(self, call: SealedCall, encoding: str, *, copy: SealedOutput | None = None) -> None:
        self.encoding = encoding
        self._call = call
        self._copy = copy

    def pieces(self) -> Iterator[str]:
        """Yield the text in pieces of up to a mebibyte's worth; raises InputError `corrupt_file`."""
        file = open_as_file(self._call)
        newlines = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(self.encoding)(), translate=True)
        done_bytes = 0
        is_last = False
        while not is_last:
            raw = file.read(PIECE_BYTES) or b""
            is_last = not raw
            done_bytes += len(raw)
            piece = self._decode(newlines, raw, done_bytes, is_last=is_last)
            if self._copy is not None:
                _write_all(self._copy.fd, piece.encode("utf-8", errors="replace"))
            if piece:
                yield piece
            self._call.progress(min(1.0, done_bytes / max(1, self._call.source_size)), "Reading")

    def lines(self, *, max_characters: int) -> Iterator[str]:
        """Yield lines with their `\\n`; raises InputError `too_large` for a line longer than `max_characters`."""
        rest = ""
        for piece in self.pieces():
            whole = (rest + piece).split("\n")
            rest = whole.pop()
            for line in whole:
                yield line + "\n"
            if len(rest) > max_characters:
                message = f"A line is longer than {max_characters:,} characters."
                raise InputError(message, code="too_large")
        if rest:
            yield rest

    def _decode(self, newlines: io.IncrementalNewlineDecoder, raw: bytes, done_bytes: int, *, is_last: bool) -> str:
        try:
            return newlines.decode(raw, final=is_last)
        except UnicodeDecodeError as error:
            near = max(0, done_bytes - len(raw) + error.start)
            message = f"The text is damaged: near byte {near:,} it is not {show_encoding(self.encoding)} any more."
            raise InputError(message, code="corrupt_file") from error


def show_encoding(encoding: str) -> str:
    """Name an encoding the way people and browsers do: `utf-8`, `utf-16`, `windows-1251`."""
    if encoding == "utf-8-sig":
        return "utf-8"
    if encoding.startswith("cp125"):
        return f"windows-{encoding.removeprefix('cp')}"
    return encoding.replace("_", "-")


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
