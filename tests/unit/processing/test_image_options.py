"""The options of the image operations: every wrong value is refused in a sentence, the right ones become a recipe."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from filemill.processing.errors import OptionsError
from filemill.processing.operations import OPERATIONS
from filemill.processing.operations.checking import check
from filemill.processing.operations.image.geometry import Box
from filemill.processing.operations.image.planning import plan_copy
from filemill.processing.operations.image.recipe import Recipe, write_recipe
from filemill.processing.operations.image.transform import ImageOptions
from filemill.processing.operations.planning import Facts

WRONG: Final[Mapping[str, list[object]]] = {
    "resize": [
        [0, 1],
        [1],
        [1, 2, 3],
        [16_385, 1],
        ["1", "2"],
        {},
        {"fit": "cover"},
        {"width": 1, "fit": "big"},
        "1x1",
    ],
    "width": [0, -1, 16_385, 1.5, "100", True],
    "height": [0, 16_385, "100"],
    "fit": ["zoom", 1, ""],
    "enlarge": ["yes", 1],
    "gravity": ["up", {"x": 2, "y": 0}, "fp:1", 5],
    "crop": [
        {},
        "10",
        {"aspect": "16/9"},
        {"aspect": "0:1"},
        {"aspect": "1:1", "width": 5},
        {"left": 1},
        {"width": "200%"},
        {"width": 1, "colour": 2},
        [0, 0, 10, 10],
    ],
    "trim": ["yes", -1, 256, {"threshold": "10"}, {"background": "whitish"}],
    "auto_orient": ["true", 1],
    "rotate": [361, -361, "90", True],
    "flip": ["diagonal", True, 1],
    "background": ["whitish", "#12", 0, [0, 0, 0]],
    "blur": [0.2, 251, "5", True],
    "sharpen": [0.2, 11, "1"],
    "brightness": [-0.1, 10.1, "1"],
    "contrast": [-1, 11],
    "saturation": [-1, 11],
    "grayscale": ["no", 0],
    "watermark": [
        "text",
        {"text": ""},
        {"text": " \n"},
        {"text": "a" * 201},
        {"text": "a", "position": "smart"},
        {"opacity": 2},
        {"scale": 0},
        {"scale": 1.1},
        {"offset": [1]},
        {"offset": ["a", "b"]},
        {"repeat": "x"},
        {"color": "whitish"},
        {"font": "Arial"},
    ],
    "format": ["bmp", "svg", "heic", "", 1],
    "quality": [0, 101, "best", 50.5],
    "lossless": ["yes"],
    "progressive": [1],
    "max_bytes": [0, 199, "200kb", 1e6],
    "strip_metadata": ["all", 0],
    "keep_icc": [1],
    "keep_copyright": ["© Anna"],
}


def test_every_option_of_an_image_has_wrong_values_here() -> None:
    assert set(WRONG) == set(ImageOptions.model_fields)


@pytest.mark.parametrize(("option", "value"), [(option, value) for option in WRONG for value in WRONG[option]], ids=str)
def test_a_wrong_value_is_refused_with_what_would_be_right(option: str, value: object) -> None:
    checked = check(OPERATIONS["image.transform"], {option: value})
    [problem] = checked.problems
    assert problem.option == option
    assert problem.message.startswith(f"Option '{option}' must be ")
    assert checked.options is None


OTHERS_WRONG: Final[list[tuple[str, str, object]]] = [
    ("describe", "colors", 0),
    ("describe", "colors", 17),
    ("optimize", "quality", "best"),
    ("srcset", "widths", []),
    ("srcset", "widths", [0]),
    ("srcset", "widths", ["100"]),
    ("srcset", "widths", [1] * 21),
    ("srcset", "sizes", '"><script>'),
    ("srcset", "sizes", ""),
    ("srcset", "alt", 5),
    ("srcset", "alt", "a" * 301),
    ("frames", "frames", "0"),
    ("frames", "frames", "first"),
    ("frames", "every", 0),
    ("frames", "format", "bmp"),
    ("join", "direction", "diagonal"),
    ("join", "columns", 0),
    ("join", "width", 0),
    ("join", "height", 20_000),
    ("join", "gap", -1),
    ("join", "fit", "fill"),
    ("join", "background", "whitish"),
    ("crop", "crop", {"aspect": "wide"}),
]


@pytest.mark.parametrize(("family", "option", "value"), OTHERS_WRONG, ids=str)
def test_the_families_refuse_their_own_wrong_values(family: str, option: str, value: object) -> None:
    [problem] = check(OPERATIONS[f"image.{family}"], {option: value}).problems
    assert problem.message.startswith(f"Option '{option}' must be ")


def recipe_of(**options: object) -> Recipe:
    checked = check(OPERATIONS["image.transform"], options)
    assert not checked.problems, checked.problems
    assert checked.options is not None
    return write_recipe(checked.options, stem="x")


@pytest.mark.parametrize(
    ("options", "box"),
    [
        ({}, None),
        ({"fit": "cover"}, None),
        ({"quality": "high", "resize": [1920, 1080]}, Box(width=1920, height=1080)),
        ({"width": 100}, Box(width=100)),
        (
            {"resize": [100, 50], "fit": "pad", "gravity": "sm"},
            Box(width=100, height=50, fit="contain", gravity="smart"),
        ),
        ({"resize": {"width": 9, "fit": "force", "enlarge": True}}, Box(width=9, fit="fill", enlarge=True)),
        ({"width": 9, "fit": "auto"}, Box(width=9, fit="auto")),
        ({"resize": {"width": 9, "fit": "crop"}}, Box(width=9, fit="crop")),
        ({"resize": {"width": 9, "fit": "cover"}, "fit": "inside", "height": 8}, Box(width=9, height=8)),
    ],
)
def test_the_box_is_said_by_resize_and_by_what_stands_beside_it(options: dict[str, object], box: Box | None) -> None:
    assert recipe_of(**options).box == box


def test_a_recipe_comes_through_json_as_it_was() -> None:
    recipe = recipe_of(
        resize=[10, 20],
        gravity="fp:0.1:0.2",
        crop={"x1": "1%", "y1": 2, "x2": "50%", "y2": 60},
        trim=True,
        watermark={"text": "ʻ", "offset": [3, -4]},
        background="#12345678",
        max_bytes=5000,
    )
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe


def _plan(facts: Facts, **options: object) -> dict[str, Any]:
    [output] = plan_copy(facts, recipe_of(**options)).outputs
    return {"name": output.name, **output.facts.describe()}


PHOTO = Facts(media_type="image/jpeg", width=4000, height=3000)


def test_a_plan_names_the_format_and_the_size() -> None:
    assert _plan(PHOTO, resize=[1920, 1080]) == {
        "name": "*.jpg",
        "media_type": "image/jpeg",
        "width": 1440,
        "height": 1080,
    }
    assert _plan(PHOTO, crop={"width": "50%", "height": "50%"}, rotate=90, format="webp") == {
        "name": "*.webp",
        "media_type": "image/webp",
        "width": 1500,
        "height": 2000,
    }
    cut = _plan(PHOTO, width=100, height=9000, fit="crop")
    assert (cut["width"], cut["height"]) == (100, PHOTO.height)
    assert _plan(PHOTO, trim=True) == {"name": "*.jpg", "media_type": "image/jpeg"}
    assert _plan(PHOTO, width=10, format="auto")["name"] == "*.*"


@pytest.mark.parametrize(
    ("media_type", "more", "planned"),
    [
        ("image/bmp", {}, "image/jpeg"),
        ("image/heic", {"has_alpha": False}, "image/jpeg"),
        ("image/tiff", {"has_alpha": True}, "image/png"),
        ("image/gif", {}, "image/gif"),
    ],
)
def test_a_plan_knows_what_becomes_of_other_formats(media_type: str, more: dict[str, Any], planned: str) -> None:
    assert _plan(Facts(media_type=media_type, width=9, height=9, more=more))["media_type"] == planned


def test_an_animation_is_planned_with_its_frames_where_it_stays_one() -> None:
    moving = Facts(media_type="image/gif", width=100, height=100, frames=12)
    assert _plan(moving)["frames"] == 12
    assert "frames" not in _plan(moving, format="png")


def test_a_plan_refuses_what_can_not_be_done() -> None:
    with pytest.raises(OptionsError, match="outside the picture"):
        _plan(PHOTO, crop={"left": 4000, "top": 0, "width": 5, "height": 5})
    with pytest.raises(OptionsError, match="more than webp can hold"):
        _plan(PHOTO, width=16_384, height=10, fit="fill", enlarge=True, format="webp")
    with pytest.raises(OptionsError, match="can't be lossless"):
        recipe_of(format="jpeg", lossless=True)


def test_dear_wishes_cost_more() -> None:
    costs = [
        plan_copy(PHOTO, recipe_of(**options)).cost.cpu_seconds
        for options in (
            {"resize": [100, 100]},
            {"resize": [1920, 1080]},
            {"resize": [1920, 1080], "format": "avif"},
            {"resize": [1920, 1080], "format": "avif", "max_bytes": 10_000},
        )
    ]
    assert costs == sorted(costs)
    assert costs[-1] > 5 * costs[1]
