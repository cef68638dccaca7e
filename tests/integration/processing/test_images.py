"""Pictures, through the real cage."""

import time
from pathlib import Path

import pytest
from PIL import Image

from filemill.processing.errors import InputError, OptionsError
from tests.integration.processing.conftest import SAMPLES, Work
from tests.integration.processing.inputs import cut, make_animation, make_bomb

PHOTO = SAMPLES / "photo.jpg"


def _open(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        picture.load()
        return picture


def test_a_photo_without_options_gives_its_facts_and_a_stripped_copy(work: Work) -> None:
    done = work(PHOTO)
    assert done.result["format"] == "jpeg"
    assert done.result["mode"] == "RGB"
    assert done.result["size"] == [600, 400]
    assert done.result["output"] == {"name": "photo.jpg", "format": "jpeg", "width": 600, "height": 400}
    copy = _open(done.path("photo.jpg"))
    assert (copy.format, copy.size, dict(copy.getexif())) == ("JPEG", (600, 400), {})
    assert done.percents == sorted(done.percents)
    assert done.percents[-1] == 100.0


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "avif", "gif"])
def test_a_photo_becomes_every_format_on_offer(work: Work, name: str) -> None:
    done = work(PHOTO, format=name, resize=[120, 120])
    copy = _open(done.path(done.result["output"]["name"]))
    assert (copy.format, copy.size) == (name.upper(), (120, 80))


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "avif", "gif", "bmp", "tiff"])
def test_every_format_promised_is_read(work: Work, tmp_path: Path, name: str) -> None:
    source = tmp_path / f"picture.{name}"
    _open(PHOTO).save(source)
    done = work(source)
    assert done.result["format"] == name
    assert _open(done.path(done.result["output"]["name"])).size == (600, 400)


@pytest.mark.parametrize(
    ("resize", "size"),
    [
        ([1920, 1080], (600, 400)),
        ([300, 300], (300, 200)),
        ({"width": 150}, (150, 100)),
        ({"width": 200, "height": 200, "fit": "cover"}, (200, 200)),
        ({"width": 200, "height": 200, "fit": "contain"}, (200, 200)),
        ({"width": 200, "height": 90, "fit": "fill"}, (200, 90)),
        ({"width": 200, "height": 200, "fit": "outside"}, (300, 200)),
    ],
)
def test_each_fit_gives_the_size_it_promises(work: Work, resize: object, size: tuple[int, int]) -> None:
    done = work(PHOTO, resize=resize)
    assert _open(done.path("photo.jpg")).size == size


def test_a_large_photo_comes_out_the_same_whether_shrunk_in_the_decoder_or_after(work: Work, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    _open(PHOTO).resize((2400, 1600)).save(large, quality=95)
    small = _open(work(large, resize=[900, 900]).path("large.jpg"))
    wanted = _open(PHOTO).resize((900, 600))
    difference = [abs(a - b) for a, b in zip(small.tobytes(), wanted.tobytes(), strict=True)]
    assert sum(difference) / len(difference) < 5


def test_a_photo_taken_sideways_is_turned_upright(work: Work, tmp_path: Path) -> None:
    sideways = tmp_path / "sideways.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    _open(PHOTO).transpose(Image.Transpose.ROTATE_90).save(sideways, exif=exif)
    done = work(sideways)
    assert done.result["size"] == [600, 400]
    assert _open(done.path("sideways.jpg")).size == (600, 400)
    assert work(sideways, auto_orient=False).result["size"] == [400, 600]


def test_cmyk_and_16_bit_pictures_become_ordinary_ones(work: Work, tmp_path: Path) -> None:
    _open(PHOTO).convert("CMYK").save(tmp_path / "cmyk.jpg")
    Image.new("I;16", (60, 40), 40_000).save(tmp_path / "deep.png")
    cmyk, deep = work(tmp_path / "cmyk.jpg"), work(tmp_path / "deep.png")
    assert (cmyk.result["mode"], _open(cmyk.path("cmyk.jpg")).mode) == ("CMYK", "RGB")
    assert (deep.result["bit_depth"], _open(deep.path("deep.png")).mode) == (16, "L")


def test_transparency_is_kept_where_the_format_can_and_white_where_it_can_not(work: Work, tmp_path: Path) -> None:
    clear = tmp_path / "clear.png"
    Image.new("RGBA", (50, 50), (255, 0, 0, 0)).save(clear)
    assert _open(work(clear, format="webp").path("clear.webp")).getpixel((9, 9))[3] == 0  # type: ignore[index]
    assert min(_open(work(clear, format="jpeg").path("clear.jpg")).getpixel((9, 9))) > 250  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["gif", "webp"])
def test_an_animation_stays_one_frame_by_frame(work: Work, tmp_path: Path, name: str) -> None:
    source = make_animation(tmp_path / "disc.gif")
    done = work(source, format=name, resize={"width": 100, "height": 100, "fit": "cover"})
    with Image.open(done.path(f"disc.{name}")) as copy:
        assert (copy.n_frames, copy.size) == (6, (100, 100))  # type: ignore[attr-defined]
    assert done.result["pages"] == 6


def test_an_animation_becomes_its_first_frame_in_a_format_without_frames(work: Work, tmp_path: Path) -> None:
    done = work(make_animation(tmp_path / "disc.gif"), format="png")
    assert getattr(_open(done.path("disc.png")), "n_frames", 1) == 1


@pytest.mark.parametrize("name", ["jpg", "png", "gif", "webp", "bmp", "tiff", "avif"])
@pytest.mark.parametrize("resize", [None, [400, 400], [280, 280], [100, 100]], ids=str)
def test_a_picture_cut_short_is_refused_as_corrupt(work: Work, tmp_path: Path, name: str, resize: object) -> None:
    whole = tmp_path / f"whole.{name}"
    _open(PHOTO).save(whole)
    with pytest.raises(InputError) as caught:
        work(cut(whole, tmp_path / f"cut.{name}"), resize=resize)
    assert caught.value.code == "corrupt_file"


def test_a_bomb_is_refused_within_a_second_before_it_goes_off(work: Work, tmp_path: Path) -> None:
    bomb = make_bomb(tmp_path / "bomb.png")
    work(PHOTO)  # so that the cage stands
    started = time.monotonic()
    with pytest.raises(InputError, match="60000 x 60000") as caught:
        work(bomb)
    assert caught.value.code == "too_many_pixels"
    assert time.monotonic() - started < 1


def test_a_size_that_the_format_can_not_hold_is_an_error_of_the_options(work: Work, tmp_path: Path) -> None:
    line = tmp_path / "line.png"
    Image.new("L", (4000, 4)).save(line)
    with pytest.raises(OptionsError) as caught:
        work(line, resize={"height": 64, "fit": "cover", "enlarge": True}, format="webp")
    assert caught.value.code == "invalid_options"
