"""The text of documents, through the real cage; read once more by poppler."""

import json
import subprocess
from pathlib import Path

import pytest

from filemill.processing.errors import InputError, OptionsError
from filemill.processing.input_limits import InputLimits
from tests.integration.processing.conftest import SAMPLES, Probe, Work
from tests.integration.processing.inputs import make_encrypted_pdf

MILL = SAMPLES / "mill.pdf"


def _read_by_poppler(path: Path, page: int) -> list[str]:
    command = ["pdftotext", "-f", str(page), "-l", str(page), str(path), "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def test_the_text_of_a_pdf_is_what_another_reader_finds(work: Work) -> None:
    done = work(MILL, operation="document.text")
    pages = done.path("mill.txt").read_text().split("\f")
    assert len(pages) == 4
    assert pages[3] == ""
    for number, page in enumerate(pages[:2], start=1):
        assert page.split() == _read_by_poppler(MILL, number)
    assert sorted(pages[2].split()) == sorted(_read_by_poppler(MILL, 3))
    assert (done.result["method"], done.result["pages"], done.result["pages_without_text"]) == ("native", 3, [])
    assert done.percents == sorted(done.percents)


def test_pages_can_be_chosen_and_come_as_files(work: Work) -> None:
    done = work(MILL, operation="document.text", pages="3,1", granularity="page")
    assert list(done.outputs) == ["mill-page-1.txt", "mill-page-3.txt"]
    assert "Stones that turn" in done.path("mill-page-1.txt").read_text()
    assert "Albion Mills" in done.path("mill-page-3.txt").read_text()
    assert done.outputs["mill-page-3.txt"].facts["page"] == 3


def test_pages_come_in_one_json_file(work: Work) -> None:
    done = work(MILL, operation="document.text", format="json", granularity="page", pages="2-")
    found = json.loads(done.path("mill.json").read_text())
    assert [page["page"] for page in found["pages"]] == [2, 3]
    assert "Domesday Book" in found["pages"][0]["text"]


def test_markdown_has_the_headings_of_the_pdf(work: Work) -> None:
    text = work(MILL, operation="document.text", format="markdown").path("mill.md").read_text()
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "# A short history of the mill",
        *("## Stones that turn", "## Water", "## Wind", "## Steam, steel and after", "## What the miller knew"),
    ]
    assert "one stone pushed to and fro over another.\n" in text


def test_a_page_that_the_pdf_lacks_is_refused(work: Work) -> None:
    with pytest.raises(OptionsError, match="page 4; the document has 3 pages") as caught:
        work(MILL, operation="document.text", pages="4")
    assert caught.value.code == "invalid_options"


def test_a_pdf_of_too_many_pages_is_refused(work: Work) -> None:
    with pytest.raises(InputError) as caught:
        work(MILL, operation="document.text", input_limits=InputLimits(max_pages=2))
    assert caught.value.code == "too_many_pages"


@pytest.mark.parametrize(("options", "code"), [({}, "password_required"), ({"password": "no"}, "wrong_password")])
def test_an_encrypted_pdf_asks_for_the_right_password(
    work: Work, tmp_path: Path, options: dict[str, str], code: str
) -> None:
    with pytest.raises(InputError) as caught:
        work(make_encrypted_pdf(tmp_path / "secret.pdf"), operation="document.text", **options)
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["story.txt", "catalogue.json", "harvest.csv"])
def test_what_is_text_comes_out_as_it_stands(work: Work, name: str) -> None:
    source = SAMPLES / name
    done = work(source, operation="document.text")
    assert done.path(f"{source.stem}.txt").read_text() == source.read_text()


def test_a_csv_comes_out_as_a_table(work: Work) -> None:
    lines = work(SAMPLES / "harvest.csv", operation="document.text", format="markdown").path("harvest.md").read_text()
    assert lines.count("\n") == 242


def test_the_probe_tells_pages_and_their_size(probe: Probe) -> None:
    facts = probe(MILL)
    assert facts.describe() == {
        "media_type": "application/pdf",
        "size": MILL.stat().st_size,
        "pages": 3,
        "page_size": {"width": 595.3, "height": 841.9},
        "pdf_version": "1.6",
        "is_encrypted": False,
    }


def test_the_probe_tells_that_a_pdf_is_encrypted(probe: Probe, tmp_path: Path) -> None:
    facts = probe(make_encrypted_pdf(tmp_path / "secret.pdf"))
    assert (facts.pages, facts.more) == (None, {"is_encrypted": True})
