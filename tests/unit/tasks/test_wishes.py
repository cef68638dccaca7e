"""What a request asks for: one operation, named outputs, or steps, and every way in which it can be wrong."""

from typing import Any

import pytest

from filemill.processing.operations.steps import MAX_STEPS
from filemill.tasks.drafts import Asked
from filemill.tasks.refusals import Refused
from filemill.tasks.wishes import PIPELINE, Wish, check_wish, fit_wish


def wish_of(task_type: str = "image", *, strict: bool = False, **asked: Any) -> Wish:
    return check_wish(task_type, Asked(**asked), strict=strict)


def refusal(task_type: str = "image", *, strict: bool = False, **asked: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as caught:
        wish_of(task_type, strict=strict, **asked)
    for problem in caught.value.problems:
        assert problem.message.endswith((".", "?")), problem
    return [(problem.field, problem.code) for problem in caught.value.problems]


def misfit(wish: Wish, media_type: str, *inputs: str) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as caught:
        fit_wish(wish, media_type, inputs)
    return [(problem.field, problem.code) for problem in caught.value.problems]


# --- one operation ---
def test_without_a_word_the_task_type_decides() -> None:
    names = [wish_of(task_type).operation for task_type in ("image", "video", "document")]
    assert names == ["image.transform", "video.transcode", "document.read"]


def test_a_single_operation_keeps_its_options_and_no_steps() -> None:
    wish = wish_of(metadata={"quality": "high", "note": "mine"})
    assert (wish.is_single, wish.options, wish.kept_steps) == (True, {"quality": "high"}, [])
    assert wish.metadata == {"quality": "high", "note": "mine"}
    assert [(warning["option"], warning["code"]) for warning in wish.warnings] == [("note", "unknown_option")]


def test_an_operation_is_chosen_by_name() -> None:
    assert wish_of(operation="image.transform").operation == "image.transform"


@pytest.mark.parametrize("name", ["image.transfrom", "", 5, ["image.transform"], "video.transcode"])
def test_an_operation_that_does_not_serve_the_task_type_is_refused(name: object) -> None:
    assert refusal(operation=name) == [("operation", "unknown_operation")]


def test_an_unknown_option_is_refused_when_that_is_asked_for() -> None:
    assert refusal(strict=True, metadata={"note": 1}) == [("metadata.note", "unknown_option")]


# --- outputs ---
def test_outputs_are_steps_on_the_file_with_the_shared_options() -> None:
    wish = wish_of(
        metadata={"quality": 70, "note": "x"}, outputs={"large": {"resize": [9, 9]}, "thumb": {"quality": 5}}
    )
    assert wish.operation == "image.transform"
    assert [(step["id"], step["use"], step["keep"]) for step in wish.kept_steps] == [
        ("large", ["original"], True),
        ("thumb", ["original"], True),
    ]
    assert [step["options"]["quality"] for step in wish.kept_steps] == [70, 5]
    assert [warning["option"] for warning in wish.warnings] == ["note"]


def test_an_output_of_its_own_operation_does_not_take_the_shared_options() -> None:
    wish = wish_of("video", metadata={"quality": "low"}, outputs={"film": {}, "page": {"op": "document.read"}})
    assert wish.operation == PIPELINE
    assert [step["options"] for step in wish.kept_steps] == [{"quality": "low"}, {}]


@pytest.mark.parametrize(
    ("outputs", "field", "code"),
    [
        ([], "outputs", "invalid_value"),
        ({}, "outputs", "invalid_value"),
        ({str(number): {} for number in range(MAX_STEPS + 1)}, "outputs", "invalid_value"),
        ({"a b": {}}, "outputs.a b", "invalid_value"),
        ({"original": {}}, "outputs.original", "invalid_value"),
        ({"../x": {}}, "outputs.../x", "invalid_value"),
        ({"a": []}, "outputs.a", "invalid_value"),
        ({"a": {"op": "no.such"}}, "outputs.a.op", "unknown_operation"),
        ({"a": {"quality": 0}}, "outputs.a.quality", "invalid_value"),
        ({"a": {"text": "\0"}}, "outputs", "invalid_characters"),
    ],
)
def test_wrong_outputs_are_named(outputs: object, field: str, code: str) -> None:
    assert refusal(outputs=outputs) == [(field, code)]


def test_an_unknown_option_of_an_output_is_named_by_its_place() -> None:
    assert [w["option"] for w in wish_of(outputs={"a": {"qualty": 1}}).warnings] == ["outputs.a.qualty"]
    assert refusal(strict=True, outputs={"a": {"qualty": 1}}) == [("outputs.a.qualty", "unknown_option")]


# --- steps ---
def test_steps_work_one_on_the_other_and_only_the_last_is_kept() -> None:
    wish = wish_of(steps=[{"op": "image.transform"}, {"op": "image.transform", "quality": 5}])
    assert [(step["id"], step["use"], step["keep"]) for step in wish.kept_steps] == [
        ("step1", ["original"], False),
        ("step2", ["step1"], True),
    ]


def test_a_step_may_name_what_it_uses_and_be_kept() -> None:
    steps = [
        {"op": "image.transform", "id": "big", "keep": True},
        {"op": "image.transform", "id": "small", "use": "big"},
        {"op": "image.transform", "use": ["original", "big/photo.jpg"]},
    ]
    assert [(step["use"], step["keep"]) for step in wish_of(steps=steps).kept_steps] == [
        (["original"], True),
        (["big"], True),
        (["original", "big/photo.jpg"], True),
    ]


@pytest.mark.parametrize(
    ("steps", "field", "code"),
    [
        ({}, "steps", "invalid_value"),
        ([], "steps", "invalid_value"),
        ([{"op": "image.transform"}] * (MAX_STEPS + 1), "steps", "invalid_value"),
        (["image.transform"], "steps[0]", "invalid_value"),
        ([{}], "steps[0].op", "unknown_operation"),
        ([{"op": "image.transform", "id": "a b"}], "steps[0].id", "invalid_value"),
        ([{"op": "image.transform", "id": 5}], "steps[0].id", "invalid_value"),
        ([{"op": "image.transform", "id": "a"}, {"op": "image.transform", "id": "a"}], "steps[1].id", "invalid_value"),
        ([{"op": "image.transform", "use": "later"}], "steps[0].use", "invalid_value"),
        ([{"op": "image.transform", "use": []}], "steps[0].use", "invalid_value"),
        ([{"op": "image.transform", "use": 5}], "steps[0].use", "invalid_value"),
        ([{"op": "image.transform", "keep": "yes"}], "steps[0].keep", "invalid_value"),
        ([{"op": "image.transform", "quality": 0}], "steps[0].quality", "invalid_value"),
    ],
)
def test_wrong_steps_are_named(steps: object, field: str, code: str) -> None:
    assert refusal(steps=steps) == [(field, code)]


def test_outputs_steps_and_operation_exclude_each_other() -> None:
    steps = [{"op": "image.transform"}]
    assert refusal(outputs={"a": {}}, steps=steps) == [("outputs", "conflicting_fields")]
    assert refusal(operation="image.transform", steps=steps) == [("operation", "conflicting_fields")]


# --- does it fit the file? ---
def test_a_wish_fits_a_file_that_its_operation_reads() -> None:
    fit_wish(wish_of(), "image/png", [])


def test_a_file_that_the_operation_does_not_read_is_refused() -> None:
    assert misfit(wish_of("video"), "audio/mpeg") == [("metadata", "unsupported_format")]


def test_a_step_on_what_is_no_file_is_refused() -> None:
    steps = [{"op": "document.read"}, {"op": "document.read"}]
    wish = wish_of("document", steps=steps)
    assert [code for _, code in misfit(wish, "image/png")] == ["unsupported_format", "nothing_to_use"]


def test_further_files_that_nothing_takes_are_refused() -> None:
    assert misfit(wish_of("document"), "text/plain", "text/plain") == [("inputs", "unexpected_inputs")]


def test_sound_given_to_an_operation_on_films_is_told_which_operations_take_it() -> None:
    with pytest.raises(Refused, match=r"video\.transcode does not read audio/mpeg; .*audio\.encode") as caught:
        fit_wish(wish_of("video"), "audio/mpeg", ())
    assert [(problem.field, problem.code) for problem in caught.value.problems] == [("metadata", "unsupported_format")]
    fit_wish(wish_of("video", operation="audio.encode"), "audio/mpeg", ())
