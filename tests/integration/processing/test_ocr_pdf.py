"""Searchable PDFs, through the real cage, OCRmyPDF and Tesseract; PDFium reads what came."""

from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageChops

from filemill.processing.errors import InputError, OptionsError
from filemill.processing.input_limits import InputLimits
from tests.hostile.corpus.pdfs import tile_page
from tests.integration.processing.conftest import SAMPLES, Work
from tests.integration.processing.inputs import cut, make_encrypted_pdf
from tests.integration.processing.ocr_inputs import SENTENCES, draw_text, join_pdfs, make_scan
from tests.integration.processing.pdf_inputs import make_locked
from tests.integration.processing.pdf_readers import read_facts

pytestmark = pytest.mark.timeout(120)


def read(path: Path) -> list[str]:
    with pypdfium2.PdfDocument(path) as document:
        return [" ".join(page.get_textpage().get_text_bounded().split()) for page in document]


def draw(path: Path) -> Image.Image:
    with pypdfium2.PdfDocument(path) as document:
        picture = document[0].render(scale=1).to_pil().convert("L")
        assert isinstance(picture, Image.Image)
        return picture


def test_a_scan_can_be_searched_and_looks_as_before(work: Work, tmp_path: Path) -> None:
    scan = make_scan(tmp_path / "scan.pdf", [[SENTENCES["eng"]], [SENTENCES["rus"], SENTENCES["uzb_cyrl"]]])
    assert read(scan) == ["", ""]
    done = work(scan, operation="document.ocr", languages=["eng", "uzb_cyrl", "rus"])
    made = done.path("scan-ocr.pdf")
    first, second = read(made)
    assert first == SENTENCES["eng"]
    wrong = sum(a != b for a, b in zip(second, f"{SENTENCES['rus']} {SENTENCES['uzb_cyrl']}", strict=False))
    assert wrong <= 2, second
    before, after = draw(scan), draw(made)
    assert before.size == after.size
    assert max(ImageChops.difference(before, after).tobytes()) < 32
    assert (done.result["pages_with_text_before"], done.result["pages_with_text"], done.result["pages"]) == (0, 2, 2)
    assert done.percents == sorted(done.percents)
    assert len(set(done.percents)) >= 4


def test_pages_that_hold_text_are_skipped_and_only_the_pages_asked_for_are_read(work: Work, tmp_path: Path) -> None:
    scan = make_scan(tmp_path / "scan.pdf", [[SENTENCES["eng"]], [SENTENCES["eng"]]])
    mixed = join_pdfs(tmp_path / "mixed.pdf", SAMPLES / "mill.pdf", scan)
    done = work(mixed, operation="document.ocr", pages="2,5")
    pages = read(done.path("mixed-ocr.pdf"))
    assert pages[:3] == read(SAMPLES / "mill.pdf")
    assert pages[3:] == ["", SENTENCES["eng"]]
    assert done.result["pages_with_text"] == 4


def test_force_reads_what_held_text_and_turns_and_straightens(work: Work, tmp_path: Path) -> None:
    lines = [sentence for _ in range(8) for sentence in (SENTENCES["eng"], "Grain is ground between two round stones.")]
    askew = draw_text(lines).rotate(92, expand=True, fillcolor=255)
    askew.save(tmp_path / "askew.pdf", resolution=200.0)
    done = work(tmp_path / "askew.pdf", operation="document.ocr", mode="force", deskew=True, rotate_pages=True)
    (page,) = read(done.path("askew-ocr.pdf"))
    assert page.count(SENTENCES["eng"]) >= 6, page


def test_damaged_locked_and_immoderate_pdfs_are_refused(work: Work, tmp_path: Path) -> None:
    scan = make_scan(tmp_path / "scan.pdf", [[SENTENCES["eng"]], [SENTENCES["eng"]]])
    for path, limits, code in (
        (cut(scan, tmp_path / "cut.pdf", 0.01), None, "corrupt_file"),
        (make_encrypted_pdf(tmp_path / "locked.pdf"), None, "password_required"),
        (scan, InputLimits(max_pages=1), "too_many_pages"),
    ):
        with pytest.raises(InputError) as caught:
            work(path, operation="document.ocr", input_limits=limits)
        assert caught.value.code == code


@pytest.mark.parametrize("password", ["reader", "master"])
def test_an_encrypted_scan_is_opened_by_its_password_and_comes_out_without_it(
    work: Work, tmp_path: Path, password: str
) -> None:
    scan = make_scan(tmp_path / "scan.pdf", [[SENTENCES["eng"]]])
    locked = make_locked(tmp_path / "locked.pdf", source=scan)
    done = work(locked, operation="document.ocr", password=password)
    assert list(done.outputs) == ["locked-ocr.pdf"]
    made = done.path("locked-ocr.pdf")
    assert read(made) == [SENTENCES["eng"]]
    assert read_facts(made)["Encrypted"] == "no"
    assert max(ImageChops.difference(draw(scan), draw(made)).tobytes()) < 32
    assert done.percents == sorted(done.percents)
    with pytest.raises(InputError) as caught:
        work(locked, operation="document.ocr", password="guess")
    assert caught.value.code == "wrong_password"
    assert "guess" not in f"{caught.value.message}{caught.value.evidence}"


def test_a_restricted_scan_is_read_without_a_password(work: Work, tmp_path: Path) -> None:
    scan = make_scan(tmp_path / "scan.pdf", [[SENTENCES["eng"]]])
    done = work(make_locked(tmp_path / "locked.pdf", user="", source=scan), operation="document.ocr")
    assert read(done.path("locked-ocr.pdf")) == [SENTENCES["eng"]]
    assert read_facts(done.path("locked-ocr.pdf"))["Encrypted"] == "no"


@pytest.mark.parametrize("options", [{}, {"mode": "force"}, {"rotate_pages": True}], ids=str)
def test_a_page_too_large_to_be_drawn_is_refused_before_it_is(
    work: Work, tmp_path: Path, options: dict[str, object]
) -> None:
    (tmp_path / "poster.pdf").write_bytes(tile_page(b"9").replace(b"[0 0 200 200]", b"[0 0 14400 14400]"))
    with pytest.raises(InputError, match="too many pixels") as caught:
        work(tmp_path / "poster.pdf", operation="document.ocr", **options)
    assert caught.value.code == "too_many_pixels"


def write_page(path: Path, width: float, height: float) -> Path:
    """Write a page of letters that has these points on its sides."""
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(200, 200))
        page.mediabox = pikepdf.Array([0, 0, width, height])
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
        page.contents_add(b"BT /F 12 Tf 10 4 Td (Grain is ground) Tj ET")
        pdf.save(path)
    return path


@pytest.mark.parametrize(("width", "height"), [(20, 30000), (30000, 20), (200, 2)])
def test_a_page_of_a_size_that_no_page_can_be_drawn_with_is_refused_with_its_size(
    work: Work, tmp_path: Path, width: int, height: int
) -> None:
    banner = join_pdfs(tmp_path / "both.pdf", SAMPLES / "mill.pdf", write_page(tmp_path / "odd.pdf", width, height))
    with pytest.raises(InputError, match=f"Page 4 is {width:,.1f} x {height:,.1f} points large") as caught:
        work(banner, operation="document.ocr", pages="4", mode="force")
    assert caught.value.code == "too_large"
    assert work(banner, operation="document.ocr").result["pages"] == 4


def test_a_page_as_large_as_allowed_is_read(work: Work, tmp_path: Path) -> None:
    square = tile_page(b"9").replace(b"[0 0 200 200]", b"[0 0 1800 1800]")  # 10,000 pixels a side at 400 dpi
    (tmp_path / "square.pdf").write_bytes(square)
    assert work(tmp_path / "square.pdf", operation="document.ocr").result["pages"] == 1
    with pytest.raises(InputError) as caught:
        work(tmp_path / "square.pdf", operation="document.ocr", input_limits=InputLimits(max_pixels=99_000_000))
    assert caught.value.code == "too_many_pixels"


def test_a_page_that_cannot_be_straightened_is_the_fault_of_the_options(work: Work, tmp_path: Path) -> None:
    Image.new("L", (10, 10), 90).save(tmp_path / "coarse.pdf", resolution=4.0)
    assert work(tmp_path / "coarse.pdf", operation="document.ocr").result["pages"] == 1
    with pytest.raises(OptionsError, match="leave out deskew") as caught:
        work(tmp_path / "coarse.pdf", operation="document.ocr", deskew=True)
    assert caught.value.code == "invalid_options"


def test_contradictions_and_absent_pages_are_refused(work: Work, tmp_path: Path) -> None:
    scan = make_scan(tmp_path / "scan.pdf", [[SENTENCES["eng"]]])
    with pytest.raises(OptionsError, match="leave out deskew"):
        work(scan, operation="document.ocr", mode="redo", deskew=True)
    with pytest.raises(OptionsError, match="page 2"):
        work(scan, operation="document.ocr", pages="2")
