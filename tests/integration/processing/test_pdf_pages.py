"""PDFs made of the pages of others, through the real cage; read by PDFium and poppler."""

from pathlib import Path

import pikepdf
import pytest

from filemill.processing.errors import OptionsError
from tests.integration.processing.conftest import Work
from tests.integration.processing.pdf_inputs import make_form, make_locked, make_numbered
from tests.integration.processing.pdf_readers import MILL, read_facts, read_texts


def _titles(path: Path) -> list[str]:
    with pikepdf.open(path) as pdf, pdf.open_outline() as outline:
        return [item.title for item in outline.root]


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        ({}, ["Page 1"]),
        ({"pages": "4-"}, ["Page 4", "Page 5"]),
        ({"pages": "last-3,1,1"}, ["Page 5", "Page 4", "Page 3", "Page 1", "Page 1"]),
        ({"pages": "2-4", "remove": True}, ["Page 1", "Page 5"]),
    ],
)
def test_pages_are_taken_in_the_order_asked_for(
    work: Work, tmp_path: Path, options: dict[str, object], texts: list[str]
) -> None:
    done = work(make_numbered(tmp_path / "book.pdf", 5), operation="document.extract_pages", **options)
    made = done.path("book-pages.pdf")
    assert read_texts(made) == texts
    facts = read_facts(made)
    assert (facts["Pages"], facts["Title"]) == (str(len(texts)), "Numbers")
    assert done.result == {"pages": len(texts), "source_pages": 5, "is_repaired": False}


def test_the_outline_leads_only_to_pages_that_are_there(work: Work, tmp_path: Path) -> None:
    done = work(make_numbered(tmp_path / "book.pdf", 5), operation="document.extract_pages", pages="2,4")
    assert _titles(done.path("book-pages.pdf")) == ["Chapter 2", "Chapter 4"]


def test_a_form_goes_with_its_page(work: Work, tmp_path: Path) -> None:
    done = work(make_form(tmp_path / "form.pdf"), operation="document.split")
    assert read_facts(done.path("form-page-1.pdf"))["Form"] == "AcroForm"
    assert read_facts(done.path("form-page-2.pdf"))["Form"] == "none"


def test_nothing_but_the_pages_asked_for_is_left_in_the_file(work: Work, tmp_path: Path) -> None:
    done = work(make_numbered(tmp_path / "book.pdf", 5), operation="document.extract_pages", pages="2")
    with pikepdf.open(done.path("book-pages.pdf")) as pdf:
        streams = [thing.read_bytes() for thing in pdf.objects if isinstance(thing, pikepdf.Stream)]
    assert not any(b"(Page 1)" in stream or b"(Page 3)" in stream for stream in streams)


def test_leaving_every_page_out_is_refused(work: Work) -> None:
    with pytest.raises(OptionsError, match="nothing would be left"):
        work(MILL, operation="document.extract_pages", pages="1-3", remove=True)


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"span": 2}, {"book-pages-1-2.pdf": [1, 2], "book-pages-3-4.pdf": [3, 4], "book-page-5.pdf": [5]}),
        ({"mode": "pages", "pages": "5-4,1"}, {"book-pages-5-4.pdf": [5, 4], "book-page-1.pdf": [1]}),
        ({"mode": "pages", "pages": "1,3-", "unify": True}, {"book-pages.pdf": [1, 3, 4, 5]}),
        ({"span": 9}, {"book-pages-1-5.pdf": [1, 2, 3, 4, 5]}),
    ],
)
def test_a_pdf_is_split(work: Work, tmp_path: Path, options: dict[str, object], parts: dict[str, list[int]]) -> None:
    done = work(make_numbered(tmp_path / "book.pdf", 5), operation="document.split", **options)
    made = {name: read_texts(output.path) for name, output in done.outputs.items()}
    assert made == {name: [f"Page {number}" for number in numbers] for name, numbers in parts.items()}
    assert done.result["parts"] == len(parts)


def test_a_pdf_is_split_into_hundreds(work: Work, tmp_path: Path) -> None:
    done = work(make_numbered(tmp_path / "book.pdf", 300), operation="document.split")
    assert len(done.outputs) == 300
    assert read_texts(done.path("book-page-217.pdf")) == ["Page 217"]


def test_a_split_into_more_than_a_thousand_is_refused(work: Work, tmp_path: Path) -> None:
    with pytest.raises(OptionsError, match="1,001 documents; 1,000 are allowed"):
        work(make_numbered(tmp_path / "book.pdf", 1001), operation="document.split")


def test_parts_that_would_share_a_name_are_refused(work: Work) -> None:
    with pytest.raises(OptionsError, match="already"):
        work(MILL, operation="document.split", mode="pages", pages="1,1")


def test_what_is_made_of_an_encrypted_pdf_is_not_encrypted(work: Work, tmp_path: Path) -> None:
    done = work(make_locked(tmp_path / "a.pdf"), operation="document.extract_pages", pages="2", password="reader")
    assert read_facts(done.path("a-pages.pdf"))["Encrypted"] == "no"
    assert read_texts(done.path("a-pages.pdf")) == [read_texts(MILL)[1]]
