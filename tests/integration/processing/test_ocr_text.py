"""Text by OCR, through the real cage and the real Tesseract, against what was drawn."""

import json
from pathlib import Path

import pytest

from filemill.processing.errors import InputError, OptionsError, SystemFault
from filemill.processing.input_limits import InputLimits
from tests.integration.processing.conftest import SAMPLES, Work
from tests.integration.processing.inputs import cut, make_encrypted_pdf
from tests.integration.processing.ocr_inputs import SENTENCES, join_pdfs, make_scan


@pytest.mark.parametrize("language", SENTENCES)
def test_a_scanned_page_is_read_in_its_language(work: Work, tmp_path: Path, language: str) -> None:
    scan = make_scan(tmp_path / "scan.pdf", [[SENTENCES[language]]])
    done = work(scan, operation="document.text", method="ocr", languages=[language])
    assert done.path("scan.txt").read_text() == f"{SENTENCES[language]}\n\f"
    assert (done.result["method"], done.result["pages_by_ocr"]) == ("ocr", 1)
    assert list(done.outputs) == ["scan.txt"]


def test_all_four_languages_are_read_from_one_page(work: Work, tmp_path: Path) -> None:
    scan = make_scan(tmp_path / "scan.pdf", [list(SENTENCES.values())])
    done = work(scan, operation="document.text", method="ocr", languages="eng+uzb+uzb_cyrl+rus")
    # A soft sign and a hard sign look nearly alike: one letter of each line may be wrong.
    read = done.path("scan.txt").read_text().splitlines()
    for line, sentence in zip((line for line in read if line.strip()), SENTENCES.values(), strict=False):
        assert sum(a != b for a, b in zip(line, sentence, strict=False)) <= 1, (line, sentence)
    assert done.result["languages"] == ["eng", "uzb", "uzb_cyrl", "rus"]


def test_auto_reads_only_the_pages_that_hold_no_text(work: Work, tmp_path: Path) -> None:
    scan = make_scan(tmp_path / "scan.pdf", [[SENTENCES["eng"]], [SENTENCES["rus"]]])
    mixed = join_pdfs(tmp_path / "mixed.pdf", SAMPLES / "mill.pdf", scan)
    done = work(
        mixed, operation="document.text", method="auto", languages=["eng", "rus"], format="json", granularity="page"
    )
    pages = {page["page"]: page["text"] for page in json.loads(done.path("mixed.json").read_text())["pages"]}
    assert done.result["pages_by_ocr"] == 2
    assert "Domesday Book" in pages[2]
    assert (pages[4].strip(), pages[5].strip()) == (SENTENCES["eng"], SENTENCES["rus"])
    assert done.percents == sorted(done.percents)
    assert len(set(done.percents)) >= 4


def test_auto_of_pages_that_all_hold_text_starts_no_tesseract(work: Work) -> None:
    done = work(SAMPLES / "mill.pdf", operation="document.text", method="auto", pages="2")
    assert (done.result["pages_by_ocr"], done.result["pages"]) == (0, 1)
    assert "Domesday Book" in done.path("mill.txt").read_text()


def test_auto_of_a_text_is_native(work: Work) -> None:
    done = work(SAMPLES / "story.txt", operation="document.text", method="auto")
    assert done.path("story.txt").read_text() == (SAMPLES / "story.txt").read_text()


def test_ocr_of_an_empty_page_finds_nothing_and_says_so(work: Work, tmp_path: Path) -> None:
    scan = make_scan(tmp_path / "scan.pdf", [[" "], [SENTENCES["eng"]]])
    done = work(scan, operation="document.text", method="ocr", granularity="page")
    assert done.path("scan-page-1.txt").read_text() == ""
    assert done.path("scan-page-2.txt").read_text().strip() == SENTENCES["eng"]
    assert done.result["pages_without_text"] == [1]


def test_a_huge_page_is_drawn_as_large_as_it_may_be(work: Work, tmp_path: Path) -> None:
    scan = make_scan(tmp_path / "scan.pdf", [[SENTENCES["eng"]]])
    limits = InputLimits(max_pixels=400_000)
    done = work(scan, operation="document.text", method="ocr", input_limits=limits)
    assert SENTENCES["eng"] in done.path("scan.txt").read_text()


def test_what_is_no_pdf_or_damaged_or_locked_is_refused(work: Work, tmp_path: Path) -> None:
    with pytest.raises(OptionsError, match="reads the pages of a PDF"):
        work(SAMPLES / "story.txt", operation="document.text", method="ocr")
    scan = make_scan(tmp_path / "scan.pdf", [[SENTENCES["eng"]]])
    refused = {
        cut(scan, tmp_path / "cut.pdf", 0.01): "corrupt_file",
        make_encrypted_pdf(tmp_path / "locked.pdf"): "password_required",
    }
    for path, code in refused.items():
        with pytest.raises(InputError) as caught:
            work(path, operation="document.text", method="ocr")
        assert caught.value.code == code


def test_a_language_that_is_not_installed_is_named(work: Work, tmp_path: Path) -> None:
    scan = make_scan(tmp_path / "scan.pdf", [[SENTENCES["eng"]]])
    with pytest.raises(SystemFault, match="apt-get install tesseract-ocr-kat,") as caught:
        work(scan, operation="document.text", method="ocr", languages=["eng", "kat"])
    assert caught.value.code == "tool_missing"
