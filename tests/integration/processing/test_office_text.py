"""The text of office documents, through the real cage and LibreOffice."""

import json
from pathlib import Path

import pytest

from filemill.processing.errors import InputError, OptionsError
from tests.integration.processing.conftest import SAMPLES, Work
from tests.integration.processing.office_inputs import make_docx, make_odf, make_xlsx

pytestmark = pytest.mark.timeout(120)


def test_a_letter_gives_its_text_with_headings_and_tables(work: Work) -> None:
    done = work(SAMPLES / "report.docx", operation="document.text", format="markdown")
    text = done.path("report.md").read_text()
    assert "# The harvest at the mill" in text
    assert "Barley | 96 | 4,800" in text
    assert "- Two sails lost cloth in the October wind." in text
    assert "тегирмон, мельница, tegirmon, Mühle, 水車" in text
    assert list(done.outputs) == ["report.md"]
    assert done.result["words"] > 100


def test_a_workbook_gives_every_row(work: Work, tmp_path: Path) -> None:
    source = make_xlsx(tmp_path / "sums.xlsx", [["wheat", 12.5], ["рожь", 3]])
    text = work(source, operation="document.text").path("sums.txt").read_text()
    assert "wheat\t12.5\nрожь\t3\n" in text


def test_slides_are_pages(work: Work, tmp_path: Path) -> None:
    slide = (
        '<draw:page><draw:frame svg:width="20cm" svg:height="5cm" svg:x="1cm" svg:y="1cm"><draw:text-box>'
        "<text:p>Slide {}</text:p></draw:text-box></draw:frame></draw:page>"
    )
    source = make_odf(tmp_path / "talk.odp", "presentation", slide.format("one") + slide.format("two"))
    done = work(source, operation="document.text", format="json", granularity="page", pages="2")
    assert json.loads(done.path("talk.json").read_text()) == {"pages": [{"page": 2, "text": "Slide two\n"}]}


def test_a_bomb_is_refused_before_libreoffice_and_ocr_reads_no_letter(work: Work, tmp_path: Path) -> None:
    bomb = make_docx(tmp_path / "bomb.docx", [], more={"word/media/1.bin": bytes(40_000_000)})
    with pytest.raises(InputError) as caught:
        work(bomb, operation="document.text")
    assert caught.value.code == "too_compressed"
    with pytest.raises(OptionsError, match="this is docx"):
        work(SAMPLES / "report.docx", operation="document.text", method="ocr")
