"""The geometry of the fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemill.processing.operations.image.geometry import Box, lay_out
from filemill.processing.operations.naming import name_stem
from filemill.processing.operations.sizing import Fit, Resize, Size, plan_layout, round_to_even

SIDES = st.integers(1, 16_384)


@given(width=SIDES, height=SIDES, across=SIDES, down=SIDES)
def test_inside_never_enlarges_and_never_leaves_the_box(width: int, height: int, across: int, down: int) -> None:
    layout = plan_layout(Size(width, height), Resize(width=across, height=down))
    assert layout.scaled == layout.canvas
    assert 1 <= layout.canvas.width <= min(width, across)
    assert 1 <= layout.canvas.height <= min(height, down)


@given(width=SIDES, height=SIDES, across=SIDES, down=SIDES, fit=st.sampled_from(["cover", "contain", "fill"]))
def test_a_box_that_is_filled_has_its_very_size(width: int, height: int, across: int, down: int, fit: Fit) -> None:
    layout = plan_layout(Size(width, height), Resize(width=across, height=down, fit=fit))
    assert layout.canvas == Size(across, down)
    if fit == "cover":
        assert layout.scaled.width >= across
        assert layout.scaled.height >= down


@given(width=SIDES, height=SIDES, across=SIDES, down=SIDES)
def test_fill_down_has_the_shape_of_the_box_and_is_never_enlarged(
    width: int, height: int, across: int, down: int
) -> None:
    source = Size(width, height)
    layout = plan_layout(source, Resize(width=across, height=down, fit="fill-down"))
    if width >= across and height >= down:
        assert layout == plan_layout(source, Resize(width=across, height=down, fit="cover"))
    else:
        assert layout == lay_out(source, Box(width=across, height=down, fit="cover")), "as of a picture"
        assert layout.scaled == source


def test_a_side_left_out_follows_from_the_aspect_ratio() -> None:
    assert plan_layout(Size(600, 400), Resize(height=100)).canvas == Size(150, 100)


def test_sides_of_films_are_even() -> None:
    assert round_to_even(Size(321, 1)) == Size(320, 2)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("My photo (1).HEIC", "My-photo-1"),
        ("фото.jpg", "фото"),
        ("../../etc/passwd", "image"),
        ("-rf.png", "rf"),
        ("....", "image"),
        ("a" * 500 + ".png", "a" * 120),
        ("new\nline%00.png", "new-line-00"),
    ],
)
def test_a_name_is_made_safe(name: str, stem: str) -> None:
    assert name_stem(name, fallback="image") == stem


@pytest.mark.parametrize("side", range(20, 160, 7))
def test_a_side_given_alone_is_met_exactly(side: int) -> None:
    assert plan_layout(Size(160, 90), Resize(width=side)).canvas.width == side
    assert plan_layout(Size(90, 160), Resize(height=side)).canvas.height == side
