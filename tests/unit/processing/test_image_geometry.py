"""The geometry of pictures: boxes, crops, turns and gravity."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from filemill.processing.operations.colors import Rgba, to_rgba
from filemill.processing.operations.gravity import FocalPoint, Gravity, GravityOption, place_cut, without_seeing
from filemill.processing.operations.image.geometry import (
    Box,
    BoxFit,
    Crop,
    CropOption,
    EmptyCrop,
    Region,
    find_region,
    lay_out,
    turn,
)
from filemill.processing.operations.sizing import Fit, Size

SIDES = st.integers(1, 16_384)
SIZES = st.builds(Size, SIDES, SIDES)
GRAVITY: TypeAdapter[Gravity] = TypeAdapter(GravityOption)
CROP: TypeAdapter[Crop] = TypeAdapter(CropOption)


@given(source=SIZES, box=SIZES)
def test_inside_stays_in_the_box_and_touches_it_when_it_may_enlarge(source: Size, box: Size) -> None:
    small = lay_out(source, Box(width=box.width, height=box.height)).canvas
    assert small.width <= min(box.width, source.width)
    assert small.height <= min(box.height, source.height)
    large = lay_out(source, Box(width=box.width, height=box.height, enlarge=True)).canvas
    assert large.width == box.width or large.height == box.height


@given(source=SIZES, box=SIZES, fit=st.sampled_from(["cover", "contain", "fill"]))
def test_a_box_that_may_enlarge_is_filled_to_the_pixel(source: Size, box: Size, fit: Fit) -> None:
    assert lay_out(source, Box(width=box.width, height=box.height, fit=fit, enlarge=True)).canvas == box


@given(source=SIZES, box=SIZES, fit=st.sampled_from(["inside", "cover", "contain", "fill", "outside", "auto"]))
def test_nothing_is_scaled_up_unless_it_may_be(source: Size, box: Size, fit: BoxFit) -> None:
    layout = lay_out(source, Box(width=box.width, height=box.height, fit=fit))
    assert layout.scaled.width <= source.width
    assert layout.scaled.height <= source.height


@given(source=SIZES, box=SIZES, enlarge=st.booleans())
def test_cover_cuts_and_never_pads(source: Size, box: Size, enlarge: bool) -> None:
    layout = lay_out(source, Box(width=box.width, height=box.height, fit="cover", enlarge=enlarge))
    assert layout.scaled.width >= layout.canvas.width
    assert layout.scaled.height >= layout.canvas.height


def test_cover_of_a_small_picture_keeps_the_aspect_ratio_of_the_box() -> None:
    assert lay_out(Size(300, 200), Box(width=400, height=400, fit="cover")).canvas == Size(200, 200)


@pytest.mark.parametrize(
    ("source", "box", "canvas"),
    [
        (Size(300, 200), Size(90, 30), Size(90, 30)),
        (Size(200, 300), Size(30, 90), Size(30, 90)),
        (Size(300, 200), Size(30, 90), Size(30, 20)),
        (Size(200, 300), Size(90, 30), Size(20, 30)),
        (Size(300, 200), Size(50, 50), Size(50, 50)),
        (Size(200, 300), Size(60, 60), Size(40, 60)),
        (Size(200, 200), Size(90, 30), Size(90, 30)),
        (Size(200, 200), Size(30, 90), Size(30, 30)),
    ],
    ids=str,
)
def test_auto_covers_a_box_that_lies_or_stands_as_the_picture_does(source: Size, box: Size, canvas: Size) -> None:
    assert lay_out(source, Box(width=box.width, height=box.height, fit="auto")).canvas == canvas


@given(source=SIZES, box=SIZES, enlarge=st.booleans())
def test_crop_never_scales_and_stays_in_the_picture(source: Size, box: Size, enlarge: bool) -> None:
    layout = lay_out(source, Box(width=box.width, height=box.height, fit="crop", enlarge=enlarge))
    assert layout.scaled == source
    assert layout.canvas == Size(min(source.width, box.width), min(source.height, box.height))


def test_crop_leaves_a_side_as_it_is_that_the_box_leaves_out() -> None:
    assert lay_out(Size(300, 200), Box(width=90, fit="crop")).canvas == Size(90, 200)
    assert lay_out(Size(300, 200), Box(height=90, fit="crop")).canvas == Size(300, 90)


def test_a_side_left_out_follows_from_the_aspect_ratio() -> None:
    assert lay_out(Size(600, 400), Box(height=100)).canvas == Size(150, 100)
    assert lay_out(Size(600, 400), None).canvas == Size(600, 400)


@given(source=SIZES, degrees=st.sampled_from([0, 90, 180, 270, -90, 360]))
def test_turning_there_and_back_changes_nothing(source: Size, degrees: int) -> None:
    assert turn(turn(source, degrees), -degrees) == source


@given(source=SIZES, degrees=st.floats(-360, 360, allow_nan=False))
def test_a_turned_picture_is_at_least_as_long_as_it_was_and_at_most_its_diagonal(source: Size, degrees: float) -> None:
    turned = turn(source, degrees)
    diagonal = math.hypot(source.width, source.height)
    assert max(turned.width, turned.height) <= diagonal + 2
    assert turned.pixels >= source.pixels * 0.5 or min(source.width, source.height) < 4


LENGTHS = st.one_of(st.integers(0, 20_000), st.integers(0, 100).map(lambda part: f"{part}%"))


@given(source=SIZES, left=LENGTHS, top=LENGTHS, width=LENGTHS, height=LENGTHS)
def test_a_crop_lies_within_the_picture_or_is_empty(
    source: Size, left: int | str, top: int | str, width: int | str, height: int | str
) -> None:
    try:
        region = find_region(source, Crop(left=left, top=top, width=width, height=height))
    except EmptyCrop:
        return
    assert 0 <= region.left < region.left + region.width <= source.width
    assert 0 <= region.top < region.top + region.height <= source.height


@pytest.mark.parametrize(
    ("crop", "region"),
    [
        ({"x1": 10, "y1": 20, "x2": 110, "y2": 220}, Region(10, 20, 100, 200)),
        ({"x": "10%", "y": "10%", "width": "50%", "height": "50%"}, Region(60, 40, 300, 200)),
        ({"left": 100, "top": 100}, Region(100, 100, 500, 300)),
        ({"width": 100}, Region(250, 0, 100, 400)),
        ({"width": 100, "height": 100, "gravity": "se"}, None),
        ({"width": 100, "height": 100, "gravity": "soea"}, Region(500, 300, 100, 100)),
        ({"width": 100, "height": 100, "gravity": "smart"}, Region(250, 150, 100, 100)),
        ({"right": 100}, None),
        ({"left": 1, "width": 5}, None),
        ({"left": 1, "top": 1, "width": 5, "right": 7}, None),
        ({"width": "101%"}, None),
        ({"width": "ten"}, None),
        ({"width": -1}, None),
        ({}, None),
        ({"widht": 5}, None),
    ],
)
def test_crops_are_read_in_the_forms_people_know(crop: dict[str, object], region: Region | None) -> None:
    if region is None:
        with pytest.raises(ValidationError):
            CROP.validate_python(crop)
    else:
        assert find_region(Size(600, 400), CROP.validate_python(crop)) == region


@pytest.mark.parametrize(
    ("given_as", "gravity"),
    [
        ("North", "north"),
        ("top-left", "northwest"),
        ("right top", "northeast"),
        ("sowe", "southwest"),
        ("attention", "smart"),
        ("fp:0.25:1", FocalPoint(x=0.25, y=1)),
        ({"x": 0, "y": 0.5}, FocalPoint(x=0, y=0.5)),
    ],
)
def test_gravity_has_the_names_of_sharp_imgproxy_and_css(given_as: object, gravity: object) -> None:
    assert GRAVITY.validate_python(given_as) == gravity


@pytest.mark.parametrize(
    "wrong", ["up", "fp:2:0", "fp:0.5", "fp:nan:0", "fp:a:b", {"x": 0.5}, {"x": "0", "y": 0}, 3, ""]
)
def test_what_is_no_gravity_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError):
        GRAVITY.validate_python(wrong)


@given(x=st.floats(0, 1), y=st.floats(0, 1), whole=SIZES, part=SIZES)
def test_a_focal_point_is_as_near_the_middle_as_the_edges_allow(x: float, y: float, whole: Size, part: Size) -> None:
    cut = min(whole.width, part.width), min(whole.height, part.height)
    left, top = place_cut(FocalPoint(x=x, y=y), (whole.width, whole.height), cut)
    assert 0 <= left <= whole.width - cut[0]
    assert 0 <= top <= whole.height - cut[1]
    assert left - 1 <= x * whole.width <= left + cut[0] + 1
    assert top - 1 <= y * whole.height <= top + cut[1] + 1


def test_what_has_to_see_the_picture_counts_as_the_middle_before() -> None:
    assert without_seeing("smart") == "center"
    assert without_seeing("north") == "north"


@pytest.mark.parametrize(
    ("color", "rgba"),
    [
        ("#fff", Rgba(255, 255, 255, 255)),
        ("102030", Rgba(16, 32, 48, 255)),
        ("#10203040", Rgba(16, 32, 48, 64)),
        ("#f008", Rgba(255, 0, 0, 136)),
        (" Navy ", Rgba(0, 0, 128, 255)),
        ("transparent", Rgba(0, 0, 0, 0)),
    ],
)
def test_colours_are_read(color: str, rgba: Rgba) -> None:
    assert to_rgba(color) == rgba


@pytest.mark.parametrize("wrong", ["", "#", "#12", "#12345", "#ggg", "whitish", "rgb(1,2,3)", "#123456789"])
def test_what_is_no_colour_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="is no colour"):
        to_rgba(wrong)
