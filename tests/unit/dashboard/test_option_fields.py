"""Form fields made from the operations' own models."""

import json
from typing import Any

import pytest

from filemill.dashboard.option_fields import Option, Part, describe_options, list_operations, read_options
from filemill.processing import operations
from filemill.processing.operations import checking


def usual(task_type: str) -> list[Option]:
    return describe_options(operations.for_task_type(task_type), prefix=task_type)


def part(task_type: str, name: str) -> Part:
    return next(part for option in usual(task_type) for part in option.parts if part.name == name)


@pytest.mark.parametrize("task_type", ["image", "video", "document"])
def test_every_option_of_an_operation_has_a_field(task_type: str) -> None:
    known = list(operations.for_task_type(task_type).options.model_fields)
    assert [option.name for option in usual(task_type)] == known


@pytest.mark.parametrize("task_type", ["image", "video", "document"])
def test_an_untouched_form_asks_for_nothing(task_type: str) -> None:
    values = {part.name: "" for option in usual(task_type) for part in option.parts}
    assert read_options(usual(task_type), values) == {}


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
    for option in usual(task_type):
        for field in option.parts:
            for choice in field.choices or (("yes", "no") if field.kind == "switch" else ()):
                values = {field.name: choice}
                if field.key:
                    values[f"{task_type}.{option.name}.width"] = "10"
                assert checking.check(operation, read_options(usual(task_type), values)).problems == []


@pytest.mark.parametrize("text", ["abc", "-1", "1e3", "1.5", "٣", "9" * 50])
def test_what_is_no_number_is_left_for_the_operation_to_refuse(text: str) -> None:
    metadata = read_options(usual("document"), {"document.dpi": text})
    problems = checking.check(operations.for_task_type("document"), metadata).problems
    assert [problem.option for problem in problems] == ["dpi"]


@pytest.mark.parametrize("operation", list_operations(), ids=lambda operation: operation.name)
def test_every_operation_that_works_on_one_file_has_a_form(operation: Any) -> None:
    options = describe_options(operation, prefix=operation.name)
    assert [option.name for option in options] == list(operation.options.model_fields)
    assert all(part.name.startswith(f"{operation.name}.") for option in options for part in option.parts)


def test_examples_typed_into_the_form_are_accepted() -> None:
    """A list or an object may be typed as JSON; what a person types of the examples must mean the same."""
    for operation in list_operations():
        for option in describe_options(operation, prefix="x"):
            described = checking.schema(operation)["properties"][option.name]
            for example in described["examples"]:
                if len(option.parts) > 1 or isinstance(example, bool):
                    continue
                text = example if isinstance(example, str) else json.dumps(example)
                metadata = read_options([option], {option.parts[0].name: text})
                wrong = [found for found in checking.check(operation, metadata).problems if found.option]
                assert wrong == [], f"{operation.name}.{option.name}: {text}"
