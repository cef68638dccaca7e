"""Cutting, trimming, turning and fitting pictures, through the real cage, judged by Pillow."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageOps

from filemill.processing.errors import OptionsError
from tests.integration.processing.conftest import Work
from tests.integration.processing.inputs import make_animation
from tests.integration.processing.pictures import PHOTO, corners, make_quadrants, name_colour, opened, photo, psnr


@pytest.fixture
def quadrants(tmp_path: Path) -> Path:
    return make_quadrants(tmp_path / "quadrants.png")


@pytest.mark.parametrize("fit", ["inside", "cover", "fill", "outside"])
def test_each_fit_looks_as_pillow_makes_it(work: Work, fit: str) -> None:
    copy = opened(work(PHOTO, width=240, height=240, fit=fit, format="png").path("photo.png"))
    resample = Image.Resampling.LANCZOS
    wanted = {
        "inside": lambda: photo().resize((240, 160), resample),
        "cover": lambda: ImageOps.fit(photo(), (240, 240), resample),
        "fill": lambda: photo().resize((240, 240), resample),
        "outside": lambda: photo().resize((360, 240), resample),
    }[fit]()
    assert psnr(copy, wanted) > 35


@pytest.mark.parametrize(
    ("name", "box", "size"),
    [
        ("fit", (240, 240), (240, 160)),
        ("fillcrop", (240, 240), (240, 240)),
        ("fill-down", (240, 240), (240, 240)),
        ("fill-down", (800, 800), (400, 400)),
        ("stretch", (240, 240), (240, 240)),
        ("force", (240, 240), (240, 240)),
        ("min_fit", (240, 240), (360, 240)),
        ("auto", (240, 120), (240, 120)),
        ("auto", (120, 240), (120, 80)),
        ("crop", (240, 240), (240, 240)),
        ("crop", (800, 300), (600, 300)),
    ],
)
def test_a_name_that_other_services_use_gives_what_it_gives_there(
    work: Work, name: str, box: tuple[int, int], size: tuple[int, int]
) -> None:
    width, height = box
    copy = opened(work(PHOTO, width=width, height=height, fit=name, format="png").path("photo.png"))
    assert copy.size == size
    assert psnr(copy, make_by_pillow(name, size)) > 35


def make_by_pillow(name: str, size: tuple[int, int]) -> Image.Image:
    """Stretch the photo to a size, cover it, or cut it out of the middle, as the name of a fit says."""
    whole, (width, height) = photo(), size
    match name:
        case "fit" | "min_fit" | "stretch" | "force":
            return whole.resize(size, Image.Resampling.LANCZOS)
        case "crop":
            left, top = (whole.width - width) // 2, (whole.height - height) // 2
            return whole.crop((left, top, left + width, top + height))
        case _:
            return ImageOps.fit(whole, size, Image.Resampling.LANCZOS)


def test_crop_as_a_fit_cuts_every_pixel_as_it_is_where_gravity_says(work: Work, quadrants: Path) -> None:
    copy = opened(work(quadrants, width=150, height=40, fit="crop", gravity="southeast").path("quadrants.png"))
    assert copy.size == (150, 40)
    assert copy.convert("RGB").tobytes() == opened(quadrants).convert("RGB").crop((50, 60, 200, 100)).tobytes()


def test_pad_shows_all_of_the_picture_on_its_background(work: Work) -> None:
    copy = opened(work(PHOTO, width=240, height=240, fit="pad", background="white", format="png").path("photo.png"))
    wanted = Image.new("RGB", (240, 240), "white")
    wanted.paste(photo().resize((240, 160), Image.Resampling.LANCZOS), (0, 40))
    assert psnr(copy, wanted) > 35


def test_contain_pads_with_the_background_where_gravity_says(work: Work, quadrants: Path) -> None:
    done = work(quadrants, width=100, height=100, fit="pad", background="white", gravity="north")
    copy = opened(done.path("quadrants.png"))
    assert copy.size == (100, 100)
    assert [name_colour(copy, at) for at in ((5, 5), (5, 45), (5, 60), (95, 95))] == ["r", "b", "w", "w"]


def test_contain_without_a_background_pads_with_nothing(work: Work, quadrants: Path) -> None:
    copy = opened(work(quadrants, width=100, height=100, fit="contain").path("quadrants.png"))
    assert copy.mode == "RGBA"
    assert copy.getpixel((50, 2))[3] == 0  # type: ignore[index]
    assert copy.getpixel((50, 50))[3] == 255  # type: ignore[index]
    jpeg = opened(work(quadrants, width=100, height=100, fit="contain", format="jpeg").path("quadrants.jpg"))
    assert name_colour(jpeg, (50, 2)) == "w"


@pytest.mark.parametrize(
    ("gravity", "seen"),
    [
        ("west", "rrbb"),
        ("right", "ggyy"),
        ("ea", "ggyy"),
        ("center", "rgby"),
        ({"x": 0.1, "y": 0.5}, "rrbb"),
        ("fp:0.9:0.5", "ggyy"),
    ],
)
def test_cover_keeps_the_part_that_gravity_names(work: Work, quadrants: Path, gravity: object, seen: str) -> None:
    done = work(quadrants, resize={"width": 80, "height": 80, "fit": "cover", "gravity": gravity})
    copy = opened(done.path("quadrants.png"))
    assert (copy.size, corners(copy)) == ((80, 80), seen)


@pytest.mark.parametrize("gravity", ["smart", "entropy", "attention", "sm"])
def test_cover_can_look_for_what_matters(work: Work, tmp_path: Path, gravity: str) -> None:
    scene = Image.new("RGB", (600, 200), (90, 110, 90))
    bright = photo().resize((150, 150))
    scene.paste(bright, (430, 25))
    scene.save(tmp_path / "scene.png")
    copy = opened(work(tmp_path / "scene.png", width=200, height=200, fit="cover", gravity=gravity).path("scene.png"))
    found = copy.crop((100, 100, 101, 101)).getpixel((0, 0))
    assert copy.size == (200, 200)
    assert found != (90, 110, 90), "the part kept is the empty one"


def test_nothing_is_enlarged_unless_asked_for(work: Work, quadrants: Path) -> None:
    sizes = {
        (fit, enlarge): opened(
            work(quadrants, width=400, height=400, fit=fit, enlarge=enlarge).path("quadrants.png")
        ).size
        for fit in ("inside", "cover", "contain", "fill", "outside")
        for enlarge in (False, True)
    }
    assert sizes == {
        ("inside", False): (200, 100),
        ("inside", True): (400, 200),
        ("cover", False): (100, 100),
        ("cover", True): (400, 400),
        ("contain", False): (400, 400),
        ("contain", True): (400, 400),
        ("fill", False): (200, 100),
        ("fill", True): (400, 400),
        ("outside", False): (200, 100),
        ("outside", True): (800, 400),
    }


@pytest.mark.parametrize(
    ("crop", "box"),
    [
        ({"left": 100, "top": 50, "width": 300, "height": 200}, (100, 50, 400, 250)),
        ({"x1": "25%", "y1": "25%", "x2": "75%", "y2": "75%"}, (150, 100, 450, 300)),
        ({"width": 200, "height": 100, "gravity": "northwest"}, (0, 0, 200, 100)),
        ({"width": "50%", "height": "50%", "gravity": "fp:1:1"}, (300, 200, 600, 400)),
        ({"left": 500, "top": 300, "width": 300, "height": 300}, (500, 300, 600, 400)),
    ],
)
def test_a_part_is_cut_out_pixel_by_pixel(work: Work, crop: object, box: tuple[int, int, int, int]) -> None:
    copy = opened(work(PHOTO, crop=crop, format="png").path("photo.png"))
    assert psnr(copy, photo().crop(box)) > 45  # two JPEG decoders differ by a rounding


def test_a_crop_is_resized_afterwards(work: Work) -> None:
    done = work(PHOTO, crop={"left": 0, "top": 0, "width": 400, "height": 400}, resize=[100, 100], format="png")
    copy = opened(done.path("photo.png"))
    assert psnr(copy, photo().crop((0, 0, 400, 400)).resize((100, 100), Image.Resampling.LANCZOS)) > 35


def test_a_crop_beside_the_picture_is_an_error_of_the_options(work: Work) -> None:
    with pytest.raises(OptionsError, match="outside the picture, which is 600 x 400") as caught:
        work(PHOTO, crop={"left": 600, "top": 0, "width": 10, "height": 10})
    assert caught.value.code == "invalid_options"


@pytest.mark.parametrize(
    ("degrees", "seen"), [(90, "bryg"), (180, "ybgr"), (-90, "gyrb"), (270, "gyrb"), (360, "rgby")]
)
def test_quarter_turns_are_exact(work: Work, quadrants: Path, degrees: int, seen: str) -> None:
    copy = opened(work(quadrants, rotate=degrees).path("quadrants.png"))
    wanted = opened(quadrants).rotate(-degrees, expand=True)
    assert corners(copy) == seen
    assert psnr(copy, wanted) > 60


def test_a_turned_picture_fits_the_box_as_it_stands(work: Work, quadrants: Path) -> None:
    copy = opened(work(quadrants, rotate=90, resize=[50, 60]).path("quadrants.png"))
    assert (copy.size, corners(copy)) == ((30, 60), "bryg")


def test_any_other_angle_grows_the_canvas_and_fills_its_corners(work: Work, quadrants: Path) -> None:
    copy = opened(work(quadrants, rotate=30, background="#ffffff").path("quadrants.png"))
    wanted = opened(quadrants).rotate(-30, expand=True, fillcolor=(255, 255, 255), resample=Image.Resampling.BICUBIC)
    assert abs(copy.width - wanted.width) <= 2
    assert abs(copy.height - wanted.height) <= 2
    assert corners(copy) == "wwww"
    assert psnr(copy.resize(wanted.size), wanted) > 20
    clear = opened(work(quadrants, rotate=30).path("quadrants.png"))
    assert clear.getpixel((1, 1))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(("flip", "seen"), [("horizontal", "gryb"), ("v", "byrg"), ("both", "ybgr")])
def test_a_picture_is_mirrored(work: Work, quadrants: Path, flip: str, seen: str) -> None:
    assert corners(opened(work(quadrants, flip=flip).path("quadrants.png"))) == seen


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("wish", [{}, {"crop": {"left": 20, "top": 10, "width": 100, "height": 60}}, {"width": 50}])
def test_every_orientation_comes_out_upright_whatever_else_is_done(
    work: Work, tmp_path: Path, orientation: int, wish: dict[str, object]
) -> None:
    upright = opened(make_quadrants(tmp_path / "upright.png"))
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    taken = upright if undo is None else upright.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    taken.save(tmp_path / "taken.jpg", exif=exif, quality=95)
    done = work(tmp_path / "taken.jpg", format="png", **wish)
    copy = opened(done.path("taken.png"))
    assert done.result["size"] == [200, 100]
    assert corners(copy) == "rgby"


@pytest.mark.parametrize("trim", [True, 20, {"threshold": 10, "background": "white"}])
def test_a_border_of_one_colour_is_trimmed(work: Work, tmp_path: Path, trim: object) -> None:
    framed = Image.new("RGB", (300, 200), (255, 255, 255))
    framed.paste(photo().crop((200, 100, 350, 200)), (70, 40))
    framed.save(tmp_path / "framed.png")
    copy = opened(work(tmp_path / "framed.png", trim=trim).path("framed.png"))
    assert abs(copy.width - 150) <= 1
    assert abs(copy.height - 100) <= 1


def test_a_clear_border_is_trimmed_and_a_picture_that_is_all_border_stays(work: Work, tmp_path: Path) -> None:
    clear = Image.new("RGBA", (90, 60), (0, 0, 0, 0))
    ImageDraw.Draw(clear).rectangle([30, 20, 49, 39], fill=(0, 0, 0, 255))
    clear.save(tmp_path / "clear.png")
    assert opened(work(tmp_path / "clear.png", trim=True).path("clear.png")).size == (20, 20)
    Image.new("RGB", (30, 30), (9, 9, 9)).save(tmp_path / "plain.png")
    assert opened(work(tmp_path / "plain.png", trim=True).path("plain.png")).size == (30, 30)


@pytest.mark.parametrize("size", [(40, 2), (1, 40), (2, 2)])
def test_a_picture_of_one_or_two_lines_is_trimmed_too(work: Work, tmp_path: Path, size: tuple[int, int]) -> None:
    line = Image.new("RGB", size, (255, 255, 255))
    line.paste((0, 0, 0), (0, 0, min(20, size[0]), min(20, size[1])))
    line.putpixel((0, 0), (255, 255, 255))
    line.save(tmp_path / "line.png")
    copy = opened(work(tmp_path / "line.png", trim={"threshold": 10, "background": "white"}).path("line.png"))
    assert copy.size == (min(20, size[0]), min(20, size[1]) - (size == (1, 40)))


@pytest.mark.parametrize(
    "wish",
    [
        {"crop": {"left": 0, "top": 20, "width": 100, "height": 60}},
        {"rotate": 90},
        {"rotate": 20, "background": "white"},
        {"flip": "horizontal"},
        {"trim": True},
        {"width": 60, "height": 60, "fit": "cover", "gravity": "smart"},
        {"width": 60, "height": 60, "fit": "contain", "background": "navy"},
        {"blur": 2, "grayscale": True},
        {"watermark": {"text": "disc"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["gif", "webp"])
def test_whatever_is_done_an_animation_keeps_its_frames_and_its_pace(
    work: Work, tmp_path: Path, name: str, wish: dict[str, object]
) -> None:
    done = work(make_animation(tmp_path / "disc.gif"), format=name, **wish)
    with Image.open(done.path(f"disc.{name}")) as copy:
        assert copy.n_frames == 6  # type: ignore[attr-defined]
        sizes, delays = set(), []
        for number in range(6):
            copy.seek(number)
            copy.load()
            sizes.add(copy.size)
            delays.append(copy.info["duration"])
    assert sizes == {(done.result["output"]["width"], done.result["output"]["height"])}
    assert delays == [80] * 6
