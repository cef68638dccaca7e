"""Documents that reach out: for files of the host, for other hosts, by macros. Nothing of it may arrive."""

import contextlib
import http.server
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium
import pytest
from PIL import Image

from filemill.processing.errors import InputError
from filemill.processing.media import sniff
from tests.integration.processing.conftest import Work
from tests.integration.processing.office_inputs import make_docx, make_odf, make_odt, make_xlsx

pytestmark = pytest.mark.timeout(180)

SECRET = "canary-of-the-host"


@dataclass
class Canary:
    """A file that any user of this machine can read, and a server that notes who asks."""

    directory: Path
    port: int
    hits: list[str] = field(default_factory=list)

    @property
    def picture(self) -> str:
        return f"file://{self.directory}/picture.png"

    @property
    def text(self) -> str:
        return f"file://{self.directory}/secret.txt"

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"


@pytest.fixture
def canary() -> Iterator[Canary]:
    directory = Path(tempfile.mkdtemp(prefix="canary-"))
    directory.chmod(0o755)
    Image.new("RGB", (64, 64), (200, 30, 30)).save(directory / "picture.png")
    (directory / "secret.txt").write_text(SECRET)
    (directory / "secret.csv").write_text(f"{SECRET},1\n")
    for name in ("docx.png", "odt.png"):
        shutil.copy(directory / "picture.png", directory / name)
    for path in directory.iterdir():
        path.chmod(0o644)
    hits: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(directory))  # type: ignore[arg-type]

        def log_message(self, *_words: object) -> None:
            hits.append(self.path)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Canary(directory, server.server_port, hits)
        server.shutdown()
        thread.join()
    shutil.rmtree(directory)


def make_reaching_docx(path: Path, canary: Canary) -> Path:
    body = "".join(_draw_linked(f"rId{number}", number) for number in (11, 12))
    fields = f'INCLUDETEXT "{canary.directory}/secret.txt"', f'INCLUDEPICTURE "{canary.url("field.png")}" \\d'
    body += "".join(f'<w:p><w:fldSimple w:instr="{_escape(words)}"><w:r/></w:fldSimple></w:p>' for words in fields)
    body += '<w:p><w:r><w:object><w:control r:id="rId13"/></w:object></w:r></w:p><w:subDoc r:id="rId14"/>'
    return make_docx(
        path,
        ["Before."],
        body=body,
        relations=(
            ("rId11", "image", canary.picture, True),
            ("rId12", "image", canary.url("docx.png"), True),
            ("rId13", "oleObject", canary.url("ole.docx"), True),
            ("rId14", "subDocument", canary.text, True),
            ("rId15", "attachedTemplate", canary.url("template.dotx"), True),
        ),
    )


def _escape(words: str) -> str:
    return words.replace("&", "&amp;").replace('"', "&quot;")


def _draw_linked(identity: str, number: int) -> str:
    drawing = "http://schemas.openxmlformats.org/drawingml/2006"
    return (
        f'<w:p><w:r><w:drawing><wp:inline xmlns:wp="{drawing}/wordprocessingDrawing">'
        f'<wp:extent cx="900000" cy="900000"/><wp:docPr id="{number}" name="p{number}"/>'
        f'<a:graphic xmlns:a="{drawing}/main"><a:graphicData '
        f'uri="{drawing}/picture"><pic:pic xmlns:pic="{drawing}/picture"><pic:nvPicPr>'
        f'<pic:cNvPr id="{number}" name="p"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill>'
        f'<a:blip r:link="{identity}"/><a:stretch><a:fillRect/></a:stretch>'
        '</pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="900000" cy="900000"/></a:xfrm>'
        '<a:prstGeom prst="rect"/></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>'
    )


def make_reaching_odt(path: Path, canary: Canary) -> Path:
    pictures = "".join(
        f'<text:p><draw:frame svg:width="3cm" svg:height="3cm"><draw:image xlink:href="{address}" xlink:type="simple" '
        'xlink:show="embed" xlink:actuate="onLoad"/></draw:frame></text:p>'
        for address in (canary.picture, canary.url("odt.png"))
    )
    sections = "".join(
        f'<text:section text:name="s{number}"><text:section-source xlink:href="{address}"/><text:p/></text:section>'
        for number, address in enumerate((canary.text, canary.url("section.odt")))
    )
    dde = (
        '<text:section text:name="dde"><office:dde-source office:dde-application="soffice" '
        f'office:dde-topic="{canary.directory}/secret.txt" office:dde-item="1" office:automatic-update="true"/>'
        "<text:p/></text:section>"
    )
    return make_odt(path, ["Before."], body=pictures + sections + dde)


def make_framing_odt(path: Path, canary: Canary) -> Path:
    body = (
        f'<text:p><draw:frame svg:width="3cm" svg:height="3cm"><draw:object xlink:href="{canary.url("object.odt")}"/>'
        f'</draw:frame><draw:frame svg:width="3cm" svg:height="3cm"><draw:floating-frame xlink:href="{canary.text}"/>'
        "</draw:frame></text:p>"
    )
    return make_odt(path, ["Before."], body=body)


def make_reaching_ods(path: Path, canary: Canary) -> Path:
    formulas = (
        f"of:=WEBSERVICE(&quot;{canary.url('webservice')}&quot;)",
        f"of:='{canary.text.replace('.txt', '.csv')}'#$secret.A1",
        f"of:=DDE(&quot;soffice&quot;;&quot;{canary.directory}/secret.csv&quot;;&quot;A1&quot;)",
    )
    cells = "".join(f'<table:table-cell table:formula="{formula}"/>' for formula in formulas)
    linked = (
        f'<table:table table:name="linked"><table:table-source xlink:href="{canary.url("sheet.ods")}" '
        'table:table-name="x"/></table:table>'
    )
    first = "<table:table-cell><text:p>Before.</text:p></table:table-cell>"
    return make_odf(
        path, "spreadsheet", f"<table:table><table:table-row>{first}{cells}</table:table-row></table:table>{linked}"
    )


def make_reaching_html(path: Path, canary: Canary) -> Path:
    path.write_text(
        f'<html><head><link rel="stylesheet" href="{canary.url("style.css")}"><base href="{canary.url("")}">'
        f'<meta http-equiv="refresh" content="0; url={canary.url("refresh")}"></head>'
        f'<body background="{canary.url("background.png")}"><p>Before.</p><img src="{canary.picture}">'
        f'<img src="{canary.url("html.png")}"><img src="//127.0.0.1:{canary.port}/plain.png">'
        f'<iframe src="{canary.text}"></iframe><object data="{canary.url("object")}"></object>'
        f'<sdfield type="include" src="{canary.text}"></sdfield></body></html>'
    )
    return path


def make_reaching_rtf(path: Path, canary: Canary) -> Path:
    fields = (
        f'INCLUDEPICTURE "{canary.url("rtf.png")}" \\\\d',
        f'INCLUDEPICTURE "{canary.picture}" \\\\d',
        f'INCLUDETEXT "{canary.text}"',
        f'LINK Word.Document "{canary.directory}/secret.txt" "" \\\\a \\\\r',
    )
    shown = "".join(f"{{\\field{{\\*\\fldinst {words}}}{{\\fldrslt }}}}\\par " for words in fields)
    path.write_text(f"{{\\rtf1\\ansi{{\\*\\template {canary.url('template.rtf')}}}Before.\\par {shown}}}")
    return path


MAKERS = {
    "docx": make_reaching_docx,
    "odt": make_reaching_odt,
    "ods": make_reaching_ods,
    "xlsx": lambda path, canary: make_xlsx(path, [["Before."]], formula=f'WEBSERVICE("{canary.url("webservice")}")'),
    "html": make_reaching_html,
    "rtf": make_reaching_rtf,
}


def look(path: Path) -> tuple[str, int]:
    """Return a PDF's text and how many pictures are in it."""
    with pypdfium2.PdfDocument(path) as document:
        text = " ".join(page.get_textpage().get_text_bounded() for page in document)
        return text, sum(1 for page in document for _ in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE]))


@pytest.mark.parametrize("kind", MAKERS)
def test_nothing_that_a_document_reaches_for_arrives(work: Work, tmp_path: Path, canary: Canary, kind: str) -> None:
    done = work(MAKERS[kind](tmp_path / f"reach.{kind}", canary), operation="document.convert")
    text, pictures = look(done.path("reach.pdf"))
    assert "Before." in text, "the document itself is missing"
    assert SECRET not in text
    assert SECRET.encode() not in done.path("reach.pdf").read_bytes()
    assert pictures == 0
    assert canary.hits == []


def test_the_same_document_does_reach_out_without_cage_and_profile(tmp_path: Path, canary: Canary) -> None:
    """The proof that the canaries sing: LibreOffice as it is installed fetches the pictures and shows them."""
    source = make_reaching_docx(tmp_path / "reach.docx", canary)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    environment = {**os.environ, "HOME": str(tmp_path)}
    words = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(source)]
    subprocess.run(words, check=True, capture_output=True, env=environment)
    _, pictures = look(tmp_path / "reach.pdf")
    assert pictures == 2
    assert "/docx.png" in canary.hits


def test_a_document_of_frames_from_elsewhere_shows_none_of_them(work: Work, tmp_path: Path, canary: Canary) -> None:
    """LibreOffice may give up where a frame's content is missing; a refusal is as good as a page without it."""
    with contextlib.suppress(InputError):
        done = work(make_framing_odt(tmp_path / "frames.odt", canary), operation="document.convert")
        assert SECRET not in look(done.path("frames.pdf"))[0]
    assert canary.hits == []


def test_a_macro_that_runs_on_opening_does_not_run(work: Work, tmp_path: Path) -> None:
    module = (
        '<?xml version="1.0"?><!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" '
        '"module.dtd"><script:module xmlns:script="http://openoffice.org/2000/script" script:name="Module1" '
        'script:language="StarBasic">Sub Main\nThisComponent.Text.String = "MACRO-RAN"\nEnd Sub</script:module>'
    )
    library = (
        '<?xml version="1.0"?><library:{}{} xmlns:library="http://openoffice.org/2000/library" '
        'xmlns:xlink="http://www.w3.org/1999/xlink"{}>{}</library:{}{}>'
    )
    more = {
        "Basic/Standard/Module1.xml": module,
        "Basic/Standard/script-lb.xml": library.format(
            "library", "", ' library:name="Standard"', '<library:element library:name="Module1"/>', "library", ""
        ),
        "Basic/script-lc.xml": library.format(
            "librar", "ies", "", '<library:library library:name="Standard" library:link="false"/>', "librar", "ies"
        ),
    }
    macro = (
        '<office:scripts xmlns:script="urn:oasis:names:tc:opendocument:xmlns:script:1.0" '
        'xmlns:ooo="http://openoffice.org/2004/office"><office:event-listeners><script:event-listener '
        'script:language="ooo:script" script:event-name="dom:load" '
        'xlink:href="vnd.sun.star.script:Standard.Module1.Main?language=Basic&amp;location=document" '
        'xlink:type="simple"/></office:event-listeners></office:scripts>'
    )
    source = make_odt(tmp_path / "macro.odt", ["Before."], more=dict(more), before=macro)
    done = work(source, operation="document.convert")
    text, _ = look(done.path("macro.pdf"))
    assert "Before." in text
    assert "MACRO-RAN" not in text
    assert done.result["has_macros"] is True


def test_a_flat_document_is_no_document_that_is_read(tmp_path: Path) -> None:
    flat = b'<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"/>'
    assert sniff(flat, "letter.fodt") is None
    assert sniff(flat, "letter.html") is None
