"""Wrong values of known options are problems; unknown names are warnings."""

import pytest

from filemill.processing.operations import OPERATIONS, for_task_type
from filemill.processing.operations.checking import check, schema, valid_values


@pytest.mark.parametrize(
    ("task_type", "metadata"),
    [
        ("image", {"quality": "high", "resize": [1920, 1080]}),
        ("image", {"resize": {"width": 10, "fit": "cover"}, "format": "jpg", "quality": 1}),
        ("video", {"format": "webm", "poster": {"at": "50%"}}),
        ("video", {"poster": {"at": 2}}),
        ("video", {"poster": False, "quality": None}),
        ("document", {"dpi": 300, "preview_rows": 0, "text": False}),
    ],
)
def test_right_values_give_options(task_type: str, metadata: dict[str, object]) -> None:
    checked = check(for_task_type(task_type), metadata)
    assert (checked.problems, checked.warnings) == ([], [])
    assert checked.options is not None


@pytest.mark.parametrize(
    ("task_type", "option", "value"),
    [
        ("image", "quality", 0),
        ("image", "quality", 101),
        ("image", "quality", "ultra"),
        ("image", "quality", True),
        ("image", "quality", "85"),
        ("image", "resize", [0, 10]),
        ("image", "resize", [10]),
        ("image", "resize", [10, 10, 10]),
        ("image", "resize", [10.5, 10]),
        ("image", "resize", "10x10"),
        ("image", "resize", {}),
        ("image", "resize", {"width": 10, "fit": "cut"}),
        ("image", "resize", {"width": 10, "hieght": 10}),
        ("image", "resize", [20_000, 10]),
        ("image", "format", "bmp"),
        ("image", "auto_orient", "yes"),
        ("video", "format", "avi"),
        ("video", "poster", {"at": "150%"}),
        ("video", "poster", {"at": -1}),
        ("video", "poster", 1),
        ("document", "dpi", 1200),
        ("document", "preview_rows", -1),
    ],
)
def test_a_wrong_value_is_told_by_option_and_what_is_valid(task_type: str, option: str, value: object) -> None:
    operation = for_task_type(task_type)
    checked = check(operation, {option: value})
    assert checked.options is None
    (problem,) = checked.problems
    assert problem.option == option
    assert problem.message.startswith(f"Option '{option}' must be {valid_values(operation, option)}; it is ")


def test_an_unknown_option_is_a_warning_with_the_nearest_name() -> None:
    checked = check(for_task_type("image"), {"qualty": "high"})
    (warning,) = checked.warnings
    assert (warning.code, warning.nearest) == ("unknown_option", "quality")
    assert warning.message == "Unknown option 'qualty': did you mean 'quality'?"
    assert checked.options is not None


def test_an_unknown_option_far_from_all_is_told_the_options() -> None:
    (warning,) = check(for_task_type("video"), {"zzz": 1}).warnings
    assert warning.message.startswith("Unknown option 'zzz': the options are format, resize, quality, preset, ")


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_option_is_described_with_examples_and_what_is_valid(name: str) -> None:
    operation = OPERATIONS[name]
    for option, described in schema(operation)["properties"].items():
        assert described["description"], option
        assert described["examples"], option
        assert "default" in described or option, option
        assert valid_values(operation, option)
        for example in described["examples"]:
            assert check(operation, {option: example}).problems == []


def test_a_task_type_that_nothing_serves_is_named() -> None:
    with pytest.raises(KeyError, match="audio"):
        for_task_type("audio")
