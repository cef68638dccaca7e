"""Words in pictures, through the real cage and Tesseract, against what was drawn."""

import json
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from filemill.processing.errors import InputError, SystemFault
from filemill.processing.input_limits import InputLimits
from tests.integration.processing.conftest import Work
from tests.integration.processing.inputs import cut
from tests.integration.processing.ocr_inputs import SENTENCES, draw_text


def test_a_picture_gives_its_words_in_four_languages(work: Work, tmp_path: Path) -> None:
    draw_text(list(SENTENCES.values())).save(tmp_path / "page.png")
    done = work(tmp_path / "page.png", operation="image.ocr", languages=["eng", "uzb", "uzb_cyrl", "rus"])
    lines = [line for line in done.path("page.txt").read_text().splitlines() if line]
    assert len(lines) == len(SENTENCES)
    for line, sentence in zip(lines, SENTENCES.values(), strict=True):
        assert sum(a != b for a, b in zip(line, sentence, strict=False)) <= 1, (line, sentence)
    assert done.result["words"] == sum(len(sentence.split()) for sentence in SENTENCES.values())
    assert done.result["confidence"] > 80
    assert list(done.outputs) == ["page.txt"]


def test_a_photograph_on_its_side_with_colours_is_read_upright(work: Work, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = draw_text([SENTENCES["eng"]]).rotate(90, expand=True).convert("RGB")
    picture.save(tmp_path / "photo.jpg", exif=exif, quality=95)
    done = work(tmp_path / "photo.jpg", operation="image.ocr", format="json")
    (page,) = json.loads(done.path("photo.json").read_text())["pages"]
    assert page["text"] == f"{SENTENCES['eng']}\n"
    first = page["words"][0]
    assert first["text"] == "The"
    assert abs(first["left"] - 80) < 10
    assert 20 < first["height"] < 60


def test_every_page_of_a_tiff_is_read(work: Work, tmp_path: Path) -> None:
    pages = [draw_text([SENTENCES["eng"]]), draw_text(["Grain is ground between two stones."])]
    size = (max(page.width for page in pages), pages[0].height)
    pages = [Image.new("L", size, 255) for _ in pages]
    for page, line in zip(pages, (SENTENCES["eng"], "Grain is ground between two stones."), strict=True):
        page.paste(draw_text([line]))
    pages[0].save(tmp_path / "scan.tiff", save_all=True, append_images=pages[1:])
    done = work(tmp_path / "scan.tiff", operation="image.ocr")
    assert done.path("scan.txt").read_text().split("\f") == [
        f"{SENTENCES['eng']}\n",
        "Grain is ground between two stones.\n",
    ]
    assert done.result["pages"] == 2


def test_a_picture_becomes_a_pdf_that_can_be_searched(work: Work, tmp_path: Path) -> None:
    draw_text([SENTENCES["rus"]]).save(tmp_path / "page.png")
    done = work(tmp_path / "page.png", operation="image.ocr", format="pdf", languages="ru")
    with pypdfium2.PdfDocument(done.path("page.pdf")) as document:
        assert " ".join(document[0].get_textpage().get_text_bounded().split()) == SENTENCES["rus"]
    assert list(done.outputs) == ["page.pdf"]


def test_white_letters_that_are_transparent_elsewhere_and_nothing_at_all(work: Work, tmp_path: Path) -> None:
    dark = draw_text([SENTENCES["eng"]])
    clear = Image.new("RGBA", dark.size, (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), mask=dark.point(lambda value: 255 - value))
    clear.save(tmp_path / "clear.png")
    assert work(tmp_path / "clear.png", operation="image.ocr").result["preview"] == f"{SENTENCES['eng']}\n"
    Image.new("L", (200, 200), 255).save(tmp_path / "blank.png")
    done = work(tmp_path / "blank.png", operation="image.ocr")
    assert (done.result["words"], done.result["confidence"]) == (0, None)
    assert done.path("blank.txt").read_text() == ""


def test_damaged_and_huge_pictures_and_absent_languages_are_refused(work: Work, tmp_path: Path) -> None:
    draw_text([SENTENCES["eng"]]).save(tmp_path / "page.png")
    with pytest.raises(InputError) as caught:
        work(cut(tmp_path / "page.png", tmp_path / "cut.png"), operation="image.ocr")
    assert caught.value.code == "corrupt_file"
    with pytest.raises(InputError) as caught:
        work(tmp_path / "page.png", operation="image.ocr", input_limits=InputLimits(max_pixels=1000))
    assert caught.value.code == "too_many_pixels"
    with pytest.raises(SystemFault, match="apt-get install tesseract-ocr-kat,"):
        work(tmp_path / "page.png", operation="image.ocr", languages=["kat"])
