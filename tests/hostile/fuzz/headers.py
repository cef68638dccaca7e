"""Changes that know a format's structure: a length that lies, a chunk that comes twice, a count that is too large.

A blind change rarely gets past the first checksum or length; these keep them right where that leads deeper.
"""

import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Final

from tests.hostile.fuzz.mutations import Mutation, flip_bits, set_integer
from tests.hostile.fuzz.parts import Part, read, write
from tests.hostile.fuzz.sounds import (
    find_flac_blocks,
    find_mp3_parts,
    find_ogg_pages,
    find_sync_words,
    mend_ogg_checksums,
)

_COUNTS: Final = (0, 1, 2, 3, 0xFF, 0x100, 0x7FFF, 0xFFFF, 0x10000, 0xFFFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
_CONTAINER_BOXES: Final = frozenset(
    (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"dinf", b"edts", b"udta", b"moof", b"traf", b"iprp", b"ipco")
)
_MOST_PARTS: Final = 2000


# --- finding the parts ---
def find_png_chunks(data: bytearray) -> Iterator[Part]:
    """The chunks of a PNG."""
    at = 8
    while at + 12 <= len(data):
        end = at + 12 + read(data, at, 4, "big")
        yield Part(at, at + 8, min(end, len(data)), at, 4, "big")
        at = end


def find_riff_chunks(data: bytearray) -> Iterator[Part]:
    """The chunks of a RIFF file (WebP, AVI), those inside of lists and frames too."""
    yield from _find_riff(data, 12, len(data), depth=0)


def _find_riff(data: bytearray, at: int, end: int, depth: int) -> Iterator[Part]:
    while at + 8 <= end and depth < 8:
        size = read(data, at + 4, 4, "little")
        stop = min(end, at + 8 + size + size % 2)
        yield Part(at, at + 8, stop, at + 4, 4, "little")
        inside = {b"LIST": 12, b"ANMF": 24}.get(bytes(data[at : at + 4]))
        if inside:
            yield from _find_riff(data, at + inside, stop, depth + 1)
        at = max(stop, at + 8)


def find_boxes(data: bytearray) -> Iterator[Part]:
    """The boxes of an ISO media file (MP4, MOV, AVIF, HEIC), those inside of others too."""
    yield from _find_boxes(data, 0, len(data), depth=0)


def _find_boxes(data: bytearray, at: int, end: int, depth: int) -> Iterator[Part]:
    while at + 8 <= end and depth < 12:
        size = read(data, at, 4, "big") or end - at
        stop = min(end, at + max(8, size))
        yield Part(at, at + 8, stop, at, 4, "big")
        kind = bytes(data[at + 4 : at + 8])
        if kind in _CONTAINER_BOXES:
            yield from _find_boxes(data, at + 8, stop, depth + 1)
        elif kind in (b"meta", b"stsd", b"dref"):
            yield from _find_boxes(data, at + (12 if kind == b"meta" else 16), stop, depth + 1)
        at = stop


def find_jpeg_segments(data: bytearray) -> Iterator[Part]:
    """The segments of a JPEG up to its first scan."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        end = at + 2 + read(data, at + 2, 2, "big")
        yield Part(at, at + 4, min(end, len(data)), at + 2, 2, "big")
        if data[at + 1] == 0xDA:
            return
        at = end


def find_elements(data: bytearray) -> Iterator[Part]:
    """The elements of an EBML file (Matroska, WebM): those of its header, segment, tracks, clusters and cues."""
    inside = (0x1A45DFA3, 0x18538067, 0x1549A966, 0x1654AE6B, 0xAE, 0xE0, 0xE1, 0x1F43B675, 0xA0, 0x1C53BB6B, 0xBB)
    at = 0
    while at < len(data) - 2:
        id_bytes = _vint_bytes(data[at])
        size_bytes = _vint_bytes(data[at + id_bytes]) if at + id_bytes < len(data) else 1
        body = at + id_bytes + size_bytes
        size = read(data, at + id_bytes, size_bytes, "big") & ((1 << 7 * size_bytes) - 1)
        yield Part(at, body, min(len(data), body + size), at + id_bytes, size_bytes, "big")
        at = body if read(data, at, id_bytes, "big") in inside else body + size


def _vint_bytes(first: int) -> int:
    return min(8, 9 - first.bit_length()) if first else 8


def find_tiff_entries(data: bytearray) -> Iterator[Part]:
    """The entries of a TIFF's directories."""
    order = "little" if data[:2] == b"II" else "big"
    at, seen = read(data, 4, 4, order), set[int]()
    while 0 < at < len(data) - 6 and at not in seen:
        seen.add(at)
        count = min(read(data, at, 2, order), 200)
        for number in range(count):
            entry = at + 2 + 12 * number
            yield Part(entry, entry + 8, min(len(data), entry + 12), entry + 4, 4, order)
        at = read(data, at + 2 + 12 * count, 4, order)


def find_gif_blocks(data: bytearray) -> Iterator[Part]:
    """The image descriptors and extensions of a GIF."""
    for found in re.finditer(rb"\x2c.{9}|\x21[\xf9\xfe\xff\x01].", bytes(data), re.DOTALL):
        yield Part(found.start(), found.start() + 1, found.end(), found.start() + 5, 2, "little")


FINDERS: Final[dict[str, Callable[[bytearray], Iterator[Part]]]] = {
    "png": find_png_chunks,
    "webp": find_riff_chunks,
    **dict.fromkeys(("avi", "wav"), find_riff_chunks),
    **dict.fromkeys(("mp4", "mov", "m4a", "avif", "heic"), find_boxes),
    **dict.fromkeys(("jpeg", "jpg"), find_jpeg_segments),
    **dict.fromkeys(("mkv", "webm"), find_elements),
    "tiff": find_tiff_entries,
    "gif": find_gif_blocks,
    "flac": find_flac_blocks,
    "ogg": find_ogg_pages,
    "mp3": find_mp3_parts,
    "aac": find_sync_words,
}


# --- changing them ---
def make_structural(ending: str) -> Mutation | None:
    """Give the mutation that knows the format of this ending, or None when none does."""
    find = FINDERS.get(ending)
    if find is None:
        texts = dict.fromkeys(("json", "csv", "txt"), change_text)
        return {"pdf": change_pdf, "svg": change_svg, **texts}.get(ending)
    mend = {"png": _mend_checksums, "ogg": mend_ogg_checksums}.get(ending)

    def change(data: bytearray, chance: Random) -> None:
        parts = [part for part, _ in zip(find(data), range(_MOST_PARTS), strict=False)]
        if parts:
            chance.choice(_CHANGES)(data, chance.choice(parts), chance)
        if mend:
            mend(data)

    return change


def _lie_of_length(data: bytearray, part: Part, chance: Random) -> None:
    true = read(data, part.length_at, part.length_bytes, part.order)
    value = chance.choice((*_COUNTS, true + 1, true - 1, true * 2, true // 2))
    write(data, part.length_at, part.length_bytes, part.order, value)


def _lie_of_content(data: bytearray, part: Part, chance: Random) -> None:
    body = data[part.body : part.end]
    if body:
        chance.choice((flip_bits, set_integer))(body, chance)
        data[part.body : part.end] = body


def _lie_of_count(data: bytearray, part: Part, chance: Random) -> None:
    """Set a whole number at a place where formats have them."""
    places = [at for at in range(part.body, min(part.end, part.body + 32), 2) if at + 4 <= part.end]
    if places:
        write(data, chance.choice(places), chance.choice((2, 4)), part.order, chance.choice(_COUNTS))


def _repeat(data: bytearray, part: Part, chance: Random) -> None:
    times = chance.choice((1, 2, 20, 500))
    data[part.end : part.end] = data[part.start : part.end] * min(times, 1 + 1024**2 // max(1, part.end - part.start))


def _drop(data: bytearray, part: Part, chance: Random) -> None:
    del data[part.start : part.end]


def _rename(data: bytearray, part: Part, chance: Random) -> None:
    for at in range(part.start, min(part.start + 4, len(data))):
        if chance.random() < 0.3:
            data[at] = chance.choice((data[at] ^ 0x20, chance.randrange(256)))


_CHANGES: Final = (
    _lie_of_length,
    _lie_of_content,
    _lie_of_content,
    _lie_of_count,
    _lie_of_count,
    _repeat,
    _drop,
    _rename,
)


def _mend_checksums(data: bytearray) -> None:
    """Make the checksums of a PNG's chunks right again: with a wrong one a reader looks no further."""
    for part in list(find_png_chunks(data))[:_MOST_PARTS]:
        if part.end - part.start >= 12:
            data[part.end - 4 : part.end] = zlib.crc32(data[part.start + 4 : part.end - 4]).to_bytes(4, "big")


def change_pdf(data: bytearray, chance: Random) -> None:
    """Change a number, a name or a reference of a PDF to another one."""
    patterns = (rb"\d+(?= 0 R)", rb"(?<=[ \[])-?\d+(\.\d+)?", rb"/[A-Za-z]+", rb"\d+ 0 R")
    wild = (b"0", b"-1", b"1e9", b"4294967295", b"0.000001", b"null", b"[" * 500, b"<<>>", b"1 0 R", b"3 0 R", b"(x)")
    _change_one(data, chance, patterns, wild)


def change_svg(data: bytearray, chance: Random) -> None:
    """Change a number, a name, a reference or an element of an SVG to another one, or put in what draws itself."""
    patterns = (rb"(?<=[\" ])-?\d+(\.\d+)?", rb"(?<=[< ])[A-Za-z:]+", rb"(?<=#)\w+", rb"<[^>]+/>")
    wild = (
        *(
            b"0",
            b"-1",
            b"1e9",
            b"1e-9",
            b"1e38",
            b"NaN",
            b"99999999999999999999",
            b"100%",
            b"&a;",
            b"url(#f)",
            b"s",
            b"g",
        ),
        *(b"<g>" * 300, b"</g>", b'<use xlink:href="#s"/>' * 50, b'<g id="s"><use xlink:href="#s"/></g>', b"<!--"),
        b'<feGaussianBlur stdDeviation="1e5"/><feTurbulence baseFrequency="9" numOctaves="99"/>',
    )
    _change_one(data, chance, patterns, wild)


def _change_one(data: bytearray, chance: Random, patterns: Sequence[bytes], wild: Sequence[bytes]) -> None:
    """Put in the place of one that a pattern finds another that it finds, or something wild."""
    found = list(re.finditer(chance.choice(patterns), bytes(data[: 1024**2])))
    if not found:
        return
    target, donor = chance.choice(found), chance.choice(found)
    data[target.start() : target.end()] = donor.group() if chance.random() < 0.5 else chance.choice(wild)


def change_text(data: bytearray, chance: Random) -> None:
    """Put in what parsers of text stumble over."""
    at = chance.randrange(len(data) + 1)
    wild = (
        *(
            b"[" * 5000,
            b'{"a":' * 5000,
            b'"',
            b"\\u0000",
            b"\\ud800",
            b"\xff\xfe",
            b"\xef\xbb\xbf",
            b"\xc3\x28",
            b"\x1a",
        ),
        *(b"1e999", b"-", b"NaN", b"9" * 5000, b",,,," * 1000, b";" * 3000, b'"' * 3001, b"\r", b"\n" * 3000),
        *(
            b"\xed\xa0\x80",
            b"\xf4\x90\x80\x80",
            "\u2028\u202e\ufeff".encode(),
            b"%PDF-",
            b"\\" * 999,
            b"/*",
            b"=cmd|' /C'!A0",
        ),
    )
    data[at:at] = chance.choice(wild)
