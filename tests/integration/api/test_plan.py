"""The dry run: what would be made is told, with everything that is wrong, and nothing is stored."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from filemill.tasks import probing
from filemill.tasks.models import TaskLog
from tests.integration.api.conftest import SAMPLES, ApiClient, problem_of

URL = "/api/tasks/plan/"


@pytest.fixture(autouse=True)
def _roots(settings: Any, tmp_path: Path) -> None:
    settings.FILEMILL_ROOTS = [SAMPLES, tmp_path]


@pytest.fixture(autouse=True, scope="module")
def _closed_cage() -> Iterator[None]:
    yield
    probing.ROOM.close()


def plan(client: ApiClient, **asked: Any) -> dict[str, Any]:
    answer = client.post(URL, asked)
    assert answer.status_code == 200, answer.content
    assert not TaskLog.objects.exists()
    body: dict[str, Any] = answer.json()
    assert body["is_valid"] == (not body["errors"])
    return body


def test_a_plan_tells_the_probe_the_options_that_hold_and_the_size_of_the_output(as_alice: ApiClient) -> None:
    found = plan(as_alice, file_path="photo.jpg", task_type="image", metadata={"resize": [300, 300]})

    assert found["is_valid"]
    assert (found["probe"]["width"], found["probe"]["height"]) == (600, 400)
    (step,) = found["steps"]
    assert (step["op"], step["options"]["quality"]) == ("image.transform", "high")
    (output,) = step["outputs"]
    assert (output["facts"]["width"], output["facts"]["height"]) == (300, 200)
    assert found["cost"]["cpu_seconds"] > 0


@pytest.mark.parametrize(
    ("file", "task_type", "fact"),
    [("photo.jpg", "image", "width"), ("clip.mp4", "video", "duration"), ("mill.pdf", "document", "pages")],
)
def test_every_task_type_is_probed(as_alice: ApiClient, file: str, task_type: str, fact: str) -> None:
    assert plan(as_alice, file_path=file, task_type=task_type)["probe"][fact] > 0


def test_a_document_without_a_word_about_what_to_do_has_its_outputs_and_cost_foreseen(as_alice: ApiClient) -> None:
    found = plan(as_alice, file_path="mill.pdf", task_type="document")

    (step,) = found["steps"]
    assert [output["name"] for output in step["outputs"]] == ["page-1.jpg", "text.txt"]
    assert step["outputs"][0]["facts"]["width"] == 910
    assert found["cost"]["cpu_seconds"] > 0.1


def test_a_pipeline_is_planned_step_by_step(as_alice: ApiClient) -> None:
    steps = [{"op": "image.transform", "resize": [300, 300]}, {"op": "image.transform", "resize": [30, 30]}]
    found = plan(as_alice, file_path="photo.jpg", task_type="image", steps=steps)

    widths = [step["outputs"][0]["facts"]["width"] for step in found["steps"]]
    assert (widths, [step["keep"] for step in found["steps"]]) == ([300, 30], [False, True])


def test_everything_wrong_is_told_at_once(as_alice: ApiClient, tmp_path: Path) -> None:
    (tmp_path / "cut.jpg").write_bytes((SAMPLES / "photo.jpg").read_bytes()[:100])
    found = plan(
        as_alice,
        file_path=str(tmp_path / "cut.jpg"),
        task_type="image",
        metadata={"quality": 0, "qualty": 1},
        inputs=["missing.png"],
    )

    told = {(error["field"], error["code"]) for error in found["errors"]}
    assert {("metadata.quality", "invalid_value"), ("inputs[0]", "file_not_found")} <= told
    assert ("file_path", "corrupt_file") in told
    assert [warning["option"] for warning in found["warnings"]] == ["qualty"]


def test_what_is_wrong_with_one_step_hides_nothing_of_the_others(as_alice: ApiClient) -> None:
    steps = [
        {"op": "image.transform", "id": "small", "resize": [300, 300], "qualty": 1},
        {"op": "image.transform", "id": "wrong", "use": "original", "quality": 0, "formt": "png"},
        {"op": "image.transform", "id": "after", "use": "wrong", "resize": [9, 9]},
        {"op": "document.text", "id": "text", "use": "small"},
        {"op": "image.transform", "id": "huge", "use": "original", "enlarge": True, "resize": [16384, 16384]},
    ]
    found = plan(as_alice, file_path="photo.jpg", task_type="image", steps=steps, inputs=["missing.png"])

    assert {(error["field"], error["code"]) for error in found["errors"]} == {
        ("steps[1].quality", "invalid_value"),
        ("steps[3]", "unsupported_format"),
        ("steps[4]", "invalid_options"),
        ("inputs[0]", "file_not_found"),
    }
    assert [warning["option"] for warning in found["warnings"]] == ["steps[0].qualty", "steps[1].formt"]
    planned = {step["id"]: step["outputs"] for step in found["steps"]}
    assert planned["small"][0]["facts"]["width"] == 300
    assert "wrong" not in planned


def test_of_a_file_that_is_no_picture_after_all_it_is_told_what_else_is_wrong(
    as_alice: ApiClient, tmp_path: Path
) -> None:
    (tmp_path / "cut.jpg").write_bytes((SAMPLES / "photo.jpg").read_bytes()[:100])
    steps = [{"op": "document.text", "language": "tlh"}, {"op": "image.transform", "use": "original", "qualty": 1}]
    found = plan(as_alice, file_path=str(tmp_path / "cut.jpg"), task_type="image", steps=steps)

    assert ("steps[0]", "unsupported_format") in {(error["field"], error["code"]) for error in found["errors"]}
    assert ("file_path", "corrupt_file") in {(error["field"], error["code"]) for error in found["errors"]}
    assert "steps[1].qualty" in [warning["option"] for warning in found["warnings"]]


def test_warnings_are_told_and_refused_when_that_is_asked_for(as_alice: ApiClient) -> None:
    body = {"file_path": "photo.jpg", "task_type": "image", "metadata": {"qualty": 1}}
    assert [warning["option"] for warning in plan(as_alice, **body)["warnings"]] == ["qualty"]
    assert not as_alice.post(f"{URL}?strict=true", body).json()["is_valid"]


def test_what_the_options_make_impossible_is_an_error_of_its_step(as_alice: ApiClient) -> None:
    resize = {"width": 16384, "height": 16384, "fit": "fill"}
    found = plan(as_alice, file_path="photo.jpg", task_type="image", metadata={"resize": resize, "enlarge": True})
    assert [(error["field"], error["code"]) for error in found["errors"]] == [("metadata", "invalid_options")]


def test_a_body_that_is_none_is_refused(as_alice: ApiClient) -> None:
    assert problem_of(as_alice.post(URL, {"file_path": "photo.jpg"}))["code"] == "required"
    answer = problem_of(as_alice.post(URL, {"file_path": "photo.jpg", "task_type": "image", "tags": []}))
    assert answer["code"] == "unknown_field"


def test_another_root_is_as_closed_as_for_a_task(as_alice: ApiClient) -> None:
    found = plan(as_alice, file_path="/etc/passwd", task_type="document")
    assert [error["field"] for error in found["errors"]] == ["file_path"]
    assert found["probe"] is None
