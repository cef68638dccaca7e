"""What can be asked for is told by the API, and asking for several things at once makes one task."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from filemill.processing import operations
from filemill.processing.cage import tools
from filemill.tasks.models import TaskLog
from tests.integration.api.conftest import ApiClient, problem_of

URL = "/api/operations/"
CREATE = "/api/tasks/create_task/"


@pytest.fixture
def photo(settings: Any) -> str:
    settings.FILEMILL_ROOTS = [Path(__file__).parents[3] / "samples"]
    return "photo.jpg"


# --- the list ---
def test_every_operation_is_listed_with_its_schema_and_defaults(as_alice: ApiClient) -> None:
    answer = as_alice.get(URL).json()

    assert answer["count"] == len(answer["results"]) == len(operations.OPERATIONS)
    for described in answer["results"]:
        assert set(described["defaults"]) == set(described["schema"]["properties"])
        assert described["media_types"]
        assert described["is_available"] == all(tool["is_installed"] for tool in described["tools"])
    defaults = {described["task_type"]: described["name"] for described in answer["results"] if described["is_default"]}
    assert defaults == {"image": "image.transform", "video": "video.transcode", "document": "document.read"}


def test_one_operation_can_be_looked_at(as_alice: ApiClient) -> None:
    described = as_alice.get(f"{URL}image.transform/").json()
    assert described["schema"]["properties"]["quality"]["description"]


def test_an_unknown_operation_is_not_found(as_alice: ApiClient) -> None:
    assert problem_of(as_alice.get(f"{URL}no.such/"), 404)["code"] == "not_found"


def test_a_tool_that_is_missing_is_told(as_alice: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filemill.processing.cage.tools.find", lambda _tool: None)
    with_tools = [found for found in as_alice.get(URL).json()["results"] if found["tools"]]
    assert all(not found["is_available"] for found in with_tools)


def test_a_stranger_is_not_told(as_nobody: ApiClient) -> None:
    assert as_nobody.get(URL).status_code == 401


# --- asking for several things ---
def test_named_outputs_make_one_task_with_a_step_for_each(as_alice: ApiClient, photo: str) -> None:
    body = {
        "file_path": photo,
        "task_type": "image",
        "metadata": {"quality": 70},
        "outputs": {"large": {"resize": [300, 300]}, "thumb": {"resize": [20, 20], "quality": 50}},
    }
    created = as_alice.post(CREATE, body)
    assert created.status_code == 201, created.content
    detail = as_alice.get(f"/api/tasks/{created.json()['id']}/").json()

    assert detail["operation"] == "image.transform"
    assert [(step["id"], step["options"]["quality"]) for step in detail["steps"]] == [("large", 70), ("thumb", 50)]
    assert TaskLog.objects.count() == 1


def test_a_form_carries_them_as_json(as_alice: ApiClient, photo: str) -> None:
    with (Path(__file__).parents[3] / "samples" / photo).open("rb") as file:
        fields = {"file": file, "task_type": "image", "outputs": '{"thumb": {"quality": 5}}'}
        created = as_alice.post_form(CREATE, fields)
    assert created.status_code == 201, created.content
    assert [step["id"] for step in TaskLog.objects.get().steps] == ["thumb"]


@pytest.mark.parametrize(
    ("asked", "field", "code"),
    [
        ({"operation": "image.transfrom"}, "operation", "unknown_operation"),
        ({"outputs": {"a": {"quality": 0}}}, "outputs.a.quality", "invalid_value"),
        ({"steps": [{"op": "image.nothing"}]}, "steps[0].op", "unknown_operation"),
        ({"operation": "image.describe", "inputs": ["photo.jpg"]}, "inputs", "unexpected_inputs"),
        ({"inputs": ["missing.jpg"]}, "inputs[0]", "file_not_found"),
        ({"inputs": "photo.jpg"}, "inputs", "invalid_value"),
        ({"inputs": ["photo.jpg"] * 101}, "inputs", "invalid_value"),
        ({"outputs": {"a": {}}, "steps": [{"op": "image.transform"}]}, "outputs", "conflicting_fields"),
    ],
)
def test_what_is_wrong_is_named(as_alice: ApiClient, photo: str, asked: dict[str, Any], field: str, code: str) -> None:
    answer = problem_of(as_alice.post(CREATE, {"file_path": photo, "task_type": "image", **asked}), 400)
    assert [(error["field"], error["code"]) for error in answer["errors"]] == [(field, code)]
    assert not TaskLog.objects.exists()


def test_a_missing_further_file_is_called_as_the_client_calls_it(as_alice: ApiClient, photo: str) -> None:
    wish = {"operation": "image.watermark", "inputs": ["missing.jpg"]}
    answer = problem_of(as_alice.post(CREATE, {"file_path": photo, "task_type": "image", **wish}), 400)
    [message] = [error["message"] for error in answer["errors"] if error["field"] == "inputs[0]"]
    assert message.startswith("inputs[0] names no file")


def test_a_missing_tool_or_language_is_refused_at_once_with_what_to_install(as_alice: ApiClient, photo: str) -> None:
    wish = {"operation": "image.ocr", "metadata": {"languages": ["kat", "eng"]}}
    answer = problem_of(as_alice.post(CREATE, {"file_path": photo, "task_type": "image", **wish}), 400)
    [error] = answer["errors"]
    assert (error["field"], error["code"]) == ("metadata", "tool_missing")
    assert "kat for tesseract is not installed: run apt-get install tesseract-ocr-kat," in error["message"]
    assert not TaskLog.objects.exists()


@pytest.mark.parametrize("asked", [{"metadata": {}}, {"steps": [{"op": "document.convert"}]}], ids=list)
def test_a_tool_that_is_not_there_at_all_is_refused_with_what_to_install(
    as_alice: ApiClient, photo: str, monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any]
) -> None:
    soffice = replace(tools.TOOLS["soffice"], locate=lambda: None)
    monkeypatch.setattr(tools, "TOOLS", {**tools.TOOLS, "soffice": soffice})
    wish = {"operation": "document.convert", **asked} if "metadata" in asked else asked
    body = {"file_path": "report.docx", "task_type": "document", **wish}

    [error] = problem_of(as_alice.post(CREATE, body), 400)["errors"]
    assert error["code"] == "tool_missing"
    assert (
        "soffice, writer for soffice are not installed: run apt-get install libreoffice-writer-nogui"
        in error["message"]
    )
    assert "then `filemill doctor`" in error["message"]
    assert not TaskLog.objects.exists()

    planned = as_alice.post("/api/tasks/plan/", body)
    assert planned.status_code == 200, planned.content
    assert planned.json()["is_valid"] is False
    assert [(found["field"], found["message"]) for found in planned.json()["errors"]] == [
        (error["field"], error["message"])
    ]


def test_bulk_takes_them_for_every_file(as_alice: ApiClient, photo: str) -> None:
    body = {"file_paths": [photo, photo], "task_type": "image", "outputs": {"thumb": {"quality": 5}}}
    assert as_alice.post("/api/tasks/bulk_create/", body).status_code == 201
    assert [[step["id"] for step in task.steps] for task in TaskLog.objects.all()] == [["thumb"], ["thumb"]]
