"""PDFs put together through the real cage; read by PDFium and poppler."""

from pathlib import Path

import pikepdf
import pytest

from filemill.processing.errors import InputError, OptionsError
from filemill.processing.input_limits import InputLimits
from filemill.processing.operations.document.merge import choose_passwords
from tests.integration.processing.conftest import Work
from tests.integration.processing.inputs import cut
from tests.integration.processing.pdf_inputs import make_form, make_locked, make_numbered
from tests.integration.processing.pdf_readers import MILL, read_facts, read_texts


def _titles(path: Path) -> list[str]:
    with pikepdf.open(path) as pdf, pdf.open_outline() as outline:
        return [item.title for item in outline.root]


def _page_of(pdf: pikepdf.Pdf, item: pikepdf.OutlineItem) -> int:
    assert isinstance(item.destination, pikepdf.Array)
    return pdf.pages.index(pikepdf.Page(item.destination[0]))


def test_documents_come_one_after_the_other(work: Work, tmp_path: Path) -> None:
    book = make_numbered(tmp_path / "book.pdf", 2)
    done = work(book, operation="document.merge", inputs=[MILL, book])
    made = done.path("book-merged.pdf")
    assert read_texts(made) == ["Page 1", "Page 2", *read_texts(MILL), "Page 1", "Page 2"]
    assert (read_facts(made)["Pages"], read_facts(made)["Title"]) == ("7", "Numbers")
    assert _titles(made).count("Chapter 1") == 2
    assert done.result == {"pages": 7, "files": 3, "repaired_files": []}
    assert done.percents == sorted(done.percents)


def test_the_outline_can_lead_to_each_document(work: Work, tmp_path: Path) -> None:
    book = make_numbered(tmp_path / "book.pdf", 2)
    done = work(book, operation="document.merge", inputs=[MILL], outline="files")
    with pikepdf.open(done.path("book-merged.pdf")) as pdf, pdf.open_outline() as outline:
        found = [(item.title, _page_of(pdf, item)) for item in outline.root]
    assert found == [("book", 0), ("mill", 2)]
    assert _titles(work(book, operation="document.merge", inputs=[MILL], outline="none").path("book-merged.pdf")) == []


def test_forms_with_the_same_fields_stay_two(work: Work, tmp_path: Path) -> None:
    done = work(make_form(tmp_path / "a.pdf"), operation="document.merge", inputs=[make_form(tmp_path / "b.pdf")])
    with pikepdf.open(done.path("a-merged.pdf")) as pdf:
        names = [field.fully_qualified_name for field in pdf.acroform.fields]
    assert len(set(names)) == 2
    assert read_facts(done.path("a-merged.pdf"))["Form"] == "AcroForm"


@pytest.mark.parametrize(
    "options", [{"password": "reader"}, {"passwords": ["", "reader"]}, {"passwords": ["", "master"], "password": "x"}]
)
def test_an_encrypted_document_is_opened(work: Work, tmp_path: Path, options: dict[str, object]) -> None:
    done = work(MILL, operation="document.merge", inputs=[make_locked(tmp_path / "a.pdf")], **options)
    assert read_facts(done.path("mill-merged.pdf"))["Pages"] == "6"
    assert read_facts(done.path("mill-merged.pdf"))["Encrypted"] == "no"


def test_the_document_at_fault_is_named(work: Work, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="File 3 of 3: The PDF is encrypted") as caught:
        work(MILL, operation="document.merge", inputs=[MILL, make_locked(tmp_path / "a.pdf")])
    assert caught.value.code == "password_required"
    with pytest.raises(InputError, match="File 2 of 2") as caught:
        work(MILL, operation="document.merge", inputs=[cut(MILL, tmp_path / "cut.pdf", 0.01)])
    assert caught.value.code == "corrupt_file"


def test_the_limit_of_pages_holds_for_all_together(work: Work) -> None:
    with pytest.raises(InputError) as caught:
        work(MILL, operation="document.merge", inputs=[MILL, MILL], input_limits=InputLimits(max_pages=8))
    assert caught.value.code == "too_many_pages"


def test_a_hundred_documents_are_put_together(work: Work, tmp_path: Path) -> None:
    book = make_numbered(tmp_path / "book.pdf", 1)
    done = work(book, operation="document.merge", inputs=[book] * 100)
    assert read_facts(done.path("book-merged.pdf"))["Pages"] == "101"


def test_passwords_go_by_place() -> None:
    assert choose_passwords(["a"], "all", 3) == ["a", "all", "all"]
    assert choose_passwords(["", "b"], None, 2) == [None, "b"]
    with pytest.raises(OptionsError, match="3 texts for 2 documents"):
        choose_passwords(["a", "b", "c"], None, 2)
