"""Sound without a picture, told by its first bytes: by a signature, or by two frames that follow each other."""

from collections.abc import Callable
from typing import Final, NamedTuple

_ID3_VERSIONS: Final = (2, 3, 4)
_ID3_HEADER_BYTES: Final = 10
_ID3_HAS_FOOTER: Final = 0x10
_OGG_SOUNDS: Final = (b"OpusHead", b"\x01vorbis", b"\x7fFLAC")
_OGG_FILMS: Final = (b"\x80theora", b"BBCD\0", b"\x01video")
_OGG_LOOKED_AT_BYTES: Final = 4096

_RATES: Final = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
"""Sample rates by MPEG's version bits: 1, 2 and 2.5."""
_BIT_RATES: Final = {
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 1): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 1): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Kilobits per second, by whether it is MPEG 1 and by the layer bits: 2 is layer II, 1 is layer III."""


class _Frame(NamedTuple):
    """A frame's kind, which all frames of a file share, and its length in bytes."""

    kind: tuple[int, ...]
    length: int


def sniff_sound(head: bytes) -> str | None:
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return "audio/wav"
    if head[:4] == b"OggS":
        return _sniff_ogg(head[:_OGG_LOOKED_AT_BYTES])
    start = _skip_tags(head)
    if start >= len(head) > 0:
        return "audio/mpeg"  # a tag with a picture in it can be longer than what is seen; before MP3 it is usual
    rest = head[start:]
    if rest[:4] == b"fLaC":
        return "audio/flac"
    if _has_two(rest, _read_adts):
        return "audio/aac"
    return "audio/mpeg" if _has_two(rest, _read_mpeg) else None


def _sniff_ogg(head: bytes) -> str | None:
    if any(mark in head for mark in _OGG_FILMS):
        return None
    return "audio/ogg" if any(mark in head for mark in _OGG_SOUNDS) else None


def _skip_tags(head: bytes) -> int:
    """Return where the sound begins behind its ID3 tags; what only looks like a tag is none."""
    start = 0
    while head[start : start + 3] == b"ID3" and start + _ID3_HEADER_BYTES <= len(head):
        version, revision, flags, *size = head[start + 3 : start + _ID3_HEADER_BYTES]
        if version not in _ID3_VERSIONS or revision == 0xFF or any(byte & 0x80 for byte in size):
            break
        length = size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3]
        start += _ID3_HEADER_BYTES * (2 if flags & _ID3_HAS_FOOTER else 1) + length
        while start < len(head) and head[start] == 0 and length:
            start += 1  # some writers pad after the tag
    return start


def _has_two(head: bytes, read: Callable[[bytes], _Frame | None]) -> bool:
    first = read(head[:10])
    if first is None:
        return False
    second = read(head[first.length : first.length + 10])
    return second is not None and second.kind == first.kind


def _read_mpeg(header: bytes) -> _Frame | None:
    """Read the header of a frame of MPEG audio, layer II or III."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bits, rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version not in _RATES or layer not in (1, 2) or not 0 < bits < 15 or rate == 3:
        return None
    is_first = version == 3
    samples = 1152 if is_first or layer == 2 else 576
    length = samples * _BIT_RATES[is_first, layer][bits - 1] * 125 // _RATES[version][rate] + padding
    return _Frame((version, layer, rate), length)


def _read_adts(header: bytes) -> _Frame | None:
    """Read the header of a frame of AAC in ADTS."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return None
    profile, rate = header[2] >> 6, header[2] >> 2 & 15
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    if rate > 12 or length < 7:
        return None
    return _Frame((profile, rate), length)
