"""HEIC, the photographs of phones: boxes that lie, tiles without number, and pictures made of each other."""

import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from tests.hostile.corpus.films import box, set_in_box
from tests.hostile.hostile import COMPLETED, Hostile, Outcome, Stage, describe, failed

_PIXELS: Final = failed("too_many_pixels")
_CORRUPT: Final = failed("corrupt_file")
_NOT_READ: Final = failed("corrupt_file", "unsupported_format")
_FTYP: Final = box(b"ftyp", b"heic\0\0\0\0mif1heic")


def list_files() -> Iterator[Hostile]:
    yield from _list_cuts()
    yield from _list_lies()
    yield from _list_boxes()
    yield from _list_derived()


def _photo(what: str, outcome: Outcome, content: Callable[[Stage], bytes], **more: Any) -> Hostile:
    return describe("heic", what, outcome, content, task_type="image", **more)


def _list_cuts() -> Iterator[Hostile]:
    for byte_count in (24, 28, 40, 120, 300, 370, 372, 500, 1640):
        yield _photo(f"{byte_count} bytes of it", _CORRUPT, lambda s, n=byte_count: s.seed("heic")[:n])  # type: ignore[misc]
    for name in ("heic", "alpha.heic"):
        for bit in range(0, 8 * 370, 97):
            yield _photo(
                f"{name} with bit {bit} of its boxes flipped",
                COMPLETED | _NOT_READ | _PIXELS,
                partial(_flip, name, 8 * 28 + bit),
            )


def _flip(name: str, bit: int, stage: Stage) -> bytes:
    data = bytearray(stage.seed(name))
    data[bit // 8] ^= 1 << bit % 8
    return bytes(data)


# --- what headers say ---
def _list_lies() -> Iterator[Hostile]:
    def lie(kind: bytes, offset: int, value: bytes, name: str = "heic") -> Callable[[Stage], bytes]:
        return lambda stage: set_in_box(stage.seed(name), kind, offset, value)

    def sides(width: int, height: int) -> Callable[[Stage], bytes]:
        return lie(b"ispe", 4, struct.pack(">II", width, height))

    ones = b"\xff" * 4
    either = COMPLETED | _NOT_READ
    for what, outcome, content in (
        ("sides of 2^31 - 1", _PIXELS | _NOT_READ, sides(2**31 - 1, 2**31 - 1)),
        ("sides of 2^32 - 1", _PIXELS | _NOT_READ, sides(2**32 - 1, 2**32 - 1)),
        ("sides of 30,000", _PIXELS | _NOT_READ, sides(30_000, 30_000)),
        ("99 megapixels, of which 6,144 are there", either, sides(9900, 9990)),
        ("99 megapixels of one line", either | failed("invalid_options"), sides(99_000_000, 1)),
        ("no side at all", _NOT_READ, sides(0, 0)),
        ("fewer pixels than are there", either, sides(8, 8)),
        ("65,535 items", either, lie(b"iinf", 4, b"\xff\xff")),
        ("65,535 places of items", either, lie(b"iloc", 6, b"\xff\xff")),
        ("offsets of 15 bytes", either, lie(b"iloc", 4, b"\xff\xff")),
        ("a picture that lies at 2^32 - 1", _NOT_READ, lie(b"iloc", 14, ones)),
        ("a picture of 2^32 - 1 bytes", either, lie(b"iloc", 18, ones)),
        ("a picture whose length is 0, up to the end", either, lie(b"iloc", 18, bytes(4))),
        ("a primary picture that is not there", _NOT_READ, lie(b"pitm", 4, b"\x7f\xff")),
        ("2^32 - 1 associations", either, lie(b"ipma", 4, ones)),
        ("properties that are not there", either, lie(b"ipma", 10, b"\x7f\x7f\x7f")),
        ("255 channels", either, lie(b"pixi", 4, b"\xff")),
        ("channels of 255 bits", either, lie(b"pixi", 5, b"\xff\xff\xff")),
        ("parameters of ones", _NOT_READ, lie(b"hvcC", 27, b"\xff" * 60)),
        ("65,535 parameter sets", _NOT_READ | COMPLETED, lie(b"hvcC", 23, b"\xff" * 4)),
        ("a reference to itself", either, lie(b"auxl", 0, b"\0\1\0\1\0\1", "alpha.heic")),
        ("65,535 references", either, lie(b"auxl", 2, b"\xff\xff", "alpha.heic")),
    ):
        yield _photo(what, outcome, content)
    slice_at = 370 + 8 + 4
    yield _photo("a slice of ones", _NOT_READ | COMPLETED, lambda s: _set(s.seed("heic"), slice_at + 2, b"\xff" * 400))
    yield _photo("a slice of zeros", _NOT_READ | COMPLETED, lambda s: _set(s.seed("heic"), slice_at + 2, bytes(1200)))
    yield _photo(
        "a slice that is said to have 4 GiB", _NOT_READ, lambda s: _set(s.seed("heic"), slice_at - 4, b"\xff" * 4)
    )


def _set(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def _list_boxes() -> Iterator[Hostile]:
    for what, size in (("of 7 bytes", 7), ("of 4 GiB", 2**32 - 1), ("up to the end", 0)):
        yield _photo(
            f"a box {what}",
            _NOT_READ | COMPLETED,
            lambda s, n=size: _FTYP + box(b"meta", s.seed("heic")[36:], size=n),  # type: ignore[misc]
        )
    far = struct.pack(">I", 1) + b"meta" + struct.pack(">Q", 2**64 - 64)
    yield _photo("a box that ends beyond all files", _NOT_READ, lambda _: _FTYP + far + bytes(64))

    def nest(kind: bytes, depth: int) -> bytes:
        inner = b""
        for _ in range(depth):
            inner = box(kind, inner)
        return inner

    yield _photo(
        "10,000 boxes in one another",
        _NOT_READ | failed("too_deeply_nested"),
        lambda _: _FTYP + box(b"meta", bytes(4) + nest(b"iprp", 10_000)),
    )
    yield _photo(
        "500,000 empty boxes",
        _NOT_READ | COMPLETED,
        lambda s: _FTYP + box(b"free", b"") * 500_000 + s.seed("heic")[28:],
    )
    yield _photo("brands without end", _NOT_READ, lambda _: box(b"ftyp", b"heic\0\0\0\0" + b"mif1heic" * 1_000_000))
    yield _photo("nothing but its brand", _NOT_READ, lambda _: _FTYP)
    yield _photo("the boxes of an AVIF", _NOT_READ | COMPLETED, lambda s: s.seed("avif").replace(b"avif", b"heic"))


# --- pictures that are made of others ---
Items = dict[int, tuple[bytes, bytes]]
"""Items of a HEIF by their numbers: kind and data. Those of the kind `hvc1` have the seed's size and parameters."""


def heif(items: Items, references: bytes, *, parameters: bytes, side: int = 64) -> bytes:
    """Put a HEIF together whose first item is its picture; items that are no tiles are `side` pixels long and wide."""
    infos = b"".join(
        box(b"infe", b"\2\0\0\0" + struct.pack(">HH", number, 0) + kind + b"\0") for number, (kind, _) in items.items()
    )
    sizes = [box(b"ispe", bytes(4) + struct.pack(">II", *size)) for size in ((side, side), (96, 64))]
    told = b"".join(
        struct.pack(">HBBB", number, 2, 0x83, 2) if kind == b"hvc1" else struct.pack(">HBB", number, 1, 1)
        for number, (kind, _) in items.items()
    )
    properties = box(b"ipco", b"".join(sizes) + parameters) + box(
        b"ipma", bytes(4) + struct.pack(">I", len(items)) + told
    )

    def place(begin: int) -> bytes:
        rows, at = b"", begin
        for number, (_, data) in items.items():
            rows += struct.pack(">HHHII", number, 0, 1, at, len(data))
            at += len(data)
        return box(b"iloc", b"\0\0\0\0\x44\0" + struct.pack(">H", len(items)) + rows)

    def meta(begin: int) -> bytes:
        parts = (
            box(b"hdlr", bytes(8) + b"pict" + bytes(13)),
            box(b"pitm", bytes(4) + struct.pack(">H", min(items))),
            place(begin),
            box(b"iinf", bytes(4) + struct.pack(">H", len(items)) + infos),
            box(b"iprp", properties),
            box(b"iref", bytes(4) + references),
        )
        return box(b"meta", bytes(4) + b"".join(parts))

    begin = len(_FTYP) + len(meta(0)) + 8
    return _FTYP + meta(begin) + box(b"mdat", b"".join(data for _, data in items.values()))


def build(items: Items, references: bytes, side: int, stage: Stage) -> bytes:
    """As `heif`, with the seed's only picture as the data of each tile."""
    seed = stage.seed("heic")
    at, data_at = seed.index(b"hvcC") - 4, seed.index(b"mdat") + 4
    whole = {number: (kind, seed[data_at:] if kind == b"hvc1" else data) for number, (kind, data) in items.items()}
    return heif(whole, references, parameters=seed[at : at + struct.unpack_from(">I", seed, at)[0]], side=side)


def refer(kind: bytes, source: int, *targets: int) -> bytes:
    return box(kind, struct.pack(f">HH{len(targets)}H", source, len(targets), *targets))


def grid(rows: int, columns: int, side: int) -> bytes:
    return bytes((0, 1, rows - 1, columns - 1)) + struct.pack(">II", side, side)


def _overlay(side: int, count: int = 1) -> bytes:
    return b"\0\1" + bytes(8) + struct.pack(">II", side, side) + bytes(8 * count)


_TILE: Final = (b"hvc1", b"")


def _list_derived() -> Iterator[Hostile]:
    outcome = _NOT_READ | _PIXELS
    for what, items, references, side in (
        ("a grid of itself", {1: (b"grid", grid(1, 1, 64))}, refer(b"dimg", 1, 1), 64),
        (
            "two grids of each other",
            {1: (b"grid", grid(1, 1, 64)), 2: (b"grid", grid(1, 1, 64))},
            refer(b"dimg", 1, 2) + refer(b"dimg", 2, 1),
            64,
        ),
        ("a grid of 65,535 tiles", {1: (b"grid", grid(256, 256, 64)), 2: _TILE}, refer(b"dimg", 1, *[2] * 65_535), 64),
        ("a grid of 2^64 pixels", {1: (b"grid", grid(1, 1, 2**32 - 1)), 2: _TILE}, refer(b"dimg", 1, 2), 2**32 - 1),
        ("a grid without tiles", {1: (b"grid", grid(2, 2, 64))}, b"", 64),
        ("a copy of itself", {1: (b"iden", b"")}, refer(b"dimg", 1, 1), 64),
        ("an overlay of itself", {1: (b"iovl", _overlay(64))}, refer(b"dimg", 1, 1), 64),
        ("an item of a kind that nobody knows", {1: (b"zzzz", b"")}, b"", 64),
        ("plain pixels that are not there", {1: (b"unci", bytes(16))}, b"", 9000),
    ):
        yield _photo(what, outcome, partial(build, items, references, side))
    yield from _list_built_of_tiles()
    chain = dict.fromkeys(range(1, 901), (b"iden", b""))
    line = b"".join(refer(b"dimg", n, n + 1) for n in range(1, 900))
    yield _photo("900 copies of copies", outcome, partial(build, chain, line, 64))
    yield _photo("30,000 pictures", outcome, partial(build, dict.fromkeys(range(1, 30_001), _TILE), b"", 64))


def _list_built_of_tiles() -> Iterator[Hostile]:
    """Those that can be read: a few kilobytes of tiles, each shown again and again."""
    either = COMPLETED | _NOT_READ | _PIXELS | failed("time_limit", "memory_limit")
    one = {1: (b"grid", grid(1, 1, 64)), 2: _TILE}
    yield _photo("a tile", COMPLETED, partial(build, one, refer(b"dimg", 1, 2), 64))
    many = {1: (b"grid", grid(31, 31, 1984)), 2: _TILE}
    yield _photo(
        "a tile 961 times", either, partial(build, many, refer(b"dimg", 1, *[2] * 961), 1984), within_seconds=20.0
    )
    few = {1: (b"grid", grid(1, 1, 9900)), 2: _TILE}
    yield _photo("a grid of 98 megapixels with one small tile", either, partial(build, few, refer(b"dimg", 1, 2), 9900))
    huge = {1: (b"grid", grid(1, 1, 30_000)), 2: _TILE}
    yield _photo(
        "a grid of 900 megapixels with one tile",
        _PIXELS | _NOT_READ,
        partial(build, huge, refer(b"dimg", 1, 2), 30_000),
    )
    over = {1: (b"iovl", _overlay(9900)), 2: _TILE}
    yield _photo("a tile on 98 megapixels", either, partial(build, over, refer(b"dimg", 1, 2), 9900))
    levels = {**{n: (b"iovl", _overlay(64, 30)) for n in range(1, 9)}, 9: _TILE}
    links = b"".join(refer(b"dimg", n, *[n + 1] * 30) for n in range(1, 9))
    yield _photo(
        "30 pictures of 30 pictures each, eight deep", either, partial(build, levels, links, 64), within_seconds=150.0
    )
