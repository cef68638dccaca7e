"""Conversion by LibreOffice, through the real cage; PDFium, poppler and the formats' own readers look at what came."""

import csv
import io
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from filemill.processing.errors import InputError, OptionsError
from filemill.processing.input_limits import InputLimits
from tests.integration.processing.conftest import SAMPLES, Finished, Work
from tests.integration.processing.inputs import cut
from tests.integration.processing.office_inputs import make_docx, make_odf, make_odt, make_xlsx

pytestmark = pytest.mark.timeout(120)

WORDS = "Dear miller, the мельница and the тегирмон are well."
SLIDE = (
    '<draw:page draw:name="p1"><draw:frame svg:width="20cm" svg:height="5cm" svg:x="1cm" svg:y="1cm"><draw:text-box>'
    f"<text:p>{WORDS}</text:p></draw:text-box></draw:frame></draw:page>"
)
CELLS = (
    "<table:table><table:table-row><table:table-cell><text:p>{}</text:p></table:table-cell></table:table-row>"
    "</table:table>"
)


def read_pdf(path: Path) -> list[str]:
    """Return the text of each page."""
    with pypdfium2.PdfDocument(path) as document:
        return [" ".join(page.get_textpage().get_text_bounded().split()) for page in document]


def _convert(work: Work, path: Path, **options: object) -> Finished:
    return work(path, operation="document.convert", **options)


def _write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


MAKERS: dict[str, Callable[[Path], Path]] = {
    "docx": lambda path: make_docx(path, [WORDS]),
    "xlsx": lambda path: make_xlsx(path, [[WORDS]]),
    "odt": lambda path: make_odt(path, [WORDS]),
    "ods": lambda path: make_odf(path, "spreadsheet", CELLS.format(WORDS)),
    "odp": lambda path: make_odf(path, "presentation", SLIDE),
    "html": lambda path: _write(path, f"<html><body><p>{WORDS}</p></body></html>"),
    "md": lambda path: _write(path, f"# Title\n\n{WORDS}\n"),
    "txt": lambda path: _write(path, WORDS, "utf-16"),
    "csv": lambda path: _write(path, f'a;b\n"{WORDS}";2\n'),
    "rtf": lambda path: _write(
        path, "{\\rtf1\\ansi " + "".join(c if c < "\x80" else f"\\u{ord(c)}?" for c in WORDS) + "}"
    ),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_every_kind_of_document_becomes_a_pdf_with_its_words(work: Work, tmp_path: Path, kind: str) -> None:
    done = _convert(work, MAKERS[kind](tmp_path / f"letter.{kind}"))
    assert list(done.outputs) == ["letter.pdf"]
    assert WORDS in " ".join(read_pdf(done.path("letter.pdf")))
    assert (done.result["format"], done.result["source_format"], done.result["pages"]) == ("pdf", kind, 1)
    assert done.outputs["letter.pdf"].facts["pages"] == 1
    assert done.percents == sorted(done.percents)


@pytest.mark.parametrize("kind", ["doc", "xls", "ppt", "pptx"])
def test_older_formats_are_read_too(work: Work, tmp_path: Path, kind: str) -> None:
    maker = {"doc": "docx", "xls": "xlsx"}.get(kind, "odp")
    source = MAKERS[maker](tmp_path / f"letter.{maker}")
    words = [
        "soffice",
        f"-env:UserInstallation=file://{tmp_path}/profile",
        *("--headless", "--convert-to", kind, "--outdir", str(tmp_path), str(source)),
    ]
    subprocess.run(words, check=True, capture_output=True)
    done = _convert(work, tmp_path / f"letter.{kind}")
    assert WORDS in " ".join(read_pdf(done.path("letter.pdf")))


def test_the_sample_keeps_its_pages_headings_and_table(work: Work) -> None:
    done = _convert(work, SAMPLES / "report.docx")
    pages = read_pdf(done.path("report.pdf"))
    assert done.result["pages"] == len(pages) == 2
    assert all(words in pages[0] for words in ("The harvest at the mill", "Barley", "20,600"))
    assert "тегирмон, мельница, tegirmon, Mühle" in pages[1]


def test_pages_are_kept_as_asked_for(work: Work) -> None:
    done = _convert(work, SAMPLES / "report.docx", pages="2")
    (page,) = read_pdf(done.path("report.pdf"))
    assert "тегирмон" in page
    assert done.result["pages"] == 1
    assert _convert(work, SAMPLES / "report.docx", pages="last-1").result["pages"] == 2
    with pytest.raises(OptionsError, match="page 3"):
        _convert(work, SAMPLES / "report.docx", pages="3")


@pytest.mark.parametrize(("asked", "part"), [("PDF/A-1b", "1"), ("2b", "2"), ("pdfa-3b", "3")])
def test_a_pdf_for_archives_says_so_in_its_metadata(work: Work, tmp_path: Path, asked: str, part: str) -> None:
    done = _convert(work, make_docx(tmp_path / "a.docx", [WORDS]), pdfa=asked, pages="1")
    content = done.path("a.pdf").read_bytes()
    assert f"<pdfaid:part>{part}</pdfaid:part>".encode() in content
    assert b"/OutputIntent" in content


def test_a_tagged_pdf_is_tagged_for_another_reader(work: Work, tmp_path: Path) -> None:
    done = _convert(work, make_docx(tmp_path / "a.docx", [WORDS]), pdfua=True)
    told = subprocess.run(["pdfinfo", str(done.path("a.pdf"))], check=True, capture_output=True, text=True).stdout
    assert "Tagged:          yes" in told


def _make_illustrated(path: Path) -> Path:
    """Write a letter with a noisy picture of 1200 x 900 pixels, 2 inches wide: 600 dots per inch."""
    picture = io.BytesIO()
    colours = [Image.effect_noise((1200, 900), spread) for spread in (40, 60, 80)]
    Image.merge("RGB", colours).save(picture, "PNG")
    frame = (
        '<text:p><draw:frame text:anchor-type="as-char" svg:width="2in" svg:height="1.5in">'
        '<draw:image xlink:href="Pictures/noise.png" xlink:type="simple"/></draw:frame></text:p>'
    )
    return make_odt(path, [WORDS], body=frame, more={"Pictures/noise.png": picture.getvalue()})


def _take_picture(path: Path) -> JpegImageFile:
    """The one JPEG in a PDF as it stands there, taken out by poppler."""
    subprocess.run(["pdfimages", "-j", str(path), str(path.with_suffix(""))], check=True, capture_output=True)
    (taken,) = path.parent.glob(f"{path.stem}-*.jpg")
    with Image.open(taken) as picture:
        assert isinstance(picture, JpegImageFile)
        picture.load()
        return picture


@pytest.mark.parametrize(("options", "width"), [({}, 600), ({"image_dpi": 75}, 150), ({"image_dpi": 1200}, 1200)])
def test_pictures_are_scaled_to_the_resolution_asked_for(
    work: Work, tmp_path: Path, options: dict[str, object], width: int
) -> None:
    done = _convert(work, _make_illustrated(tmp_path / "letter.odt"), **options)
    assert _take_picture(done.path("letter.pdf")).width == pytest.approx(width, abs=2)


@pytest.mark.parametrize(("options", "quality"), [({}, 90), ({"quality": 30}, 30)])
def test_pictures_have_the_quality_asked_for(
    work: Work, tmp_path: Path, options: dict[str, object], quality: int
) -> None:
    done = _convert(work, _make_illustrated(tmp_path / "letter.odt"), **options)
    expected = io.BytesIO()
    Image.new("RGB", (8, 8)).save(expected, "JPEG", quality=quality)
    taken = _take_picture(done.path("letter.pdf"))
    with Image.open(expected) as standard:
        assert isinstance(standard, JpegImageFile)
        assert taken.quantization == standard.quantization


COMMENT = "<office:annotation><dc:creator>Anna</dc:creator><text:p>Grind it finer</text:p></office:annotation>"


def _comment_sums(path: Path) -> Path:
    return make_odf(path, "spreadsheet", CELLS.format("Rye").replace("<text:p>", f"{COMMENT}<text:p>", 1))


def _comment_letter(path: Path) -> Path:
    return make_odt(path, [], body=f"<text:p>Rye{COMMENT}</text:p>")


def _comment_word_letter(path: Path) -> Path:
    comment = '<w:comment w:id="0" w:author="Anna"><w:p><w:r><w:t>Grind it finer</w:t></w:r></w:p></w:comment>'
    namespace = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    return make_docx(
        path,
        ["Rye"],
        body='<w:p><w:r><w:commentReference w:id="0"/></w:r></w:p>',
        relations=(("rId9", "comments", "comments.xml", False),),
        more={"word/comments.xml": f'<?xml version="1.0"?><w:comments {namespace}>{comment}</w:comments>'},
    )


@pytest.mark.parametrize("notes", [False, True])
@pytest.mark.parametrize(
    ("name", "make"),
    [("sums.ods", _comment_sums), ("letter.odt", _comment_letter), ("letter.docx", _comment_word_letter)],
)
def test_comments_become_notes_only_where_that_is_asked_for(
    work: Work, tmp_path: Path, name: str, make: Callable[[Path], Path], *, notes: bool
) -> None:
    done = _convert(work, make(tmp_path / name), notes=notes)
    path = done.path(f"{Path(name).stem}.pdf")
    with pikepdf.open(path) as pdf:
        annotations: Any = pdf.pages[0].obj.get("/Annots", [])
        found = [str(note.Contents) for note in annotations if note.Subtype == "/Text"]
    assert found == (["Grind it finer"] if notes else [])
    assert "Rye" in read_pdf(path)[0]


@pytest.mark.parametrize("target", ["docx", "odt", "rtf", "txt"])
def test_a_letter_becomes_a_letter_of_another_kind(work: Work, tmp_path: Path, target: str) -> None:
    done = _convert(work, make_docx(tmp_path / "letter.docx", [WORDS, "Second line."]), format=target)
    made = done.path(f"letter.{target}")
    if target == "txt":
        assert made.read_text(encoding="utf-8-sig").splitlines() == [WORDS, "Second line."]
    elif target == "rtf":
        assert made.read_bytes().startswith(b"{\\rtf1")
    else:
        with zipfile.ZipFile(made) as archive:
            part = "word/document.xml" if target == "docx" else "content.xml"
            assert WORDS in archive.read(part).decode()
    assert "pages" not in done.result


@pytest.mark.parametrize("target", ["xlsx", "ods", "csv"])
def test_a_workbook_becomes_a_workbook_of_another_kind(work: Work, tmp_path: Path, target: str) -> None:
    done = _convert(work, make_xlsx(tmp_path / "sums.xlsx", [["wheat", 12.5], ["rye, cut", 3]]), format=target)
    made = done.path(f"sums.{target}")
    if target == "csv":
        with made.open(newline="", encoding="utf-8") as file:
            assert list(csv.reader(file)) == [["wheat", "12.5"], ["rye, cut", "3"]]
    else:
        with zipfile.ZipFile(made) as archive:
            content = b"".join(archive.read(name) for name in archive.namelist() if name.endswith(".xml"))
        assert b"rye, cut" in content
        assert b"12.5" in content


@pytest.mark.parametrize("target", ["pptx", "odp"])
def test_slides_become_slides_of_another_kind(work: Work, tmp_path: Path, target: str) -> None:
    done = _convert(work, make_odf(tmp_path / "talk.odp", "presentation", SLIDE), format=target)
    assert done.result["format"] == target
    assert WORDS in " ".join(read_pdf(_convert(work, done.path(f"talk.{target}")).path("talk.pdf")))


def test_markdown_becomes_headings_tables_and_code_and_its_html_stays_words(work: Work, tmp_path: Path) -> None:
    text = "# The mill\n\n| Grain | Sacks |\n|---|---|\n| rye | 3 |\n\n- one\n- ~~two~~\n\n<b>bold</b> `code`\n"
    done = _convert(work, _write(tmp_path / "notes.md", text))
    (page,) = read_pdf(done.path("notes.pdf"))
    assert "The mill Grain Sacks rye 3" in page
    assert "<b>bold</b> code" in page


def test_a_csv_is_as_wide_as_its_page_and_computes_nothing(work: Work, tmp_path: Path) -> None:
    columns = ";".join(f"column {number}" for number in range(12))
    source = _write(
        tmp_path / "wide.csv", f"{columns}\n007;=1+1;12.50;{';' * 8}\n" + "1;2;3;4;5;6;7;8;9;10;11;12\n" * 200
    )
    done = _convert(work, source)
    pages = read_pdf(done.path("wide.pdf"))
    assert "column 11" in pages[0]
    assert all(cell in pages[0].split() for cell in ("007", "=1+1", "12.5"))
    assert done.result["page_size"]["width"] > done.result["page_size"]["height"]


def test_damaged_and_dangerous_documents_are_refused_with_their_code(work: Work, tmp_path: Path) -> None:
    letter = make_docx(tmp_path / "letter.docx", [WORDS] * 50, more={"word/media/1.bin": b"0123456789" * 1000})
    bomb = make_docx(tmp_path / "bomb.docx", [], more={"word/media/1.bin": bytes(40_000_000)})
    hollow = make_docx(tmp_path / "hollow.docx", [], more={"word/document.xml": "<w:document"})
    for path, code in (
        (cut(letter, tmp_path / "cut.docx", 0.8), "corrupt_file"),
        (bomb, "too_compressed"),
        (hollow, "corrupt_file"),
        (_write(tmp_path / "bad.rtf", "{\\rtf1" + "{" * 50), "corrupt_file"),
    ):
        with pytest.raises(InputError) as caught:
            _convert(work, path)
        assert caught.value.code == code, path.name


def test_too_many_pages_are_refused(work: Work) -> None:
    with pytest.raises(InputError) as caught:
        _convert(work, SAMPLES / "report.docx", input_limits=InputLimits(max_pages=1))
    assert caught.value.code == "too_many_pages"


def test_a_format_of_another_family_is_refused_with_what_there_is(work: Work, tmp_path: Path) -> None:
    with pytest.raises(OptionsError, match="a xlsx can become pdf, xlsx, ods, csv"):
        _convert(work, make_xlsx(tmp_path / "sums.xlsx", [[1]]), format="docx")
    with pytest.raises(OptionsError, match="pages are a PDF's"):
        _convert(work, SAMPLES / "report.docx", format="odt", pages="1")
