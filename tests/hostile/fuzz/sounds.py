"""Changes that know how sound is laid out: blocks of FLAC, pages of Ogg, frames and tags of MP3 and AAC."""

import re
from collections.abc import Iterator

from tests.hostile.corpus.sounds import ogg_checksum
from tests.hostile.fuzz.parts import Part, read, write

_MOST_PAGES = 500
_ID3_HEADER_BYTES = 10


def find_flac_blocks(data: bytearray) -> Iterator[Part]:
    """The metadata blocks of a FLAC, and the beginnings of its frames."""
    at, is_last = 4, False
    while at + 4 <= len(data) and not is_last:
        is_last = bool(data[at] & 0x80)
        end = at + 4 + read(data, at + 1, 3, "big")
        yield Part(at, at + 4, min(end, len(data)), at + 1, 3, "big")
        at = end
    for found in re.finditer(rb"\xff[\xf8\xf9].{14}", bytes(data[at:]), re.DOTALL):
        yield Part(at + found.start(), at + found.start() + 2, at + found.end(), at + found.start() + 2, 2, "big")


def find_ogg_pages(data: bytearray) -> Iterator[Part]:
    """The pages of an Ogg: as their length counts the number of their segments."""
    for at in _find_pages(data):
        segments = data[at + 26]
        body = min(len(data), at + 27 + segments)
        yield Part(at, body, min(len(data), body + sum(data[at + 27 : body])), at + 26, 1, "little")


def mend_ogg_checksums(data: bytearray) -> None:
    """Make the checksums of the pages right again: a page with a wrong one is not looked at."""
    starts = list(_find_pages(data))
    for at, end in zip(starts, [*starts[1:], len(data)], strict=True):
        data[at + 22 : at + 26] = bytes(4)
        write(data, at + 22, 4, "little", ogg_checksum(bytes(data[at:end])))


def _find_pages(data: bytearray) -> Iterator[int]:
    found = re.finditer(b"OggS", bytes(data))
    starts = (match.start() for match, _ in zip(found, range(_MOST_PAGES), strict=False))
    return (at for at in starts if at + 27 <= len(data))


def find_mp3_parts(data: bytearray) -> Iterator[Part]:
    """The frames of an ID3 tag, and the headers of the frames of sound."""
    at = 0
    if data[:3] == b"ID3" and len(data) >= _ID3_HEADER_BYTES:
        size = [byte & 0x7F for byte in data[6:_ID3_HEADER_BYTES]]
        end = _ID3_HEADER_BYTES + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3])
        yield Part(0, _ID3_HEADER_BYTES, min(end, len(data)), 6, 4, "big")
        at = _ID3_HEADER_BYTES
        while at + 10 <= min(end, len(data)):
            stop = at + 10 + read(data, at + 4, 4, "big")
            yield Part(at, at + 10, min(stop, len(data)), at + 4, 4, "big")
            at = stop
        at = end
    yield from find_sync_words(data, at)


def find_sync_words(data: bytearray, begin: int = 0) -> Iterator[Part]:
    """The headers of the frames of MPEG audio or of AAC."""
    for found in re.finditer(rb"\xff[\xe0-\xff].{8}", bytes(data[begin:]), re.DOTALL):
        at = begin + found.start()
        yield Part(at, at + 2, at + 10, at + 2, 2, "big")
