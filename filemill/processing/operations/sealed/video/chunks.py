"""Sealed: the chunks of a WAV or AVI, walked without a decoder: they say how long the file was when it was whole."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError
from filemill.processing.operations.sealed.opening import open_as_file

_HEADER_BYTES: Final = 8
_FORM_BYTES: Final = 12
_MAX_CHUNKS: Final = 10_000
_SLACK_BYTES: Final = 1024
"""Some writers count a header among the samples that stand behind it."""
_OPEN_ENDED: Final = (range(1), range(0x7FFF_0000, 0x8000_0100), range(0xFFFF_0000, 0x1_0000_0000))
"""Who writes into a pipe knows no length, and says 0, or about as much as 31 or 32 bits hold: GStreamer 0x7FFF0000, SoX
0x7FFFF000, arecord 0x80000000, FFmpeg 0xFFFFFFFF; some take the header off, or add it."""
_LONG_LENGTH_AT: Final = 16
_LONG_LENGTH: Final = 0xFFFF_FFFF
_MOST_LONG: Final = 2**63
"""What is as long or longer is no length: it is how a number of 64 bits says that there is none."""


class _Chunk(NamedTuple):
    name: bytes
    start: int
    size: int


def refuse_cut_samples(call: SealedCall) -> None:
    """Find the samples of a WAV: a file that ends before they do was cut.

    FFmpeg takes what there is, and says nothing.
    """
    long_length = 0
    for chunk in _walk(call, _FORM_BYTES):
        if chunk.name == b"ds64":  # in an RF64, whose samples may be more than 32 bits can count
            long_length = _read_number(call, chunk.start + _LONG_LENGTH_AT, 8)
        if chunk.name == b"data":
            is_long = chunk.size == _LONG_LENGTH and 0 < long_length < _MOST_LONG
            _refuse_cut(call, chunk._replace(size=long_length) if is_long else chunk, is_open_ended=not is_long)
            return


def refuse_cut_forms(call: SealedCall) -> None:
    """Walk the outermost chunks of an AVI, each up to a gigabyte or two of the film."""
    for chunk in _walk(call, 0):
        if chunk.name != b"RIFF":
            return
        _refuse_cut(call, chunk)


def _walk(call: SealedCall, start: int) -> Iterator[_Chunk]:
    for _ in range(_MAX_CHUNKS):
        if start + _HEADER_BYTES > call.source_size:
            return
        file = open_as_file(call)
        file.seek(start)
        header = file.read(_HEADER_BYTES) or b""
        chunk = _Chunk(header[:4], start, int.from_bytes(header[4:], "little"))
        yield chunk
        start += _HEADER_BYTES + chunk.size + chunk.size % 2


def _read_number(call: SealedCall, start: int, length: int) -> int:
    file = open_as_file(call)
    file.seek(start)
    return int.from_bytes(file.read(length) or b"", "little")


def _refuse_cut(call: SealedCall, chunk: _Chunk, *, is_open_ended: bool = True) -> None:
    if is_open_ended and any(chunk.size in lengths for lengths in _OPEN_ENDED):
        return
    missing = chunk.start + _HEADER_BYTES + chunk.size - call.source_size
    if missing > _SLACK_BYTES:
        raise InputError(f"The file is cut short: {missing:,} bytes are missing.", code="corrupt_file")
