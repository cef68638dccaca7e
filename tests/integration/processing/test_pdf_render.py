"""Pages drawn through the real cage, compared with what poppler draws."""

import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from filemill.processing.errors import InputError, OptionsError
from filemill.processing.input_limits import InputLimits
from tests.integration.processing.conftest import Work
from tests.integration.processing.pdf_inputs import make_form, make_locked, make_numbered, make_torn
from tests.integration.processing.pdf_readers import MILL


def _draw_by_poppler(path: Path, target: Path, page: int, dpi: int) -> Path:
    command = ["pdftoppm", "-png", "-singlefile", "-r", str(dpi), "-f", str(page), "-l", str(page)]
    subprocess.run([*command, str(path), str(target.with_suffix(""))], check=True)
    return target


def _difference(one: Path, other: Path) -> float:
    """The mean difference of two pictures, 0 to 255, looked at from some distance."""
    with Image.open(one) as first, Image.open(other) as second:
        assert first.size == second.size
        pictures = [picture.convert("L").resize((120, 170)) for picture in (first, second)]
    return ImageStat.Stat(ImageChops.difference(*pictures)).mean[0]


def _darkest(picture: Image.Image) -> int:
    shades = [shade for shade, count in enumerate(picture.convert("L").histogram()) if count]
    return shades[0]


def test_pages_look_as_another_reader_draws_them(work: Work, tmp_path: Path) -> None:
    done = work(MILL, operation="document.render", dpi=96)
    assert list(done.outputs) == ["mill-page-1.png", "mill-page-2.png", "mill-page-3.png"]
    for number in (1, 2, 3):
        theirs = _draw_by_poppler(MILL, tmp_path / f"{number}.png", number, 96)
        assert _difference(done.path(f"mill-page-{number}.png"), theirs) < 4.0
    wrong = _draw_by_poppler(MILL, tmp_path / "wrong.png", 2, 96)
    assert _difference(done.path("mill-page-1.png"), wrong) > 8.0, "the comparison tells no pages apart"
    assert done.outputs["mill-page-3.png"].facts == {"width": 794, "height": 1123, "page": 3}
    assert done.result == {"pages": 3, "rendered_pages": 3}


@pytest.mark.parametrize(
    ("options", "mode", "size", "kind"),
    [
        ({"format": "jpeg", "width": 400}, "RGB", (400, 566), "JPEG"),
        ({"format": "jpg", "height": 300, "grayscale": True}, "L", (213, 300), "JPEG"),
        ({"format": "webp", "width": 200, "height": 200}, "RGB", (142, 200), "WEBP"),
        ({"format": "png", "transparent": True, "dpi": 36}, "RGBA", (298, 421), "PNG"),
        ({"format": "png", "grayscale": True, "dpi": 36}, "L", (298, 421), "PNG"),
    ],
)
def test_pages_come_in_the_format_and_size_asked_for(
    work: Work, options: dict[str, object], mode: str, size: tuple[int, int], kind: str
) -> None:
    done = work(MILL, operation="document.render", pages="2", **options)
    (output,) = done.outputs.values()
    with Image.open(output.path) as picture:
        assert (picture.mode, picture.size, picture.format) == (mode, size, kind)
        assert _darkest(picture) < 100, "nothing is drawn"
        if mode == "RGBA":
            assert picture.getpixel((0, 0)) == (255, 255, 255, 0)


def test_what_stands_in_a_form_is_drawn(work: Work, tmp_path: Path) -> None:
    done = work(make_form(tmp_path / "form.pdf"), operation="document.render", dpi=72)
    with Image.open(done.path("form-page-1.png")) as picture:
        assert _darkest(picture.crop((20, 260, 150, 280))) < 128


def test_an_encrypted_pdf_is_drawn_with_its_password(work: Work, tmp_path: Path) -> None:
    source = make_locked(tmp_path / "a.pdf")
    done = work(source, operation="document.render", pages="1", width=100, password="reader")
    assert list(done.outputs) == ["a-page-1.png"]


def test_a_huge_page_is_refused_before_it_is_drawn(work: Work, tmp_path: Path) -> None:
    source = make_numbered(tmp_path / "wall.pdf", 1, size=(14_400, 14_400))
    with pytest.raises(InputError, match="ask for a lower dpi") as caught:
        work(source, operation="document.render")
    assert caught.value.code == "too_many_pixels"
    assert caught.value.evidence["peak_memory_bytes"] < 200 * 1024**2  # type: ignore[operator]
    assert len(work(source, operation="document.render", width=100).outputs) == 1


def test_the_setting_for_pixels_holds_for_pages(work: Work) -> None:
    with pytest.raises(InputError) as caught:
        work(MILL, operation="document.render", input_limits=InputLimits(max_pixels=100_000))
    assert caught.value.code == "too_many_pixels"


def test_more_than_a_thousand_pictures_are_refused(work: Work, tmp_path: Path) -> None:
    source = make_numbered(tmp_path / "book.pdf", 1001)
    with pytest.raises(OptionsError, match="1,001 pictures; 1,000 are allowed"):
        work(source, operation="document.render", dpi=10)
    assert len(work(source, operation="document.render", dpi=10, pages="1-100").outputs) == 100


def test_a_page_that_is_damaged_is_left_out_and_named(work: Work, tmp_path: Path) -> None:
    done = work(make_torn(tmp_path / "torn.pdf"), operation="document.render", dpi=36)
    assert list(done.outputs) == ["torn-page-1.png", "torn-page-3.png"]
    assert done.result == {"pages": 3, "rendered_pages": 2, "unreadable_pages": [2]}
