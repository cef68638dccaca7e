"""The facts of documents, through the real cage, against what poppler says."""

import subprocess
from pathlib import Path

import pikepdf
import pytest

from tests.integration.processing.conftest import SAMPLES, Work
from tests.integration.processing.pdf_inputs import make_carrier, make_form, make_locked, make_numbered
from tests.integration.processing.pdf_readers import MILL, read_facts


def test_the_facts_of_a_pdf_are_those_of_another_reader(work: Work) -> None:
    result = work(MILL, operation="document.describe").result
    theirs = read_facts(MILL)
    assert (str(result["pages"]), result["pdf_version"]) == (theirs["Pages"], theirs["PDF version"])
    assert result["page_sizes"] == [{"width": 595.3, "height": 841.9, "pages": 3}]
    assert (result["is_linearized"], result["is_tagged"], result["has_javascript"]) == (False, False, False)
    assert (result["has_text"], result["pages_with_text"], result["form"], result["fields"]) == (True, 3, None, 0)
    listed = subprocess.run(["pdffonts", str(MILL)], check=True, capture_output=True, text=True).stdout.splitlines()[2:]
    assert [font["name"] for font in result["fonts"]] == sorted(line.split()[0] for line in listed)
    assert all(font["is_embedded"] for font in result["fonts"])
    assert result["metadata"]["title"] == theirs["Title"]


def test_outline_form_files_and_scripts_are_told(work: Work, tmp_path: Path) -> None:
    book = work(make_numbered(tmp_path / "book.pdf", 2), operation="document.describe").result
    assert book["outline"] == [
        {"title": "Chapter 1", "level": 1, "page": 1},
        {"title": "Chapter 2", "level": 1, "page": 2},
    ]
    assert book["fonts"] == [{"name": "Helvetica", "type": "Type1", "is_embedded": False}]
    form = work(make_form(tmp_path / "form.pdf"), operation="document.describe").result
    assert (form["form"], form["fields"]) == ("acroform", 1)
    carrier, contents = make_carrier(tmp_path / "carrier.pdf")
    carried = work(carrier, operation="document.describe").result["attachments"]
    assert [facts["name"] for facts in carried] == list(contents)
    with pikepdf.open(MILL) as pdf:
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
        pdf.save(tmp_path / "script.pdf")
    assert work(tmp_path / "script.pdf", operation="document.describe").result["has_javascript"] is True


def test_the_protection_of_a_pdf_is_told(work: Work, tmp_path: Path) -> None:
    locked = make_locked(tmp_path / "a.pdf")
    result = work(locked, operation="document.describe", password="reader").result
    assert result["is_encrypted"] is True
    assert result["encryption"]["bits"] == 256
    assert (result["encryption"]["allow_printing"], result["encryption"]["allow_annotating"]) == (False, True)
    assert "reader" not in str(result)


@pytest.mark.parametrize(
    ("name", "fact", "value"),
    [("harvest.csv", "rows", 240), ("catalogue.json", "type", "object"), ("story.txt", "encoding", "utf-8")],
)
def test_the_facts_of_other_documents_come_without_their_text(work: Work, name: str, fact: str, value: object) -> None:
    done = work(SAMPLES / name, operation="document.describe")
    assert done.outputs == {}
    assert done.result[fact] == value
    assert "preview" not in done.result
