"""Small good files of every format that is accepted: what the corpus spoils and the mutations begin with."""

import io
import json
import subprocess
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import imageio_ffmpeg
import pillow_heif
from PIL import Image, ImageDraw

from filemill.processing.operations import DEFAULTS
from tests.hostile.hostile import TaskType

SAMPLES: Final = Path(__file__).parents[2] / "samples"

_DOCUMENT_ENDINGS: Final = ("pdf", "txt", "csv", "json", "docx", "xlsx", "odt", "rtf", "html", "md")
_SIZE: Final = (96, 64)
_FILMS: Final = {
    "mp4": ("-c:v", "libx264", "-c:a", "aac", "-movflags", "+faststart"),
    "late.mp4": ("-c:v", "libx264", "-c:a", "aac"),
    "fragmented.mp4": ("-c:v", "libx264", "-an", "-movflags", "+frag_keyframe+empty_moov"),
    "hevc.mp4": ("-c:v", "libx265", "-x265-params", "log-level=error:pools=1", "-an"),
    "mov": ("-c:v", "mjpeg", "-c:a", "pcm_s16le"),
    "avi": ("-c:v", "mpeg4", "-c:a", "mp3"),
    "mkv": ("-c:v", "libx264", "-c:a", "flac"),
    "webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"),
}
_SOUNDS: Final = {
    "mp3": ("-c:a", "libmp3lame", "-b:a", "64k"),
    "tagged.mp3": ("-c:a", "libmp3lame", "-q:a", "5", "-metadata", "title=The mill", "-metadata", "artist=Miller"),
    "aac": ("-c:a", "aac", "-b:a", "64k"),
    "m4a": ("-c:a", "aac", "-b:a", "64k", "-metadata", "title=The mill"),
    "ogg": ("-c:a", "libopus", "-b:a", "48k", "-metadata", "title=The mill"),
    "vorbis.ogg": ("-c:a", "libvorbis", "-q:a", "2"),
    "flac": ("-c:a", "flac", "-metadata", "title=The mill"),
    "wav": ("-c:a", "pcm_s16le"),
}


def _draw(step: int = 0, mode: str = "RGB") -> Image.Image:
    picture = Image.linear_gradient("L").resize(_SIZE).convert("RGB")
    pen = ImageDraw.Draw(picture)
    pen.ellipse([10 + 6 * step, 8, 40 + 6 * step, 50], fill=(200, 40, 30 + 20 * step))
    pen.line([0, 63, 95, 0], fill=(20, 30, 200), width=3)
    return picture.convert(mode)


def _save(picture: Image.Image, name: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, name, **options)
    return stream.getvalue()


def _animate(name: str) -> bytes:
    first, *rest = (_draw(step) for step in range(6))
    return _save(first, name, save_all=True, append_images=rest, duration=80, loop=0)


def _stack_tiff() -> bytes:
    first, *rest = (_draw(step) for step in range(3))
    return _save(first, "tiff", save_all=True, append_images=rest, compression="tiff_lzw")


def _with_exif() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a mill"
    return _save(_draw(), "jpeg", quality=80, exif=exif, progressive=True)


def _make_heic(mode: str = "RGB") -> bytes:
    stream = io.BytesIO()
    pillow_heif.from_pillow(_draw(mode=mode)).save(stream, quality=70)
    return stream.getvalue()


SVG_HEAD: Final = (
    b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="96" height="64">'
)


def _make_svg() -> bytes:
    return (
        b'<?xml version="1.0"?>' + SVG_HEAD + b"<title>A mill</title>"
        b'<defs><linearGradient id="g"><stop offset="0" stop-color="#fed"/><stop offset="1" stop-color="#247"/>'
        b'</linearGradient><filter id="f"><feGaussianBlur stdDeviation="2"/></filter>'
        b'<clipPath id="c"><circle cx="48" cy="32" r="30"/></clipPath><g id="s"><path d="M48 32 L90 28 L90 36 Z"/></g>'
        b'</defs><rect width="96" height="64" fill="url(#g)"/><g clip-path="url(#c)" filter="url(#f)">'
        b'<use xlink:href="#s"/><use xlink:href="#s" transform="rotate(90 48 32)"/></g>'
        b'<text x="4" y="60" font-size="9">The mill turns</text></svg>\n'
    )


def _make_sound(name: str) -> bytes:
    return sound(*_SOUNDS[name], ending=ending_of(name))


def sound(*arguments: str, ending: str, source: str = "sine=frequency=330:duration=1.5:sample_rate=24000") -> bytes:
    """Make a short sound with FFmpeg; the same arguments give the same bytes."""
    return _run_ffmpeg(["-i", source], arguments, ending=ending)


def _make_film(name: str) -> bytes:
    return film(*_FILMS[name], ending=ending_of(name))


def film(*arguments: str, ending: str, source: str = "testsrc2=size=96x64:rate=10:duration=1.5") -> bytes:
    """Make a short film with FFmpeg; the same arguments give the same bytes."""
    beside = ["-f", "lavfi", "-i", "sine=frequency=330:duration=1.5:sample_rate=22050"] if "-c:a" in arguments else []
    pixels = () if "-pix_fmt" in arguments else ("-pix_fmt", "yuv420p")
    return _run_ffmpeg(["-i", source, *beside], [*pixels, *arguments], ending=ending)


def _run_ffmpeg(inputs: Sequence[str], arguments: Sequence[str], *, ending: str) -> bytes:
    pace = ("-threads", "1", "-fflags", "+bitexact", "-flags", "+bitexact")
    with tempfile.TemporaryDirectory(prefix="filemill-seed-") as directory:
        path = Path(directory) / f"made.{ending}"
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-f", "lavfi", *inputs, *pace]
        subprocess.run([*command, *arguments, str(path)], check=True, capture_output=True)
        return path.read_bytes()


def _make_pdf() -> bytes:
    fonts = b"/Resources << /Font << /F 5 0 R >> >>"
    return pdf(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Kids [3 0 R 6 0 R] /Count 2 >>",
            3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 120] /Contents 4 0 R %s >>" % fonts,
            4: stream(b"BT /F 18 Tf 20 60 Td (The mill turns) Tj ET 10 10 m 190 10 l S"),
            5: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            6: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 120 200] /Contents 7 0 R %s >>" % fonts,
            7: stream(zlib.compress(b"BT /F 12 Tf 20 60 Td (and turns) Tj ET 0 0 50 50 re f"), b"/Filter /FlateDecode"),
        }
    )


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """Give a stream object of a PDF."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), entries, data)


def pdf(objects: Mapping[int, bytes], *, trailer: bytes = b"", head: bytes = b"%PDF-1.7\n") -> bytes:
    """Put a PDF together; object 1 is its catalogue."""
    parts, offsets, at = [head], {}, len(head)
    for number, content in objects.items():
        offsets[number] = at
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, content))
        at += len(parts[-1])
    size = max(objects) + 1
    rows = [
        b"%010d %05d %c \n" % (offsets.get(n, 0), 0 if n in offsets else 65535, b"n" if n in offsets else b"f")
        for n in range(size)
    ]
    ending = b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, at)
    return b"".join([*parts, b"xref\n0 %d\n" % size, *rows, ending])


DOCX: Final[Mapping[str, bytes]] = {
    "[Content_Types].xml": b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    b'content-types"><Default Extension="xml" ContentType="application/vnd.openxmlformats-officedocument.'
    b'wordprocessingml.document.main+xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-'
    b'package.relationships+xml"/></Types>',
    "_rels/.rels": b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    b'relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    b'relationships/officeDocument" Target="word/document.xml"/></Relationships>',
    "word/document.xml": b'<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/'
    b'wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>The mill turns</w:t></w:r></w:p></w:body></w:document>',
    "docProps/app.xml": b"<Properties><Pages>1</Pages></Properties>",
}
"""The parts of a letter of three words."""
_WORKBOOK: Final[Mapping[str, bytes]] = {
    **{
        name: content.replace(b"wordprocessingml.document", b"spreadsheetml.sheet").replace(
            b"word/document", b"xl/workbook"
        )
        for name, content in DOCX.items()
        if not name.startswith("word/")
    },
    "xl/workbook.xml": b'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://'
    b'schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="rId1"/>'
    b"</sheets></workbook>",
}
_TEXT_DOCUMENT: Final[Mapping[str, bytes]] = {
    "mimetype": b"application/vnd.oasis.opendocument.text",
    "content.xml": b'<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    b'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:text><text:p>The mill</text:p>'
    b"</office:text></office:body></office:document-content>",
    "META-INF/manifest.xml": b'<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    b'<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.text"/>'
    b"</manifest:manifest>",
}


def office(parts: Mapping[str, bytes]) -> bytes:
    """Put an office document together."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in parts.items():
            is_packed = name != "mimetype"
            member = zipfile.ZipInfo(name, date_time=(2026, 1, 1, 0, 0, 0))
            archive.writestr(member, content, zipfile.ZIP_DEFLATED if is_packed else zipfile.ZIP_STORED)
    return stream.getvalue()


def _make_csv() -> bytes:
    return b"name;amount;note\n" + b"".join(b'row %d;%d,50;"a ; in quotes"\n' % (n, n) for n in range(80))


def _make_json() -> bytes:
    return json.dumps(
        {"name": "mill", "stones": [{"id": n, "weight": n * 1.5, "tags": ["a", "b"]} for n in range(40)]}
    ).encode()


_MAKERS: Final[Mapping[str, Callable[[], bytes]]] = {
    "png": lambda: _save(_draw(mode="RGBA"), "png"),
    "palette.png": lambda: _save(_draw().quantize(16), "png"),
    "jpeg": lambda: _save(_draw(), "jpeg", quality=80),
    "exif.jpeg": _with_exif,
    "cmyk.jpeg": lambda: _save(_draw(mode="CMYK"), "jpeg", quality=80),
    "gif": lambda: _save(_draw().quantize(32), "gif"),
    "animated.gif": lambda: _animate("gif"),
    "webp": lambda: _save(_draw(), "webp", quality=70),
    "lossless.webp": lambda: _save(_draw(mode="RGBA"), "webp", lossless=True),
    "animated.webp": lambda: _animate("webp"),
    "bmp": lambda: _save(_draw(), "bmp"),
    "palette.bmp": lambda: _save(_draw().quantize(16), "bmp"),
    "tiff": _stack_tiff,
    "deflate.tiff": lambda: _save(_draw(), "tiff", compression="tiff_adobe_deflate"),
    "jpeg.tiff": lambda: _save(_draw(), "tiff", compression="jpeg"),
    "avif": lambda: _save(_draw(), "avif", speed=10),
    "heic": _make_heic,
    "alpha.heic": lambda: _make_heic("RGBA"),
    "svg": _make_svg,
    **{name: partial(_make_film, name) for name in _FILMS},
    **{name: partial(_make_sound, name) for name in _SOUNDS},
    "pdf": _make_pdf,
    "txt": lambda: "The mill turns, über Nacht.\n".encode() * 40,
    "cp1251.txt": lambda: "Мельница крутится всю ночь и весь день.\n".encode("cp1251") * 20,
    "utf16.txt": lambda: "The mill turns\n".encode("utf-16") * 20,
    "csv": _make_csv,
    "json": _make_json,
    "docx": lambda: office(DOCX),
    "xlsx": lambda: office(_WORKBOOK),
    "odt": lambda: office(_TEXT_DOCUMENT),
    "rtf": lambda: b"{\\rtf1\\ansi{\\b The mill} turns\\par}",
    "html": lambda: (
        b"<!DOCTYPE html><html><head><title>Mill</title></head><body><p>The <b>mill</b> turns</p></body></html>"
    ),
    "md": lambda: b"# The mill\n\n- turns\n- *and* turns\n\n| a | b |\n| - | - |\n| 1 | 2 |\n",
}

NAMES: Final = tuple(_MAKERS)


@cache
def seed(name: str) -> bytes:
    """Give a good file by its name, which ends as a file's name does."""
    return _MAKERS[name]()


def ending_of(name: str) -> str:
    """Give the file name ending of a seed."""
    return name.rpartition(".")[2]


def task_type_of(name: str) -> TaskType:
    """Tell which task type a seed is for."""
    if name in _FILMS or name in _SOUNDS:
        return "video"
    return "document" if ending_of(name) in _DOCUMENT_ENDINGS else "image"


def operation_of(name: str) -> str:
    """Tell what a seed is worked on by: what its task type does; that takes no sound, so sound is encoded."""
    return "audio.encode" if name in _SOUNDS else DEFAULTS[task_type_of(name)]
