"""Facts of pictures, and the operations that make several pictures of one or one of several, through the real cage."""

import re
from pathlib import Path

import pytest
from PIL import Image, ImageCms, ImageDraw
from PIL.ExifTags import GPS, IFD, Base
from PIL.TiffImagePlugin import IFDRational

from filemill.processing.errors import InputError, OptionsError
from tests.integration.processing.conftest import Work
from tests.integration.processing.inputs import cut, make_animation, make_bomb
from tests.integration.processing.pictures import PHOTO, corners, make_quadrants, opened, photo, psnr


# --- describe ---
def test_a_picture_is_described(work: Work, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Orientation] = "Brownie", 6
    exif.get_ifd(IFD.Exif)[Base.ExposureTime] = IFDRational(1, 250)
    gps = exif.get_ifd(IFD.GPSInfo)
    gps[GPS.GPSLatitudeRef], gps[GPS.GPSLongitudeRef] = "S", "E"
    gps[GPS.GPSLatitude] = (IFDRational(39), IFDRational(39), IFDRational(0))
    gps[GPS.GPSLongitude] = (IFDRational(66), IFDRational(57), IFDRational(36))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo().save(tmp_path / "told.jpg", exif=exif, icc_profile=profile)
    done = work(tmp_path / "told.jpg", operation="image.describe")
    facts = done.result
    assert done.outputs == {}
    assert (facts["format"], facts["width"], facts["height"], facts["orientation"]) == ("jpeg", 400, 600, 6)
    assert facts["exif"]["Make"] == "Brownie"
    assert facts["exif"]["ExposureTime"] == 0.004
    assert facts["exif"]["gps"] == {"latitude": -39.65, "longitude": 66.96}
    assert "sRGB" in facts["icc"]["description"]
    assert facts["icc"]["color_space"] == "RGB"
    assert facts["has_xmp"] is False
    assert re.fullmatch(r"[0-9a-f]{16}", facts["perceptual_hash"])
    assert len(facts["blurhash"]) == 28


def test_dominant_colours_are_those_that_take_most_room(work: Work, tmp_path: Path) -> None:
    flag = Image.new("RGB", (300, 100), (0, 80, 200))
    ImageDraw.Draw(flag).rectangle([0, 0, 99, 99], fill=(250, 220, 0))
    flag.save(tmp_path / "flag.png")
    [first, second, *rest] = work(tmp_path / "flag.png", operation="image.describe").result["dominant_colors"]
    assert (first["color"], second["color"]) == ("#0050c8", "#fadc00")
    assert abs(first["share"] - 2 / 3) < 0.04
    assert sum(colour["share"] for colour in rest) < 0.05


def test_as_many_colours_are_named_as_asked_for_and_no_more_than_there_are(work: Work, tmp_path: Path) -> None:
    Image.new("RGB", (60, 60), "#0050c8").save(tmp_path / "plain.png")

    def name_colours(path: Path, **options: int) -> dict[str, float]:
        result = work(path, operation="image.describe", **options).result
        return {colour["color"]: colour["share"] for colour in result["dominant_colors"]}

    told = {count: name_colours(PHOTO, colors=count) for count in (1, 3, 8, 16)}
    assert {count: len(colours) for count, colours in told.items()} == {1: 1, 3: 3, 8: 8, 16: 16}
    assert all(sum(colours.values()) == pytest.approx(1, abs=0.002) for colours in told.values())
    assert len(name_colours(PHOTO)) == 5
    assert name_colours(tmp_path / "plain.png", colors=16) == {"#0050c8": 1}


def test_an_animation_is_described_with_its_pace(work: Work, tmp_path: Path) -> None:
    facts = work(make_animation(tmp_path / "disc.gif"), operation="image.describe").result
    assert (facts["frames"], facts["delays"], facts["duration"], facts["loop"]) == (6, [80] * 6, 0.48, 0)


@pytest.mark.parametrize("name", ["cmyk.jpg", "deep.png", "clear.png", "grey.png", "one.png"])
def test_every_kind_of_picture_is_described(work: Work, tmp_path: Path, name: str) -> None:
    picture = {
        "cmyk.jpg": lambda: photo().convert("CMYK"),
        "deep.png": lambda: Image.new("I;16", (60, 40), 40_000),
        "clear.png": lambda: Image.new("RGBA", (60, 40), (255, 0, 0, 0)),
        "grey.png": lambda: photo().convert("L"),
        "one.png": lambda: Image.new("RGB", (1, 1), (1, 2, 3)),
    }[name]()
    picture.save(tmp_path / name)
    facts = work(tmp_path / name, operation="image.describe").result
    assert facts["dominant_colors"]
    assert facts["has_alpha"] is (name == "clear.png")


@pytest.mark.parametrize(
    "block", [b"MM\0*\0\0\0\x08\xff\xff" + bytes(range(256)) * 4, b"MM\0*\0\0", b"MM\0*" + bytes(40)]
)
def test_spoilt_exif_is_no_reason_to_fail(work: Work, tmp_path: Path, block: bytes) -> None:
    photo().save(tmp_path / "odd.jpg", exif=b"Exif\0\0" + block)
    facts = work(tmp_path / "odd.jpg", operation="image.describe").result
    assert isinstance(facts["exif"], dict)
    assert facts["blurhash"]


# --- optimize ---
def test_optimized_files_are_smaller_and_look_the_same(work: Work, tmp_path: Path) -> None:
    for name, options in {"jpg": {"quality": 95}, "png": {}, "webp": {"quality": 95}, "gif": {}}.items():
        photo().save(tmp_path / f"large.{name}", **options)  # type: ignore[arg-type]
        done = work(tmp_path / f"large.{name}", operation="image.optimize")
        made = done.path(f"large.{name}")
        assert done.result["bytes"] == made.stat().st_size, name
        assert made.stat().st_size <= (tmp_path / f"large.{name}").stat().st_size, name
        assert psnr(opened(made), opened(tmp_path / f"large.{name}")) > 30, name
        if name in ("jpg", "webp"):
            assert done.result["saved"] > 0.3, name


def test_a_png_of_few_colours_gets_a_palette_and_keeps_every_pixel(work: Work, tmp_path: Path) -> None:
    make_quadrants(tmp_path / "drawing.png")
    done = work(tmp_path / "drawing.png", operation="image.optimize")
    copy = opened(done.path("drawing.png"))
    assert copy.mode == "P"
    assert psnr(copy, opened(tmp_path / "drawing.png")) > 90


def test_what_can_not_be_made_smaller_stays_as_it_is(work: Work, tmp_path: Path) -> None:
    first = work(PHOTO, operation="image.optimize", quality=40).path("photo.jpg")
    (tmp_path / "small.jpg").write_bytes(first.read_bytes())
    done = work(tmp_path / "small.jpg", operation="image.optimize", quality=95)
    assert done.result["is_unchanged"] is True
    assert done.result["saved"] == 0
    assert done.path("small.jpg").read_bytes() == first.read_bytes()
    with pytest.raises(OptionsError, match="without loss"):
        work(PHOTO, operation="image.optimize", lossless=True)


# --- srcset ---
def test_a_srcset_offers_the_widths_that_there_are_pixels_for(work: Work, tmp_path: Path) -> None:
    done = work(PHOTO, operation="image.srcset", widths=[100, 300, 900], format="webp", alt='A "cup"')
    assert done.result["srcset"] == "photo-100w.webp 100w, photo-300w.webp 300w, photo-600w.webp 600w"
    assert done.result["html"] == (
        '<img src="photo-600w.webp" srcset="photo-100w.webp 100w, photo-300w.webp 300w, photo-600w.webp 600w" '
        'sizes="100vw" width="600" height="400" alt="A &quot;cup&quot;">'
    )
    for width in (100, 300, 600):
        copy = opened(done.path(f"photo-{width}w.webp"))
        assert copy.size == (width, round(width * 2 / 3))
        assert psnr(copy, photo().resize(copy.size, Image.Resampling.LANCZOS)) > 30
    square = work(PHOTO, operation="image.srcset", widths=[100, 900], crop={"aspect": "1:1"})
    assert [copy["width"] for copy in square.result["outputs"]] == [100, 400]
    assert opened(square.path("photo-400w.jpg")).size == (400, 400)


# --- frames ---
@pytest.mark.parametrize(
    ("options", "numbers"),
    [({}, [1, 2, 3, 4, 5, 6]), ({"frames": "2,5-last"}, [2, 5, 6]), ({"every": 4}, [1, 5]), ({"frames": 3}, [3])],
)
def test_the_frames_asked_for_come_out_whole(
    work: Work, tmp_path: Path, options: dict[str, object], numbers: list[int]
) -> None:
    source = make_animation(tmp_path / "disc.gif")
    done = work(source, operation="image.frames", **options)
    assert list(done.outputs) == [f"disc-frame-{number}.png" for number in numbers]
    with Image.open(source) as animation:
        for number in numbers:
            animation.seek(number - 1)
            frame = opened(done.path(f"disc-frame-{number}.png"))
            assert getattr(frame, "n_frames", 1) == 1
            assert psnr(frame, animation.convert("RGB")) > 45


def test_a_webp_frame_is_a_still_picture_and_absent_frames_are_told(work: Work, tmp_path: Path) -> None:
    source = make_animation(tmp_path / "disc.gif")
    done = work(source, operation="image.frames", frames="1", format="webp")
    with Image.open(done.path("disc-frame-1.webp")) as frame:
        assert getattr(frame, "n_frames", 1) == 1
    with pytest.raises(OptionsError, match="the picture has 6"):
        work(source, operation="image.frames", frames="7")


# --- join ---
def test_pictures_are_put_side_by_side_below_each_other_and_in_a_grid(work: Work, tmp_path: Path) -> None:
    one, two = make_quadrants(tmp_path / "one.png", (200, 100)), make_quadrants(tmp_path / "two.png", (80, 40))
    row = opened(work(one, operation="image.join", inputs=[two], gap=10).path("one-joined.png"))
    assert (row.size, corners(row)) == ((170, 40), "rgby")
    assert row.getpixel((85, 20)) == (255, 255, 255)
    column = opened(
        work(one, operation="image.join", inputs=[two], direction="vertical", width=100).path("one-joined.png")
    )
    assert (column.size, corners(column)) == ((100, 100), "rgby")
    grid = work(
        one,
        operation="image.join",
        inputs=[two, PHOTO],
        direction="grid",
        width=50,
        height=50,
        fit="contain",
        background="transparent",
    )
    sheet = opened(grid.path("one-joined.png"))
    assert (sheet.mode, sheet.size) == ("RGBA", (100, 100))
    assert sheet.getpixel((75, 75))[3] == 0  # type: ignore[index]
    assert [source["format"] for source in grid.result["sources"]] == ["png", "png", "jpeg"]


def test_each_joined_picture_is_judged_as_the_first_is(work: Work, tmp_path: Path) -> None:
    for path, code in {
        make_bomb(tmp_path / "bomb.png"): "too_many_pixels",
        cut(PHOTO, tmp_path / "cut.jpg"): "corrupt_file",
    }.items():
        with pytest.raises(InputError) as caught:
            work(PHOTO, operation="image.join", inputs=[path])
        assert caught.value.code == code
    with pytest.raises(OptionsError, match="Together they would be"):
        work(PHOTO, operation="image.join", inputs=[PHOTO] * 8, height=16_384)
