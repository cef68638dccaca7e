"""Pictures whose headers lie, and small files that are huge pictures."""

import struct
import zlib
from collections.abc import Iterator
from typing import Any, Final

from tests.hostile.hostile import COMPLETED, Hostile, Outcome, Stage, describe, failed

_PIXELS: Final = failed("too_many_pixels")
_CORRUPT: Final = failed("corrupt_file")
_NOT_READ: Final = failed("corrupt_file", "unsupported_format")


def list_files() -> Iterator[Hostile]:
    yield from _list_png()
    yield from _list_gif()
    yield from _list_jpeg()
    yield from _list_webp()
    yield from _list_bmp()
    yield from _list_avif()


def _picture(ending: str, what: str, outcome: Outcome, content: bytes, **more: Any) -> Hostile:
    return describe(ending, what, outcome, content, task_type="image", **more)


# --- PNG ---
def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """Put a PNG together from chunks of kind and body."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def ihdr(width: int, height: int, *, depth: int = 8, colours: int = 2) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0)


def pack_zeros(length: int) -> bytes:
    """Pack so many zeros with zlib, at once: a packed mebibyte is repeated, and their checksum is known."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(bytes(1024**2)) + packer.flush(zlib.Z_FULL_FLUSH)
    whole, rest = divmod(length, 1024**2)
    ending = packer.compress(bytes(rest)) + packer.flush()
    return b"\x78\xda" + block * whole + ending + ((length % 65_521) << 16 | 1).to_bytes(4, "big")


_IEND: Final = (b"IEND", b"")


def _list_png() -> Iterator[Hostile]:
    def bomb(_stage: Stage) -> bytes:
        return png(ihdr(60_000, 60_000, depth=1, colours=0), (b"IDAT", pack_zeros(60_000 * 7501)), _IEND)

    yield Hostile(
        name="png: 437 kB that are 3,600 megapixels",
        file_name="bomb.png",
        task_type="image",
        outcome=_PIXELS,
        content=bomb,
        within_seconds=3.0,  # of which packing it takes most
    )
    small = (b"IDAT", zlib.compress(bytes(7 * 2)))
    yield _picture("png", "sides of 2^31 - 1", _PIXELS | _CORRUPT, png(ihdr(2**31 - 1, 2**31 - 1), small, _IEND))
    yield _picture("png", "sides of 2^32 - 1", _CORRUPT, png(ihdr(2**32 - 1, 2**32 - 1), small, _IEND))
    yield _picture("png", "a line of 99 megapixels without data", _CORRUPT, png(ihdr(99_000_000, 1), _IEND))
    yield _picture("png", "no side at all", _CORRUPT, png(ihdr(0, 0), small, _IEND))
    yield _picture(
        "png",
        "more data than its size tells",
        COMPLETED | _CORRUPT,
        png(ihdr(2, 2), (b"IDAT", pack_zeros(64 * 1024**2)), _IEND),
    )
    yield _picture("png", "less data than its size tells", _CORRUPT, png(ihdr(9000, 9000), small, _IEND))
    text = b"note\0\0" + pack_zeros(200 * 1024**2)
    good = (b"IDAT", zlib.compress((b"\0" + bytes(6)) * 2))
    yield _picture(
        "png", "a comment that unpacks to 200 MiB", COMPLETED | _CORRUPT, png(ihdr(2, 2), (b"zTXt", text), good, _IEND)
    )
    profile = b"icc\0\0" + pack_zeros(200 * 1024**2)
    yield _picture(
        "png",
        "a profile that unpacks to 200 MiB",
        COMPLETED | _CORRUPT,
        png(ihdr(2, 2), (b"iCCP", profile), good, _IEND),
    )
    many = [(b"tEXt", b"k%d\0v" % number) for number in range(50_000)]
    yield _picture("png", "50,000 comments", COMPLETED | _CORRUPT, png(ihdr(2, 2), *many, good, _IEND))
    lying = png(ihdr(2, 2)) + struct.pack(">I", 0xFFFFFFF0) + b"IDAT" + bytes(64)
    yield _picture("png", "a chunk of 4 GiB that is not there", _CORRUPT, lying)
    wrong = bytearray(png(ihdr(2, 2), good, _IEND))
    wrong[29] ^= 0xFF
    yield _picture("png", "a wrong checksum of its header", _CORRUPT, bytes(wrong))
    palette = png(ihdr(8, 8, colours=3), (b"IDAT", zlib.compress(b"\0" + b"\xff" * 8)), _IEND)
    yield _picture("png", "colours of a palette that is missing", _CORRUPT, palette)


# --- GIF ---
def gif(width: int, height: int, *blocks: bytes) -> bytes:
    """Put a GIF together, with a palette of two colours."""
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", width, height, 0x80, 0, 0)
        + bytes((0, 0, 0, 255, 255, 255))
        + b"".join(blocks)
        + b";"
    )


def gif_frame(width: int = 1, height: int = 1, *, left: int = 0, data: bytes = b"\x02\x02\x44\x01\x00") -> bytes:
    return b"," + struct.pack("<HHHHB", left, 0, width, height, 0) + data


def _list_gif() -> Iterator[Hostile]:
    yield _picture(
        "gif", "a screen of 4,294 megapixels around one", COMPLETED | _PIXELS, gif(65_535, 65_535, gif_frame())
    )
    yield _picture("gif", "4,294 megapixels", _PIXELS | _CORRUPT, gif(65_535, 65_535, gif_frame(65_535, 65_535)))
    yield _picture(
        "gif", "a frame larger than its screen", COMPLETED | _CORRUPT | _PIXELS, gif(2, 2, gif_frame(65_535, 65_535))
    )
    yield _picture("gif", "100,000 frames", failed("too_many_frames"), gif(1, 1, *[gif_frame()] * 100_000))
    yield _picture("gif", "1,000 frames of a megapixel", _PIXELS, gif(1000, 1000, *[gif_frame()] * 1000))
    yield _picture("gif", "no frame", _CORRUPT, gif(4, 4))
    yield _picture(
        "gif", "a code size of 255", _CORRUPT | COMPLETED, gif(4, 4, gif_frame(4, 4, data=b"\xff\x02\x44\x01\x00"))
    )
    comment = b"\x21\xfe" + b"\xff" + b"x" * 255
    yield _picture("gif", "a comment without end", _CORRUPT, gif(4, 4, comment * 2000))
    extension = b"\x21\xf9\x04\x00\x00\x00\x00\x00"
    yield _picture(
        "gif",
        "200,000 controls and one frame",
        COMPLETED | _CORRUPT | failed("too_many_frames"),
        gif(4, 4, extension * 200_000, gif_frame()),
    )
    yield _picture(
        "gif", "a frame outside of its screen", COMPLETED | _CORRUPT | _PIXELS, gif(4, 4, gif_frame(1, 1, left=65_000))
    )


# --- JPEG ---
def _list_jpeg() -> Iterator[Hostile]:
    for what, size in (("sides of 65,500", 65_500), ("no height", 0)):
        yield Hostile(
            name=f"jpeg: {what}, in the header alone",
            file_name="hostile.jpg",
            task_type="image",
            outcome=_PIXELS if size else _CORRUPT,
            content=lambda stage, size=size: _set_jpeg_size(stage.seed("jpeg"), size),  # type: ignore[misc]
        )
    yield Hostile(
        name="jpeg: 3,000 scans over 64 megapixels",
        file_name="scans.jpg",
        task_type="image",
        outcome=_CORRUPT | COMPLETED | failed("time_limit", "memory_limit"),
        content=lambda stage: _repeat_scans(_set_jpeg_size(stage.seed("exif.jpeg"), 8000), 3000),
        options={"resize": [64, 64]},
        within_seconds=30.0,
    )
    yield _picture(
        "jpeg", "a hundred thousand markers and nothing else", _CORRUPT, b"\xff\xd8" + b"\xff\xe1\x00\x02" * 100_000
    )
    yield _picture("jpeg", "a segment shorter than its own length", _CORRUPT, b"\xff\xd8\xff\xe0\x00\x00" + bytes(100))
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 0x8769, 4, 1, 8) + struct.pack("<I", 8)
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    yield Hostile(
        name="jpeg: EXIF whose directory names itself as the next",
        file_name="loop.jpg",
        task_type="image",
        outcome=COMPLETED | _CORRUPT,
        content=lambda stage: b"\xff\xd8" + segment + stage.seed("jpeg")[2:],
        options={"strip_metadata": False},
    )


def _set_jpeg_size(data: bytes, side: int) -> bytes:
    spoilt = bytearray(data)
    at = next(at for at in range(len(data)) if data[at] == 0xFF and data[at + 1] in (0xC0, 0xC2))
    spoilt[at + 5 : at + 9] = struct.pack(">HH", side, side)
    return bytes(spoilt)


def _repeat_scans(data: bytes, times: int) -> bytes:
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * times + data[-2:]


# --- WebP ---
def riff(kind: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """Put a RIFF file together."""
    body = kind + b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_frames(stage: Stage, count: int) -> bytes:
    """Put so many frames of one pixel into an animation."""
    picture = b"\x2f\0\0\0\0\x07\x10\x11\xfd\x0fDD\xff\x03"  # VP8L, 1 x 1
    inner = b"VP8L" + struct.pack("<I", len(picture)) + picture
    frame = (b"ANMF", bytes(12) + b"\x0a\0\0\0" + inner)
    canvas = (b"VP8X", b"\x12\0\0\0" + bytes(6))
    return riff(b"WEBP", canvas, (b"ANIM", b"\xff\xff\xff\xff\0\0"), *[frame] * count)


def _list_webp() -> Iterator[Hostile]:
    for count, outcome in ((1_500, COMPLETED), (30_000, failed("too_many_frames"))):
        yield Hostile(
            name=f"webp: {count:,} frames",
            file_name="frames.webp",
            task_type="image",
            outcome=outcome | _CORRUPT if outcome is COMPLETED else outcome,
            content=lambda stage, count=count: webp_frames(stage, count),  # type: ignore[misc]
        )
    side = (2**24 - 1).to_bytes(3, "little")
    lying = riff(
        b"WEBP", (b"VP8X", b"\x10\0\0\0" + side + side), (b"VP8L", b"\x2f\0\0\0\0\x07\x10\x11\xfd\x0fDD\xff\x03")
    )
    yield _picture("webp", "a canvas of 2^48 pixels", _CORRUPT | _PIXELS, lying)
    huge = b"\x2f" + ((16_383) | (16_383 << 14)).to_bytes(4, "little") + b"\x07\x10\x11\xfe\x0f"
    yield _picture("webp", "30 bytes that are 268 megapixels", _PIXELS | _CORRUPT, riff(b"WEBP", (b"VP8L", huge)))
    yield _picture("webp", "a length of 4 GiB", _NOT_READ, b"RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\xff" + bytes(64))
    yield _picture("webp", "nothing inside", _NOT_READ, riff(b"WEBP"))


# --- BMP ---
def bmp(
    width: int, height: int, *, bits: int = 24, packing: int = 0, colours: int = 0, data: bytes = b"", at: int = 54
) -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, packing, len(data), 0, 0, colours, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(data), 0, 0, at) + header + data


def _list_bmp() -> Iterator[Hostile]:
    yield _picture("bmp", "sides of 2^31 - 1", _PIXELS, bmp(2**31 - 1, 2**31 - 1))
    yield _picture("bmp", "a height of -2^31", _PIXELS | _CORRUPT, bmp(4, -(2**31)))
    yield _picture("bmp", "a width of -5", _CORRUPT, bmp(-5, 5, data=bytes(80)))
    yield _picture(
        "bmp",
        "81 megapixels packed into two bytes",
        _CORRUPT | COMPLETED | failed("memory_limit"),
        bmp(9000, 9000, bits=8, packing=1, data=bytes(1024) + b"\0\1", at=1078),
    )
    yield _picture("bmp", "pixels before its start", _CORRUPT, bmp(8, 8, data=bytes(200), at=0xFFFFFFF0))
    yield _picture(
        "bmp", "4 billion colours", _CORRUPT | COMPLETED, bmp(8, 8, bits=8, colours=0xFFFFFFFF, data=bytes(64))
    )
    yield _picture("bmp", "65,535 bits for a pixel", _CORRUPT, bmp(8, 8, bits=65_535, data=bytes(64)))
    yield _picture("bmp", "99 megapixels without data", _CORRUPT, bmp(9900, 9990))


# --- AVIF ---
def _list_avif() -> Iterator[Hostile]:
    def resize(stage: Stage) -> bytes:
        data = bytearray(stage.seed("avif"))
        at = data.index(b"ispe") + 8
        data[at : at + 8] = struct.pack(">II", 2**31 - 1, 2**31 - 1)
        return bytes(data)

    def nest(stage: Stage) -> bytes:
        inner = b""
        for _ in range(5000):
            inner = struct.pack(">I", len(inner) + 12) + b"meta" + bytes(4) + inner
        return stage.seed("avif")[:32] + inner

    def point(stage: Stage) -> bytes:
        data = bytearray(stage.seed("avif"))
        at = data.index(b"iloc")
        data[at + 8 : at + 40] = b"\xff" * 32
        return bytes(data)

    for what, content, outcome in (
        ("sides of 2^31 - 1", resize, _PIXELS | _NOT_READ),
        ("5,000 boxes in one another", nest, _NOT_READ | failed("too_deeply_nested")),
        ("items that lie anywhere", point, _NOT_READ),
    ):
        yield Hostile(
            name=f"avif: {what}", file_name="hostile.avif", task_type="image", outcome=outcome, content=content
        )
