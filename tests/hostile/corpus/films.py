"""Films: boxes of absurd sizes, tables without end, thousands of streams, and times that can't be."""

import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from tests.hostile.corpus.pictures import riff
from tests.hostile.hostile import COMPLETED, Hostile, Outcome, Stage, describe, failed, refused

_CORRUPT: Final = failed("corrupt_file")
_NO_FILM: Final = failed("corrupt_file", "unsupported_format")
_FTYP: Final = b"\0\0\0\x18ftypisom\0\0\2\0isommp42"


def list_files() -> Iterator[Hostile]:
    yield from _list_boxes()
    yield from _list_tables()
    yield from _list_times()
    yield from _list_others()


def _film(ending: str, what: str, outcome: Outcome, content: Callable[[Stage], bytes], **more: Any) -> Hostile:
    return describe(ending, what, outcome, content, task_type="video", **more)


def box(kind: bytes, body: bytes, *, size: int | None = None) -> bytes:
    """Put a box together; `size` is what it says of itself."""
    return struct.pack(">I", len(body) + 8 if size is None else size) + kind + body


def set_in_box(data: bytes, kind: bytes, offset: int, value: bytes) -> bytes:
    """Write over a part of the first box of this kind; the offset counts from behind its name."""
    at = data.index(kind) + 4 + offset
    return data[:at] + value + data[at + len(value) :]


def _set_in_mp4(kind: bytes, offset: int, stage: Stage) -> bytes:
    return set_in_box(stage.seed("mp4"), kind, offset, b"\xff" * 4)


def _list_boxes() -> Iterator[Hostile]:
    sizes = {
        "of 2^63 bytes": struct.pack(">I", 1) + b"moov" + struct.pack(">Q", 2**63) + bytes(64),
        "of 2^64 - 1 bytes": struct.pack(">I", 1) + b"moov" + struct.pack(">Q", 2**64 - 1) + bytes(64),
        "of 7 bytes": box(b"moov", bytes(64), size=7),
        "of 4 GiB": box(b"moov", bytes(64), size=0xFFFFFFFF),
        "up to the end": box(b"moov", bytes(64), size=0),
    }
    for what, body in sizes.items():
        yield _film("mp4", f"a box {what}", _NO_FILM, lambda _, body=body: _FTYP + body)  # type: ignore[misc]

    def nest(_stage: Stage) -> bytes:
        inner = b""
        for _ in range(20_000):
            inner = box(b"moov", inner)
        return _FTYP + inner

    yield _film("mp4", "20,000 boxes in one another", _NO_FILM | failed("too_deeply_nested"), nest)
    yield _film("mp4", "500,000 empty boxes", _NO_FILM, lambda _: _FTYP + box(b"free", b"") * 500_000)
    yield _film(
        "mp4",
        "500,000 empty boxes before its index",
        COMPLETED | _CORRUPT,
        lambda s: _FTYP + box(b"free", b"") * 500_000 + s.seed("late.mp4"),
    )
    yield _film(
        "mp4",
        "10,000 streams",
        failed("too_many_streams") | _CORRUPT,
        lambda s: _repeat_tracks(s.seed("mp4"), 10_000),
        within_seconds=20.0,
    )
    yield _film("mp4", "100 streams", failed("too_many_streams"), lambda s: _repeat_tracks(s.seed("mp4"), 100))
    yield _film(
        "mp4", "no stream", _NO_FILM, lambda _: _FTYP + box(b"moov", box(b"mvhd", bytes(100))) + box(b"mdat", b"")
    )
    yield _film(
        "mp4",
        "an index that is packed, 4 GiB of it",
        _NO_FILM | failed("memory_limit"),
        lambda _: (
            _FTYP + box(b"moov", box(b"cmov", box(b"dcom", b"zlib") + box(b"cmvd", b"\xff\xff\xff\xff" + bytes(64))))
        ),
    )
    yield _film(
        "mp4",
        "text of 2^31 bytes about itself",
        COMPLETED | _NO_FILM,
        lambda s: _FTYP + box(b"moov", box(b"udta", box(b"\xa9nam", bytes(64), size=0x7FFFFFFF))) + s.seed("mp4"),
    )

    yield _film(
        "mp4",
        "a name of its maker that is no UTF-8",
        COMPLETED,
        lambda s: set_in_box(s.seed("mp4"), b"hdlr", 24, b"\xff\xfe\x80"),
    )
    yield _film(
        "mp4", "a sound of a codec that nobody knows", COMPLETED, lambda s: s.seed("mp4").replace(b"mp4a", b"zzzz")
    )
    yield _film(
        "mp4", "a film of a codec that nobody knows", _NO_FILM, lambda s: s.seed("mp4").replace(b"avc1", b"zzzz")
    )
    yield _film("mp4", "an index of fragments that begins before its start", COMPLETED | _CORRUPT, _set_end)
    yield _film("mp4", "a fragment that lies 256 TiB further on", _CORRUPT, _move_fragment)
    beyond = struct.pack(">I", 1) + b"skip" + struct.pack(">Q", 2**64 - 64)
    yield _film("mp4", "a box that ends beyond all files", _NO_FILM, lambda _: _FTYP + beyond + bytes(64))


def _set_end(stage: Stage) -> bytes:
    return stage.seed("fragmented.mp4")[:-4] + b"\x7f\xff\xff\xff"


def _move_fragment(stage: Stage) -> bytes:
    return set_in_box(stage.seed("fragmented.mp4"), b"tfhd", 8, struct.pack(">Q", 2**48))


def _repeat_tracks(data: bytes, times: int) -> bytes:
    at = data.index(b"moov") - 4
    size = struct.unpack_from(">I", data, at)[0]
    moov = data[at + 8 : at + size]
    first = moov.index(b"trak") - 4
    track = moov[first : first + struct.unpack_from(">I", moov, first)[0]]
    return data[:at] + box(b"moov", moov[:first] + track * times) + data[at + size :]


def _list_tables() -> Iterator[Hostile]:
    outcome = COMPLETED | _NO_FILM | failed("memory_limit")
    tables = {
        "2^32 - 1 samples": (b"stsz", 8),
        "2^32 - 1 times": (b"stts", 4),
        "2^32 - 1 chunks": (b"stco", 4),
        "2^32 - 1 runs of chunks": (b"stsc", 4),
        "2^32 - 1 key frames": (b"stss", 4),
        "2^32 - 1 offsets of times": (b"ctts", 4),
        "2^32 - 1 edits": (b"elst", 4),
        "2^32 - 1 descriptions": (b"stsd", 4),
        "2^32 - 1 places of data": (b"dref", 4),
    }
    for what, (kind, offset) in tables.items():
        yield _film(
            "mp4",
            f"a table that tells of {what}",
            outcome,
            partial(_set_in_mp4, kind, offset),
        )
    yield _film(
        "mp4", "samples of 4 GiB each", outcome, lambda s: set_in_box(s.seed("mp4"), b"stsz", 4, b"\xff\xff\xff\xf0")
    )
    yield _film(
        "mp4",
        "chunks that lie beyond its end",
        outcome,
        lambda s: set_in_box(s.seed("mp4"), b"stco", 8, b"\x7f\xff\xff\xff"),
    )
    yield _film(
        "mp4",
        "one sample that lasts 2^31 times",
        outcome | failed("too_long"),
        lambda s: set_in_box(s.seed("mp4"), b"stts", 8, b"\x7f\xff\xff\xff" * 2),
        within_seconds=20.0,
    )

    def edits(stage: Stage) -> bytes:
        data = stage.seed("mp4")
        at = data.index(b"edts") - 4
        end = at + struct.unpack_from(">I", data, at)[0]
        many = box(
            b"edts", box(b"elst", bytes(4) + struct.pack(">I", 30_000) + struct.pack(">IiI", 100, 0, 0x10000) * 30_000)
        )
        grown = len(many) - (end - at)
        parent, track = data.index(b"moov") - 4, data.index(b"trak") - 4
        spoilt = bytearray(data[:at] + many + data[end:])
        for place in (parent, track):
            struct.pack_into(">I", spoilt, place, struct.unpack_from(">I", data, place)[0] + grown)
        return bytes(spoilt)

    yield _film(
        "mp4",
        "30,000 edits that play it again",
        outcome | failed("too_long"),
        edits,
        options={"format": "mp4", "resize": [32, 32]},
        within_seconds=30.0,
    )


def _list_times() -> Iterator[Hostile]:
    outcome = COMPLETED | _CORRUPT | failed("too_long")
    long = struct.pack(">II", 1, 0x7FFFFFFF)
    yield _film("mp4", "a scale of time of 0", outcome, lambda s: set_in_box(s.seed("mp4"), b"mdhd", 12, bytes(4)))
    yield _film("mp4", "68 years, says its header", outcome, lambda s: set_in_box(s.seed("mp4"), b"mvhd", 12, long))
    yield _film(
        "mp4",
        "68 years, say all of its headers",
        outcome,
        lambda s: set_in_box(set_in_box(s.seed("mp4"), b"mvhd", 12, long), b"mdhd", 12, long),
    )
    yield _film(
        "mp4",
        "a matrix of infinities",
        outcome,
        lambda s: set_in_box(s.seed("mp4"), b"tkhd", 40, b"\x7f\xff\xff\xff" * 9),
    )
    yield _film(
        "mp4",
        "65,535 sides in its description",
        COMPLETED | _CORRUPT | failed("too_many_pixels"),
        lambda s: set_in_box(s.seed("mp4"), b"avc1", 24, b"\xff\xff\xff\xff"),
    )
    yield _film(
        "mp4",
        "a set of parameters of ones",
        COMPLETED | _CORRUPT,
        lambda s: set_in_box(s.seed("mp4"), b"avcC", 8, b"\xff" * 20),
    )
    yield _film(
        "mp4",
        "a picture of 65,535 sides by motion JPEG",
        _CORRUPT | failed("too_many_pixels"),
        lambda s: _widen_jpegs(s.seed("mov")),
    )


def _widen_jpegs(data: bytes) -> bytes:
    parts = data.split(b"\xff\xc0\x00\x11\x08")
    return (b"\xff\xc0\x00\x11\x08").join([parts[0], *(b"\xff\xdc\xff\xdc" + part[4:] for part in parts[1:])])


def element(name: bytes, body: bytes, *, size: bytes | None = None) -> bytes:
    """Put an EBML element together; `size` is what it says of itself, as it is written."""
    return name + ((1 << 56) | len(body)).to_bytes(8, "big") + body if size is None else name + size + body


def _list_others() -> Iterator[Hostile]:
    head = element(b"\x1a\x45\xdf\xa3", element(b"\x42\x82", b"matroska"))
    short_head = b"\x1a\x45\xdf\xa3\x8b\x42\x82\x88matroska"
    yield _film(
        "mkv",
        "a segment of 2^56 bytes",
        _NO_FILM,
        lambda _: short_head + element(b"\x18\x53\x80\x67", b"", size=b"\x01" + b"\xff" * 6 + b"\xfe"),
    )
    yield _film(
        "mkv",
        "a name of its kind of 2^56 bytes",
        refused("unsupported_format") | _NO_FILM,
        lambda _: b"\x1a\x45\xdf\xa3\x8b\x42\x82\x01" + b"\xff" * 7 + bytes(64),
    )

    def nest(_stage: Stage) -> bytes:
        tags = b""
        for _ in range(20_000):
            tags = element(b"\x67\xc8", tags)
        return short_head + element(b"\x18\x53\x80\x67", element(b"\x12\x54\xc3\x67", element(b"\x73\x73", tags)))

    yield _film("mkv", "20,000 tags in one another", _NO_FILM | failed("too_deeply_nested"), nest)
    track = element(b"\xae", element(b"\xd7", b"\1") + element(b"\x83", b"\1") + element(b"\x86", b"V_VP9"))
    yield _film(
        "mkv",
        "10,000 streams",
        failed("too_many_streams") | _NO_FILM,
        lambda _: short_head + element(b"\x18\x53\x80\x67", element(b"\x16\x54\xae\x6b", track * 10_000)),
        within_seconds=20.0,
    )
    yield _film(
        "mkv",
        "200,000 elements that nobody knows",
        _NO_FILM,
        lambda _: short_head + element(b"\x18\x53\x80\x67", element(b"\x7f\xfe", b"") * 200_000),
    )
    yield _film("mkv", "its head alone", _NO_FILM | refused("unsupported_format"), lambda _: head)
    yield _film(
        "avi",
        "chunks of 4 GiB",
        _NO_FILM,
        lambda _: b"RIFF\xff\xff\xff\xffAVI LIST\xff\xff\xff\xffhdrlavih\xff\xff\xff\xff" + bytes(100),
    )
    yield _film("avi", "0 frames a second, 2^32 - 1 frames", COMPLETED | _CORRUPT | failed("too_long"), _stop_avi)
    yield _film("avi", "an index of circles", COMPLETED | _CORRUPT, lambda s: s.seed("avi").replace(b"idx1", b"indx"))
    lists = riff(b"AVI ", *[(b"LIST", b"hdrl" + b"LIST\x04\0\0\0strl")] * 10_000)
    yield _film("avi", "10,000 lists of streams", failed("too_many_streams") | _NO_FILM, lambda _: lists)
    yield _film(
        "avi", "100 streams, of which most are empty", failed("too_many_streams") | _NO_FILM, _repeat_avi_streams
    )


def _stop_avi(stage: Stage) -> bytes:
    data = bytearray(stage.seed("avi"))
    at = data.index(b"strh") + 8
    data[at + 20 : at + 36] = b"\0\0\0\0" + b"\0\0\0\0" + b"\0\0\0\0" + b"\xff\xff\xff\xff"
    return bytes(data)


def _repeat_avi_streams(stage: Stage) -> bytes:
    data = stage.seed("avi")
    at = data.index(b"LIST", data.index(b"hdrl"))
    size = struct.unpack_from("<I", data, at + 4)[0] + 8
    stream = data[at : at + size]
    spoilt = bytearray(data[: at + size] + stream * 100 + data[at + size :])
    header = data.index(b"hdrl") - 4
    struct.pack_into("<I", spoilt, header, struct.unpack_from("<I", data, header)[0] + 100 * size)
    return bytes(spoilt)
