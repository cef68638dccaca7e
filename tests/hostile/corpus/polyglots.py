"""Files that are two things at once, or other than their name says: what counts is what the first bytes are."""

import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Final

from tests.hostile.corpus.pictures import gif, gif_frame, ihdr, png
from tests.hostile.hostile import COMPLETED, Hostile, Outcome, Stage, TaskType, failed, refused
from tests.hostile.seeds import pdf

_SCRIPT: Final = b"<html><script>alert(document.cookie)</script></html>"
_OTHER: Final = refused("type_mismatch", "unsupported_format")


def list_files() -> Iterator[Hostile]:
    gif_and_script = gif(4, 4, gif_frame(4, 4))
    gif_and_script = b"GIF89a/*" + gif_and_script[8:] + b"*/=1;alert(1)"
    both: dict[str, tuple[str, TaskType, Outcome, Callable[[Stage], bytes]]] = {
        "a GIF that is a script": (
            "both.gif",
            "image",
            COMPLETED | failed("corrupt_file", "too_many_pixels"),
            lambda _: gif_and_script,
        ),
        "a PDF that is a ZIP": ("both.pdf", "document", COMPLETED, lambda s: s.seed("pdf") + _make_zip()),
        "a ZIP that is a PDF": ("both.zip", "document", COMPLETED | _OTHER, lambda s: _make_zip() + s.seed("pdf")),
        "HTML in a PNG's comment": ("page.png", "image", COMPLETED, _put_html_into_png),
        "HTML behind a JPEG": ("page.jpg", "image", COMPLETED, lambda s: s.seed("jpeg") + _SCRIPT),
        "a JPEG that is a PDF": (
            "both.jpg",
            "image",
            COMPLETED,
            lambda s: (
                s.seed("jpeg")[:2]
                + b"\xff\xfe"
                + (len(s.seed("pdf")) + 2).to_bytes(2, "big")
                + s.seed("pdf")
                + s.seed("jpeg")[2:]
            ),
        ),
        "an MP4 behind a JPEG": ("both.mp4", "video", _OTHER, lambda s: s.seed("jpeg") + s.seed("mp4")),
        "a PDF behind an MP4's signature": (
            "both.pdf",
            "document",
            _OTHER,
            lambda s: b"\0\0\0\x18ftypisom\0\0\2\0isommp42" + s.seed("pdf"),
        ),
        "a GIF that is a program archive": (
            "both.gif",
            "image",
            COMPLETED | failed("corrupt_file"),
            lambda s: s.seed("gif") + _make_zip(),
        ),
        "a WebP with a script for a size": (
            "both.webp",
            "image",
            COMPLETED | failed("corrupt_file"),
            lambda s: b"RIFF/**/" + s.seed("webp")[8:],
        ),
        "a PDF of pages that are HTML": (
            "page.pdf",
            "document",
            COMPLETED | failed("corrupt_file"),
            lambda _: (
                pdf({1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [] /Count 0 >>"}) + _SCRIPT
            ),
        ),
    }
    for what, (file_name, task_type, outcome, content) in both.items():
        yield _file(what, file_name, task_type, outcome, content)
    yield from _list_masks()


def _file(
    what: str, file_name: str, task_type: TaskType, outcome: Outcome, content: Callable[[Stage], bytes]
) -> Hostile:
    return Hostile(
        name=f"polyglots: {what}", file_name=file_name, task_type=task_type, outcome=outcome, content=content
    )


def _make_zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo("../../escape.txt"), "escaped")
        archive.writestr(zipfile.ZipInfo("index.html"), _SCRIPT)
    return stream.getvalue()


def _put_html_into_png(stage: Stage) -> bytes:
    good = stage.seed("png")
    comment = png(ihdr(1, 1), (b"tEXt", b"Comment\0" + _SCRIPT))[8 + 25 :]
    return good[: 8 + 25] + comment + good[8 + 25 :]


def _list_masks() -> Iterator[Hostile]:
    """Files under the name of another kind: refused, or taken for what they are."""
    masks: dict[str, tuple[str, TaskType, bytes]] = {
        "a program as a picture": ("program.jpg", "image", b"MZ" + bytes(200)),
        "an ELF program as a film": ("program.mp4", "video", b"\x7fELF\2\1\1" + bytes(200)),
        "a script as a picture": ("script.png", "image", b"#!/bin/sh\nrm -rf /\n"),
        "PHP as a picture": ("shell.gif", "image", b"<?php system($_GET['c']); ?>"),
        "PostScript as a PDF": ("program.pdf", "document", b"%!PS-Adobe-3.0\n(%pipe%id) (r) file\n"),
        "an archive as a picture": ("archive.png", "image", _make_zip()),
        "a picture of ImageMagick's own language": (
            "push.mvg",
            "image",
            b"push graphic-context\nviewbox 0 0 9 9\nfill 'url(https://x\"|id\")'\n",
        ),
        "a FITS picture": ("sky.jpg", "image", b"SIMPLE  =                    T" + b" " * 2800),
        "a picture of Windows": ("icon.png", "image", b"\0\0\1\0\xff\xff" + bytes(64)),
        "a Photoshop picture": ("layers.png", "image", b"8BPS\0\1" + bytes(64)),
        "a JPEG 2000": ("picture.jpg", "image", b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(64)),
        "a film of Flash": ("film.mp4", "video", b"FLV\1\5\0\0\0\x09" + bytes(64)),
        "a film of RealMedia": ("film.mkv", "video", b".RMF\0\0\0\x12" + bytes(64)),
        "an unknown kind of Matroska": ("film.mkv", "video", b"\x1a\x45\xdf\xa3\x84\x42\x82\x81x" + bytes(64)),
        "a picture for a film": ("film.mp4", "video", b"\x89PNG\r\n\x1a\n" + bytes(64)),
        "a PDF for a picture": ("picture.png", "image", b"%PDF-1.7\n"),
    }
    for what, (file_name, task_type, content) in masks.items():
        yield _file(what, file_name, task_type, _OTHER, lambda _, content=content: content)  # type: ignore[misc]
