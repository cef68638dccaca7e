"""TIFF: directories in circles, counts without end, strips and tiles that lie elsewhere."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Final

from tests.hostile.corpus.pictures import pack_zeros
from tests.hostile.hostile import COMPLETED, Hostile, Outcome, describe, failed

Entry = tuple[int, int, int, int]
"""Tag, type (3: 16 bits, 4: 32 bits), count, value or offset."""

_CORRUPT: Final = failed("corrupt_file")
_NOT_READ: Final = failed("corrupt_file", "unsupported_format")


def directory(entries: Sequence[Entry], *, following: int = 0) -> bytes:
    """Put a directory together; `following` is where the next one lies."""
    rows = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return struct.pack("<H", len(entries)) + rows + struct.pack("<I", following)


def tiff(*entries: Entry, following: int = 0, data: bytes = b"") -> bytes:
    """Put a TIFF of one directory together; `data` begins where `place_of_data` says."""
    return b"II*\0\x08\0\0\0" + directory(entries, following=following) + data


def place_of_data(entries: int) -> int:
    return 8 + 2 + 12 * entries + 4


def grey(width: int, height: int, *, packing: int = 1, strip: int = 0, length: int = 0) -> tuple[Entry, ...]:
    """Give the entries of a grey picture in one strip."""
    return (
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, packing),
        (262, 3, 1, 1),
        (273, 4, 1, strip or place_of_data(8)),
        (278, 4, 1, height),
        (279, 4, 1, (length or width * height) % 2**32),
    )


def list_files() -> Iterator[Hostile]:
    yield from _list_directories()
    yield from _list_strips()


def _tiff(what: str, outcome: Outcome, content: bytes) -> Hostile:
    return describe("tiff", what, outcome, content, task_type="image")


def _list_directories() -> Iterator[Hostile]:
    good = tiff(*grey(4, 4), data=bytes(16))
    yield _tiff(
        "a directory that names itself as the next",
        COMPLETED | _CORRUPT,
        tiff(*grey(4, 4), following=8, data=bytes(16)),
    )
    second = len(good)
    circle = tiff(*grey(4, 4), following=second, data=bytes(16)) + directory(grey(4, 4), following=8)
    yield _tiff("two directories in a circle", COMPLETED | _CORRUPT, circle)
    loop = tiff(*grey(4, 4)[:7], (279, 4, 1, 16), (330, 4, 1, 8), data=bytes(16))
    yield _tiff("a directory inside of itself", COMPLETED | _CORRUPT, loop)
    size = len(directory(grey(4, 4)))
    chain = b"".join(
        directory(grey(4, 4, strip=8), following=8 + size * (n + 1) if n < 29_999 else 0) for n in range(30_000)
    )
    yield _tiff("30,000 directories", failed("too_many_frames"), b"II*\0\x08\0\0\0" + chain)
    yield _tiff("a directory beyond its end", _NOT_READ, b"II*\0\xff\xff\xff\x7f" + bytes(100))
    yield _tiff(
        "65,535 entries, all the same",
        _NOT_READ | COMPLETED | failed("too_many_frames"),
        b"II*\0\x08\0\0\0\xff\xff" + struct.pack("<HHII", 256, 4, 1, 5) * 65_535 + bytes(4),
    )
    yield _tiff("no entry", _NOT_READ, b"II*\0\x08\0\0\0" + bytes(8))
    big = b"II+\0\x08\0\0\0" + struct.pack("<Q", 16) + struct.pack("<Q", 2**60) + bytes(200)
    yield _tiff("2^60 entries, as BigTIFF", _NOT_READ, big)


def _list_strips() -> Iterator[Hostile]:
    yield _tiff("sides of 2^32 - 1", failed("too_many_pixels") | _NOT_READ, tiff(*grey(2**32 - 1, 2**32 - 1)))
    yield _tiff("99 megapixels without data", _CORRUPT, tiff(*grey(9900, 9990)))
    bomb = pack_zeros(60_000 * 60_000 // 64)
    yield _tiff(
        "3,600 megapixels, packed",
        failed("too_many_pixels"),
        tiff(*grey(60_000, 60_000, packing=8, length=len(bomb)), data=bomb),
    )
    packed = zlib.compress(bytes(16)) + bytes(4)
    yield _tiff("a strip of 4 GiB", _NOT_READ, tiff(*grey(8, 8, packing=8, length=0xFFFFFFF0), data=packed))
    yield _tiff("a strip far beyond its end", _NOT_READ, tiff(*grey(8, 8, strip=0x7FFFFFFF)))
    many = [entry for entry in grey(8, 8) if entry[0] not in (273, 279)]
    yield _tiff("2^31 strips", _NOT_READ, tiff(*many, (273, 4, 2**31, 100), (279, 4, 2**31, 100), data=bytes(200)))
    tiled = [entry for entry in grey(64, 64) if entry[0] not in (273, 278, 279)]
    tiles = [(322, 4, 1, 2**31 - 16), (323, 4, 1, 2**31 - 16), (324, 4, 1, 8), (325, 4, 1, 8)]
    yield _tiff("tiles of 2^62 pixels", _NOT_READ | failed("memory_limit"), tiff(*tiled, *tiles, data=bytes(64)))
    samples = [entry for entry in grey(8, 8) if entry[0] != 258]
    yield _tiff(
        "65,535 samples for a pixel", _NOT_READ, tiff(*samples, (258, 3, 1, 8), (277, 3, 1, 65_535), data=bytes(64))
    )
    for packing, name in (
        (2, "fax"),
        (3, "fax 3"),
        (4, "fax 4"),
        (5, "lzw"),
        (7, "jpeg"),
        (32_773, "packbits"),
        (34_712, "jpeg 2000"),
        (50_000, "zstd"),
        (9, "jbig"),
    ):
        yield _tiff(
            f"noise packed as {name}",
            _NOT_READ | COMPLETED,
            tiff(*grey(64, 64, packing=packing, length=512), data=bytes(range(256)) * 2),
        )
