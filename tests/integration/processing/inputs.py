"""Inputs that are odd, damaged or hostile, made on the spot."""

import struct
import subprocess
import zlib
from pathlib import Path

import imageio_ffmpeg
from PIL import Image, ImageDraw

from tests.integration.processing.conftest import SAMPLES


def make_bomb(path: Path, side: int = 60_000) -> Path:
    """Write a PNG of a few hundred kilobytes that decodes to `side` x `side` pixels."""
    deflate = zlib.compressobj(9)
    rows = b"\0" * (1 + side // 8) * 1000
    data = b"".join(deflate.compress(rows) for _ in range(side // 1000)) + deflate.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", data), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_make_chunk(kind, body) for kind, body in chunks))
    return path


def _make_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def make_animation(path: Path, frames: int = 6) -> Path:
    """Write a GIF in which a red disc moves to the right."""
    pictures = []
    for number in range(frames):
        picture = Image.new("RGB", (160, 120), (255, 255, 255))
        ImageDraw.Draw(picture).ellipse([number * 20, 30, number * 20 + 40, 70], fill=(200, 30, 30))
        pictures.append(picture)
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=80, loop=0)
    return path


def make_film(path: Path, *arguments: str, before: tuple[str, ...] = (), source: Path = SAMPLES / "clip.mp4") -> Path:
    """Make a film from the sample with FFmpeg's `arguments`; `before` stands before the input."""
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    command = [ffmpeg, "-nostdin", "-loglevel", "error", "-y", *before, "-i", str(source), *arguments, str(path)]
    subprocess.run(command, check=True)
    return path


def cut(source: Path, target: Path, fraction: float = 0.5) -> Path:
    """Keep only the first part of a file."""
    data = source.read_bytes()
    target.write_bytes(data[: int(len(data) * fraction)])
    return target


def make_encrypted_pdf(path: Path) -> Path:
    """Write a small PDF that asks for a password before it opens (its keys fit none)."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
        b"<< /Filter /Standard /V 1 /R 2 /Length 40 /P -4 /O <" + b"41" * 32 + b"> /U <" + b"42" * 32 + b"> >>",
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"<< /Size 5 /Root 1 0 R /Encrypt 4 0 R /ID [<" + b"43" * 16 + b"> <" + b"43" * 16 + b">] >>"
    path.write_bytes(
        body
        + b"xref\n0 5\n0000000000 65535 f \n"
        + table
        + b"trailer\n"
        + trailer
        + b"\nstartxref\n%d\n%%%%EOF" % len(body)
    )
    return path
