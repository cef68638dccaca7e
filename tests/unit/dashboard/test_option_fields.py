"""Form fields made from the operations' own models."""

import pytest

from filemill.dashboard.option_fields import Part, describe_options, read_options
from filemill.processing import operations
from filemill.processing.operations import checking


def part(task_type: str, name: str) -> Part:
    return next(part for option in describe_options(task_type) for part in option.parts if part.name == name)


@pytest.mark.parametrize("task_type", ["image", "video", "document"])
def test_every_option_of_an_operation_has_a_field(task_type: str) -> None:
    known = list(operations.for_task_type(task_type).options.model_fields)
    assert [option.name for option in describe_options(task_type)] == known


@pytest.mark.parametrize("task_type", ["image", "video", "document"])
def test_an_untouched_form_asks_for_nothing(task_type: str) -> None:
    values = {part.name: "" for option in describe_options(task_type) for part in option.parts}
    assert read_options(task_type, values) == {}


def test_the_fields_have_the_kinds_that_fit() -> None:
    assert part("image", "image.format").kind == "choice"
    assert part("image", "image.quality").kind == "words"
    assert part("image", "image.auto_orient").kind == "switch"
    assert part("video", "video.poster").kind == "switch"
    width = part("image", "image.resize.width")
    assert (width.kind, width.minimum, width.maximum) == ("number", 1, 16_384)


def test_one_format_stands_in_the_menu_once() -> None:
    assert part("image", "image.format").choices == ("jpeg", "png", "webp", "avif", "gif", "tiff", "auto")


@pytest.mark.parametrize("task_type", ["image", "video", "document"])
def test_every_choice_of_every_menu_is_accepted(task_type: str) -> None:
    operation = operations.for_task_type(task_type)
    for option in describe_options(task_type):
        for field in option.parts:
            for choice in field.choices or (("yes", "no") if field.kind == "switch" else ()):
                values = {field.name: choice}
                if field.key:
                    values[f"{task_type}.{option.name}.width"] = "10"
                assert checking.check(operation, read_options(task_type, values)).problems == []


@pytest.mark.parametrize("text", ["abc", "-1", "1e3", "1.5", "٣", "9" * 50])
def test_what_is_no_number_is_left_for_the_operation_to_refuse(text: str) -> None:
    metadata = read_options("document", {"document.dpi": text})
    problems = checking.check(operations.for_task_type("document"), metadata).problems
    assert [problem.option for problem in problems] == ["dpi"]
