"""Watermarks on PDFs, through the real cage; drawn by poppler."""

import subprocess
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageChops

from filemill.processing.errors import InputError, OptionsError
from filemill.processing.input_limits import InputLimits
from tests.integration.processing.conftest import SAMPLES, Work
from tests.integration.processing.inputs import make_bomb
from tests.integration.processing.pdf_inputs import make_locked, make_numbered
from tests.integration.processing.pdf_readers import MILL, read_facts, read_texts


def _draw(path: Path, page: int = 1) -> Image.Image:
    command = ["pdftoppm", "-r", "72", "-f", str(page), "-l", str(page), "-png", "-singlefile", str(path)]
    done = subprocess.run(command, check=True, capture_output=True)
    return Image.open(BytesIO(done.stdout)).convert("RGB")


def _find_red(picture: Image.Image) -> tuple[int, int, int, int] | None:
    """The box around all that is clearly more red than green."""
    red, green, _ = picture.split()
    return ImageChops.subtract(red, green).point([0] * 60 + [255] * 196).getbbox()


def _make_red(path: Path, size: tuple[int, int] = (40, 20)) -> Path:
    Image.new("RGBA", size, (255, 0, 0, 255)).save(path)
    return path


def test_a_text_lies_across_every_page(work: Work, tmp_path: Path) -> None:
    book = make_numbered(tmp_path / "book.pdf", 2)
    done = work(book, operation="document.watermark", text="ЧЕРНОВИК", color="#ff0000", opacity=1.0)
    made = done.path("book-watermarked.pdf")
    for page in (1, 2):
        box = _find_red(_draw(made, page))
        assert box is not None
        left, top, right, bottom = box
        assert [right - left, bottom - top] == pytest.approx([100, 100], abs=10)
        assert [(left + right) / 2, (top + bottom) / 2] == pytest.approx([100, 150], abs=4)
    assert read_texts(made) == read_texts(book)
    assert done.result["stamped_pages"] == 2


@pytest.mark.parametrize(
    ("position", "box"),
    [("southeast", (150, 270, 190, 290)), ("top left", (10, 10, 50, 30)), ("center", (80, 140, 120, 160))],
)
def test_a_picture_lies_where_it_is_asked_for(
    work: Work, tmp_path: Path, position: str, box: tuple[int, int, int, int]
) -> None:
    book = make_numbered(tmp_path / "book.pdf", 2)
    done = work(
        book,
        operation="document.watermark",
        inputs=[_make_red(tmp_path / "red.png")],
        position=position,
        scale=0.2,
        opacity=1.0,
        margin=10,
        pages="2",
    )
    made = done.path("book-watermarked.pdf")
    assert _find_red(_draw(made, 1)) is None
    assert _find_red(_draw(made, 2)) == pytest.approx(box, abs=2)


@pytest.mark.parametrize(
    ("rotation", "sides", "tip"),
    [
        (0, (100, 50), (140, 150)),
        (30, (100, 84), (130, 133)),
        (90, (75, 150), (100, 90)),
        (-90, (75, 150), (100, 210)),
        (180, (100, 50), (60, 150)),
    ],
)
def test_a_picture_is_turned_to_the_left(
    work: Work, tmp_path: Path, rotation: int, sides: tuple[int, int], tip: tuple[int, int]
) -> None:
    arrow = Image.new("RGB", (40, 20), (255, 0, 0))
    arrow.paste((255, 0, 128), (28, 0, 40, 20))  # to the right, which shows where it points afterwards
    arrow.save(tmp_path / "arrow.png")
    done = work(
        make_numbered(tmp_path / "book.pdf", 1),
        operation="document.watermark",
        inputs=[tmp_path / "arrow.png"],
        rotation=rotation,
        scale=0.5,
        opacity=1.0,
    )
    picture = _draw(done.path("book-watermarked.pdf"))
    left, top, right, bottom = _find_red(picture) or (0, 0, 0, 0)
    assert (right - left, bottom - top) == pytest.approx(sides, abs=3)
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((100, 150), abs=2)
    assert picture.getpixel(tip) == pytest.approx((255, 0, 128), abs=8)


def test_a_text_may_lie_flat(work: Work, tmp_path: Path) -> None:
    done = work(
        make_numbered(tmp_path / "book.pdf", 1),
        operation="document.watermark",
        text="ЧЕРНОВИК",
        color="#ff0000",
        opacity=1.0,
        rotation=0,
    )
    left, top, right, bottom = _find_red(_draw(done.path("book-watermarked.pdf"))) or (0, 0, 0, 0)
    assert right - left > 4 * (bottom - top) > 0


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_on_a_turned_page_it_lies_as_the_page_is_seen(work: Work, tmp_path: Path, turn: int) -> None:
    turned = tmp_path / "turned.pdf"
    with pikepdf.open(make_numbered(tmp_path / "book.pdf", 1)) as pdf:
        pdf.pages[0].rotate(turn, relative=True)
        pdf.save(turned)
    done = work(
        turned,
        operation="document.watermark",
        inputs=[_make_red(tmp_path / "red.png")],
        position="southeast",
        scale=0.2,
        opacity=1.0,
        margin=10,
    )
    picture = _draw(done.path("turned-watermarked.pdf"))
    found = _find_red(picture)
    assert found is not None
    assert (picture.width - found[2], picture.height - found[3]) == pytest.approx((10, 10), abs=2)
    assert (found[2] - found[0]) / (found[3] - found[1]) == pytest.approx(2, abs=0.2)


def test_opacity_and_layer_are_seen(work: Work, tmp_path: Path) -> None:
    red = _make_red(tmp_path / "red.png")
    paper = tmp_path / "paper.pdf"
    with pikepdf.open(make_numbered(tmp_path / "book.pdf", 1)) as pdf:
        pdf.pages[0].contents_add(b"q 0 0 1 rg 0 0 200 150 re f Q", prepend=True)
        pdf.save(paper)
    half = work(paper, operation="document.watermark", inputs=[red], scale=1.0, margin=0, opacity=0.5)
    assert _draw(half.path("paper-watermarked.pdf")).getpixel((100, 120)) == pytest.approx((255, 128, 128), abs=4)
    under = work(paper, operation="document.watermark", inputs=[red], scale=1.0, margin=0, opacity=1.0, layer="under")
    picture = _draw(under.path("paper-watermarked.pdf"))
    assert picture.getpixel((100, 120)) == (255, 0, 0)
    assert picture.getpixel((100, 170)) == (0, 0, 255)


def test_a_page_of_another_pdf_is_laid_on(work: Work, tmp_path: Path) -> None:
    done = work(
        make_numbered(tmp_path / "book.pdf", 1),
        operation="document.watermark",
        inputs=[make_locked(tmp_path / "locked.pdf")],
        password="reader",
    )
    assert "Domesday" not in read_texts(done.path("book-watermarked.pdf"))[0]
    assert "A short history of the mill" in read_texts(done.path("book-watermarked.pdf"))[0]
    assert read_facts(done.path("book-watermarked.pdf"))["Encrypted"] == "no"


def test_without_anything_to_lay_on_it_is_refused(work: Work) -> None:
    with pytest.raises(OptionsError, match="give text, or a picture or PDF") as caught:
        work(MILL, operation="document.watermark")
    assert caught.value.code == "invalid_options"


def test_a_picture_that_is_a_bomb_or_cut_short_is_refused(work: Work, tmp_path: Path) -> None:
    bomb = make_bomb(tmp_path / "bomb.png")
    with pytest.raises(InputError) as caught:
        work(MILL, operation="document.watermark", inputs=[bomb], input_limits=InputLimits(max_pixels=10_000_000))
    assert caught.value.code == "too_many_pixels"
    torn = tmp_path / "torn.jpg"
    torn.write_bytes((SAMPLES / "photo.jpg").read_bytes()[:3000])
    with pytest.raises(InputError) as caught:
        work(MILL, operation="document.watermark", inputs=[torn])
    assert caught.value.code == "corrupt_file"
