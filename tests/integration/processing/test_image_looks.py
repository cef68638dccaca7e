"""Adjusting pictures and laying texts over them, through the real cage, judged by Pillow."""

from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageOps, ImageStat

from filemill.processing.errors import InputError, OptionsError
from tests.integration.processing.conftest import Work
from tests.integration.processing.inputs import cut, make_bomb
from tests.integration.processing.pictures import PHOTO, opened, photo, psnr


def _adjusted(work: Work, **options: object) -> Image.Image:
    return opened(work(PHOTO, format="png", **options).path("photo.png"))


def _matrix(factor: float) -> tuple[float, ...]:
    """The colour matrix of CSS's saturate(), for Pillow."""
    weights = (0.2126, 0.7152, 0.0722)
    rows = [
        [weight * (1 - factor) + (factor if row == column else 0) for column, weight in enumerate(weights)]
        for row in range(3)
    ]
    return tuple(value for row in rows for value in (*row, 0.0))


def test_brightness_contrast_and_saturation_are_factors_as_in_css(work: Work) -> None:
    bright = photo().point(lambda value: min(255, value * 1.5))
    hard = photo().point(lambda value: min(255, max(0, (value - 127.5) * 1.4 + 127.5)))
    vivid = photo().convert("RGB", _matrix(1.8))
    assert psnr(_adjusted(work, brightness=1.5), bright) > 38
    assert psnr(_adjusted(work, contrast=1.4), hard) > 38
    assert psnr(_adjusted(work, saturation=1.8), vivid) > 38
    assert psnr(_adjusted(work, brightness=1, contrast=1, saturation=1), photo()) > 45


def test_the_ends_of_the_ranges_are_black_grey_and_colourless(work: Work) -> None:
    assert ImageStat.Stat(_adjusted(work, brightness=0)).mean == [0, 0, 0]
    assert all(abs(mean - 127.5) <= 0.5 for mean in ImageStat.Stat(_adjusted(work, contrast=0)).mean)
    red, green, blue = _adjusted(work, saturation=0).convert("RGB").split()
    assert psnr(red, green) > 45
    assert psnr(green, blue) > 45


def test_grayscale_has_one_band_and_the_brightness_that_was_there(work: Work) -> None:
    copy = _adjusted(work, grayscale=True)
    assert copy.mode == "L"
    assert psnr(copy, ImageOps.grayscale(photo())) > 25


def test_blur_is_a_gaussian_and_sharpen_makes_edges_steeper(work: Work) -> None:
    assert psnr(_adjusted(work, blur=4), photo().filter(ImageFilter.GaussianBlur(4))) > 35

    def steepness(picture: Image.Image) -> float:
        return ImageStat.Stat(picture.convert("L").filter(ImageFilter.FIND_EDGES)).mean[0]

    assert steepness(_adjusted(work, sharpen=1.5)) > 1.1 * steepness(photo())
    assert steepness(_adjusted(work, blur=2)) < 0.8 * steepness(photo())


def test_adjusting_leaves_transparency_as_it_is(work: Work, tmp_path: Path) -> None:
    half = photo().resize((60, 40)).convert("RGBA")
    half.putalpha(Image.linear_gradient("L").resize((60, 40)))
    half.save(tmp_path / "half.png")
    done = work(tmp_path / "half.png", brightness=1.3, saturation=2, contrast=0.8, grayscale=True)
    copy = opened(done.path("half.png"))
    assert copy.mode == "LA"
    assert psnr(copy.getchannel("A"), half.getchannel("A")) > 60


TEXTS = {
    "english": "Filemill",
    "uzbek": "Oʻzbekcha gʻoya, maʼno",
    "uzbek cyrillic": "Ўзбекча қандай ғоя ҳам",
    "russian": "Съешь ещё этих булок",
    "greek": "Ξεσκεπάζω",
    "arabic": "مطحنة الحبوب",
    "hebrew": "טחנת קמח",
    "two lines": "© Anna\n2026",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_text_is_drawn_where_it_is_asked_for_and_nowhere_else(work: Work, tmp_path: Path, text: str) -> None:
    Image.new("RGB", (400, 200), (0, 0, 0)).save(tmp_path / "black.png")
    done = work(tmp_path / "black.png", watermark={"text": text, "position": "southeast", "scale": 0.5})
    copy = opened(done.path("black.png")).convert("L")
    box = copy.getbbox()
    assert box is not None
    assert box[0] >= 200
    assert box[1] >= 100
    assert box[2:] == (400, 200)
    assert ImageStat.Stat(copy.crop(box)).mean[0] > 20


def test_each_letter_of_the_promised_scripts_has_a_shape_of_its_own(work: Work, tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), (0, 0, 0)).save(tmp_path / "black.png")
    shapes = {
        letter: opened(
            work(tmp_path / "black.png", watermark={"text": letter, "scale": 1, "position": "center"}).path("black.png")
        ).tobytes()
        for letter in "AaЎўҚқҒғҲҳʻʼЯяΩאשضעםکڭ"
    }
    missing = work(tmp_path / "black.png", watermark={"text": "\U0001f300", "scale": 1, "position": "center"})
    shapes["no such letter"] = opened(missing.path("black.png")).tobytes()
    assert len(set(shapes.values())) == len(shapes)


def test_arabic_letters_are_joined(work: Work, tmp_path: Path) -> None:
    Image.new("RGB", (400, 200), (0, 0, 0)).save(tmp_path / "black.png")

    def count_gaps(text: str) -> int:
        done = work(tmp_path / "black.png", watermark={"text": text, "scale": 1, "position": "center"})
        picture = opened(done.path("black.png")).convert("L")
        columns = [picture.crop((x, 0, x + 1, 200)).getbbox() is not None for x in range(400)]
        return sum(before and not after for before, after in pairwise(columns))

    assert count_gaps("ححح") < count_gaps("ح\u200cح\u200cح")


def test_colour_opacity_and_offset_of_a_text(work: Work, tmp_path: Path) -> None:
    Image.new("RGB", (200, 100), (0, 0, 0)).save(tmp_path / "black.png")
    watermark = {"text": "II", "color": "#ff0000", "opacity": 0.5, "offset": [30, 20], "position": "top left"}
    copy = opened(work(tmp_path / "black.png", watermark=watermark).path("black.png"))
    red, green, _ = copy.split()
    assert green.getextrema() == (0, 0)
    assert abs(red.getextrema()[1] - 128) <= 2  # type: ignore[operator]
    assert red.getbbox()[:2] == (30, 20)  # type: ignore[index]


def test_a_repeated_text_covers_the_picture(work: Work, tmp_path: Path) -> None:
    Image.new("L", (300, 300), 0).save(tmp_path / "black.png")
    done = work(tmp_path / "black.png", watermark={"text": "no copy", "repeat": True, "offset": [10, 10]})
    copy = opened(done.path("black.png")).convert("L")
    for left in range(0, 300, 100):
        for top in range(0, 300, 100):
            assert copy.crop((left, top, left + 100, top + 100)).getbbox(), f"nothing at {left}, {top}"


def test_a_watermark_of_nothing_is_an_error_of_the_options(work: Work) -> None:
    with pytest.raises(OptionsError, match="names no text"):
        work(PHOTO, watermark={"position": "center"})


@pytest.fixture
def logo(tmp_path: Path) -> Path:
    """A red disc on nothing, twice as wide as high."""
    picture = Image.new("RGBA", (100, 50), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse([0, 0, 99, 49], fill=(255, 0, 0, 255))
    picture.save(tmp_path / "logo.png")
    return tmp_path / "logo.png"


def test_a_picture_is_laid_over_another_as_pillow_would(work: Work, tmp_path: Path, logo: Path) -> None:
    watermark = {"scale": 0.5, "opacity": 0.6, "position": "northwest", "offset": [40, 20]}
    copy = opened(work(PHOTO, inputs=[logo], watermark=watermark, format="png").path("photo.png"))
    over = opened(logo).resize((300, 150), Image.Resampling.LANCZOS)
    over.putalpha(over.getchannel("A").point(lambda value: value * 0.6))
    wanted = photo().convert("RGBA")
    wanted.alpha_composite(over, (40, 20))
    assert psnr(copy, wanted) > 35


def test_a_picture_given_without_a_word_is_a_watermark(work: Work, tmp_path: Path, logo: Path) -> None:
    Image.new("RGB", (400, 400), (0, 0, 0)).save(tmp_path / "black.png")
    copy = opened(work(tmp_path / "black.png", inputs=[logo]).path("black.png"))
    assert copy.getbbox() == (300, 350, 400, 400)


def test_a_watermark_keeps_the_transparency_of_what_it_lies_on(work: Work, tmp_path: Path, logo: Path) -> None:
    Image.new("RGBA", (400, 400), (0, 0, 255, 0)).save(tmp_path / "clear.png")
    copy = opened(work(tmp_path / "clear.png", inputs=[logo], watermark={"position": "center"}).path("clear.png"))
    assert copy.getpixel((10, 10))[3] == 0  # type: ignore[index]
    assert copy.getpixel((200, 200)) == (255, 0, 0, 255)


@pytest.mark.parametrize("name", ["cut", "bomb", "svg"])
def test_a_watermark_is_a_strangers_file_too(work: Work, tmp_path: Path, logo: Path, name: str) -> None:
    path = {
        "cut": lambda: cut(PHOTO, tmp_path / "cut.jpg"),
        "bomb": lambda: make_bomb(tmp_path / "bomb.png"),
        "svg": lambda: _write_svg(tmp_path / "logo.svg"),
    }[name]()
    with pytest.raises(InputError) as caught:
        work(PHOTO, inputs=[path])
    assert caught.value.code == {"cut": "corrupt_file", "bomb": "too_many_pixels", "svg": "unsupported_format"}[name]


def _write_svg(path: Path) -> Path:
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    return path
