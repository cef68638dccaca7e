"""Tools at work in a workspace: LibreOffice, Tesseract, and FFmpeg writing many files."""

import base64
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
import pyvips

from filemill.processing.bench import Workspace
from filemill.processing.cage import SliceBench
from tests.integration.cage.conftest import LIMITS, OpenBench

TOOL_LIMITS = replace(
    LIMITS, memory_bytes=1024**3, cpu_seconds=60, wall_seconds=60.0, output_bytes=64 * 1024**2, open_files=256
)
SENTENCE = "The mill turns and grinds the grain"
WORD_NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
WORD_PARTS = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/word/document.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
    ),
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
        'Target="word/document.xml"/></Relationships>'
    ),
    "word/document.xml": (
        f'<w:document xmlns:w="{WORD_NAMESPACE}"><w:body><w:p><w:r><w:t>{SENTENCE}</w:t></w:r></w:p></w:body>'
        "</w:document>"
    ),
}


def write_docx(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in WORD_PARTS.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return path


def write_flat_document(path: Path, body: str) -> Path:
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><office:document '
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" '
        'xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" office:version="1.2" '
        f'office:mimetype="application/vnd.oasis.opendocument.text"><office:body><office:text>{body}</office:text>'
        "</office:body></office:document>"
    )
    return path


def write_picture(path: Path) -> Path:
    picture = pyvips.Image.text(SENTENCE, dpi=200).invert()
    picture.embed(40, 40, picture.width + 80, picture.height + 80, extend="white").write_to_file(str(path))
    return path


@contextmanager
def open_on(open_bench: OpenBench, path: Path, media_type: str) -> Iterator[tuple[SliceBench, Workspace]]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with (
            open_bench(source_fd=descriptor, media_type=media_type, limits=TOOL_LIMITS) as bench,
            bench.open_workspace() as workspace,
        ):
            yield bench, workspace
    finally:
        os.close(descriptor)


def read_pdf(path: Path) -> str:
    document = pypdfium2.PdfDocument(path)
    return "\n".join(page.get_textpage().get_text_bounded() for page in document)


@pytest.mark.parametrize("suffix", ["docx", "txt"])
def test_libreoffice_makes_a_pdf(open_bench: OpenBench, tmp_path: Path, suffix: str) -> None:
    document = tmp_path / f"document.{suffix}"
    if suffix == "docx":
        write_docx(document)
    else:
        document.write_text(SENTENCE)
    with open_on(open_bench, document, "text/plain") as (bench, workspace):
        name = workspace.add(None, f"input.{suffix}")
        ended = bench.run_tool("soffice", [name, "made.pdf", "pdf"], workspace=workspace)
        assert (ended.returncode, ended.stderr_tail) == (0, "")
        assert workspace.names() == [name, "made.pdf"]
        output = workspace.take("made.pdf", output_name="made.pdf", media_type="application/pdf")
    assert SENTENCE in read_pdf(output.path)
    assert bench.usage["exit_code"] == 0


def test_libreoffice_makes_several_formats_of_one_document(open_bench: OpenBench, tmp_path: Path) -> None:
    with open_on(open_bench, write_docx(tmp_path / "a.docx"), "text/plain") as (bench, workspace):
        wishes = ["made.odt", "odt", "", "made.txt", "txt", "Text (encoded):UTF8"]
        ended = bench.run_tool("soffice", [workspace.add(None, "a.docx"), *wishes], workspace=workspace)
        assert (ended.returncode, ended.stderr_tail) == (0, "")
        text = workspace.take("made.txt", output_name="made.txt", media_type="text/plain")
    assert text.path.read_text(encoding="utf-8-sig").strip() == SENTENCE


def test_a_document_that_libreoffice_can_not_load_is_said_to_be_one(open_bench: OpenBench, tmp_path: Path) -> None:
    broken = tmp_path / "broken.docx"
    broken.write_bytes(write_docx(tmp_path / "a.docx").read_bytes()[:200])
    with open_on(open_bench, broken, "text/plain") as (bench, workspace):
        ended = bench.run_tool("soffice", [workspace.add(None, "broken.docx"), "made.pdf", "pdf"], workspace=workspace)
        assert ended.returncode == 3
        assert ended.stderr_tail.strip() != ""
        assert "made.pdf" not in workspace.names()


def test_libreoffice_embeds_nothing_that_lies_outside(open_bench: OpenBench, tmp_path: Path) -> None:
    """A picture that everybody may read is named by the document; one that the document holds itself comes through."""
    held = base64.b64encode(pyvips.Image.black(40, 30).write_to_buffer(".png")).decode()
    outside = Path("/var/tmp", f"filemill-picture-{os.getpid()}.png")
    outside.write_bytes(base64.b64decode(held))
    outside.chmod(0o644)
    named = f'xlink:href="{outside.as_uri()}" xlink:type="simple" xlink:show="embed" xlink:actuate="onLoad"'
    try:
        assert count_pictures(open_bench, tmp_path / "named.fodt", f"<draw:image {named}/>") == 0
    finally:
        outside.unlink()
    data = f"<draw:image><office:binary-data>{held}</office:binary-data></draw:image>"
    assert count_pictures(open_bench, tmp_path / "held.fodt", data) == 1


def count_pictures(open_bench: OpenBench, path: Path, picture: str) -> int:
    """Convert a document that has a picture, and count those that came out."""
    place = 'text:anchor-type="as-char" svg:width="4cm" svg:height="3cm"'
    document = write_flat_document(path, f"<text:p>before<draw:frame {place}>{picture}</draw:frame>after</text:p>")
    with open_on(open_bench, document, "text/plain") as (bench, workspace):
        name = workspace.add(None, path.name)
        ended = bench.run_tool("soffice", [name, "made.pdf", "pdf"], workspace=workspace)
        assert ended.returncode == 0, ended.stderr_tail
        made = workspace.take("made.pdf", output_name=f"{path.stem}.pdf", media_type="application/pdf")
    page = pypdfium2.PdfDocument(made.path)[0]
    assert "before" in page.get_textpage().get_text_bounded()
    return sum(thing.type == pypdfium2.raw.FPDF_PAGEOBJ_IMAGE for thing in page.get_objects())


def test_tesseract_reads_a_picture(open_bench: OpenBench, tmp_path: Path) -> None:
    with open_on(open_bench, write_picture(tmp_path / "page.png"), "image/png") as (bench, workspace):
        name = workspace.add(None, "page.png")
        ended = bench.run_tool("tesseract", [name, "read", "-l", "eng+rus+uzb", "txt"], workspace=workspace)
        assert ended.returncode == 0, ended.stderr_tail
        output = workspace.take("read.txt", output_name="read.txt", media_type="text/plain")
    assert output.path.read_text().strip() == SENTENCE


def test_ffmpeg_writes_the_segments_of_a_film(open_bench: OpenBench, tmp_path: Path) -> None:
    lines: list[str] = []
    with open_on(open_bench, write_picture(tmp_path / "unused.png"), "image/png") as (bench, workspace):
        arguments = [
            *(
                "-nostdin",
                "-v",
                "error",
                "-progress",
                "pipe:4",
                "-f",
                "lavfi",
                "-i",
                "testsrc2=size=320x180:duration=4",
            ),
            *("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-f", "hls", "-hls_time", "1"),
            *("-hls_list_size", "0", "-hls_segment_filename", "part-%03d.ts", "list.m3u8"),
        ]
        ended = bench.run_tool("ffmpeg", arguments, workspace=workspace, on_line=lines.append)
        assert (ended.returncode, ended.stderr_tail) == (0, "")
        assert workspace.names() == ["list.m3u8", *(f"part-{number:03}.ts" for number in range(4))]
        for name in workspace.names():
            media_type = "application/vnd.apple.mpegurl" if name.endswith(".m3u8") else "video/mp2t"
            workspace.take(name, output_name=name, media_type=media_type)
    assert bench.outputs[0].name == "list.m3u8"
    assert all(output.path.stat().st_size > 0 for output in bench.outputs)
    assert "progress=end" in lines
