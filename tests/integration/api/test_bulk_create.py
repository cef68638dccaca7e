"""POST /api/tasks/bulk_create/ (contract H9)."""

from pathlib import Path

import pytest

from filemill.api import requests, task_list
from filemill.tasks.models import Batch, TaskLog
from tests.integration.api.conftest import ApiClient, problem_of

URL = "/api/tasks/bulk_create/"


@pytest.fixture
def texts(inbox: Path) -> list[str]:
    names = ["one.txt", "two.txt", "three.txt"]
    for name in names:
        (inbox / name).write_text(f"This is {name}.\n")
    return names


def test_many_files_become_a_batch(as_alice: ApiClient, texts: list[str]) -> None:
    answer = as_alice.post(
        URL, {"file_paths": texts, "task_type": "document", "tags": ["many"], "metadata": {"mine": 1}}
    )
    assert answer.status_code == 201
    batch = Batch.objects.get()
    assert answer["Location"] == answer.json()["url"] == f"http://testserver/api/batches/{batch.pk}/"
    assert answer.json() == {
        "id": str(batch.pk),
        "url": answer["Location"],
        "celery_task_id": batch.celery_task_id,
        "status": "processing",
        "files_count": 3,
        "errors": [],
    }
    tasks = TaskLog.objects.order_by("batch_index")
    assert [task.file_name for task in tasks] == texts
    assert all((task.tags, task.metadata, task.user) == (["many"], {"mine": 1}, as_alice.user) for task in tasks)
    assert len({task.celery_task_id for task in tasks} | {batch.celery_task_id}) == 4
    assert batch.parallel is True


def test_files_may_be_worked_on_in_order(as_alice: ApiClient, texts: list[str]) -> None:
    as_alice.post(URL, {"file_paths": texts, "task_type": "document", "parallel": False})
    assert Batch.objects.get().parallel is False


def test_the_rejected_are_named_by_index_and_the_others_go_on(as_alice: ApiClient, texts: list[str]) -> None:
    paths = [texts[0], "missing.txt", texts[1], "/etc/passwd", "a\0b", "\ud800"]
    answer = as_alice.post(URL, {"file_paths": paths, "task_type": "document"})
    assert answer.status_code == 201
    assert answer.json()["files_count"] == 2
    assert [(error["index"], error["file_path"], error["code"]) for error in answer.json()["errors"]] == [
        (1, "missing.txt", "file_not_found"),
        (3, "/etc/passwd", "path_outside_roots"),
        (4, "a\0b", "invalid_path"),
        (5, "\ud800", "invalid_path"),
    ]
    assert all(error["message"] for error in answer.json()["errors"])


def test_a_request_of_which_nothing_can_be_taken_is_refused(as_alice: ApiClient, inbox: Path) -> None:
    answer = as_alice.post(URL, {"file_paths": ["a.txt"] * 5, "task_type": "document"})
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [f"file_paths[{index}]" for index in range(5)]
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("file_paths", [], "file_paths"),
        ("file_paths", "one.txt", "file_paths"),
        ("file_paths", None, "file_paths"),
        ("file_paths", {"0": "one.txt"}, "file_paths"),
        ("file_paths", ["one.txt", 7], "file_paths[1]"),
        ("file_paths", ["one.txt", None], "file_paths[1]"),
        ("parallel", "yes", "parallel"),
        ("parallel", None, "parallel"),
        ("task_type", "audio", "task_type"),
        ("metadata", [], "metadata"),
        ("tags", "many", "tags"),
        ("urgency", 1, "urgency"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(
    as_alice: ApiClient, texts: list[str], field: str, value: object, named: str
) -> None:
    answer = as_alice.post(URL, {"file_paths": texts, "task_type": "document", field: value})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, named)
    assert not TaskLog.objects.exists()


def test_more_paths_than_a_batch_holds_are_refused(as_alice: ApiClient) -> None:
    paths = ["a"] * (requests.MAX_BULK_PATHS + 1)
    answer = as_alice.post(URL, {"file_paths": paths, "task_type": "document"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "file_paths")


def test_an_unknown_option_is_refused_when_strict(as_alice: ApiClient, texts: list[str]) -> None:
    body = {"file_paths": texts, "task_type": "document", "metadata": {"mine": 1}}
    answer = as_alice.post(URL + "?strict=1", body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "metadata.mine")


def test_all_or_nothing_refuses_all_and_names_every_misfit(as_alice: ApiClient, texts: list[str], photo: Path) -> None:
    paths = [texts[0], "missing.txt", photo.name, texts[1]]
    body = {"file_paths": paths, "task_type": "document", "all_or_nothing": True}
    problem = problem_of(as_alice.post(URL, body))
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [
        ("file_paths[1]", "file_not_found"),
        ("file_paths[2]", "type_mismatch"),
    ]
    assert "errors_total" not in problem
    assert not Batch.objects.exists()
    assert not TaskLog.objects.exists()


def test_all_or_nothing_takes_what_has_no_misfit(as_alice: ApiClient, texts: list[str]) -> None:
    answer = as_alice.post(URL, {"file_paths": texts, "task_type": "document", "all_or_nothing": True})
    assert (answer.status_code, answer.json()["files_count"]) == (201, 3)


def test_a_refusal_of_many_names_a_hundred_and_tells_how_many_there_are(as_alice: ApiClient, texts: list[str]) -> None:
    paths = [*texts, *(f"missing-{number}.txt" for number in range(150))]
    problem = problem_of(as_alice.post(URL, {"file_paths": paths, "task_type": "document", "all_or_nothing": True}))
    assert (len(problem["errors"]), problem["errors_total"]) == (100, 150)
    assert problem["errors"][-1]["field"] == "file_paths[102]"
    assert problem["detail"].endswith("There are 147 more.")


def test_the_tasks_of_a_batch_differ_by_their_files_alone(as_alice: ApiClient, inbox: Path) -> None:
    names = ["ünïcode.txt", "plain.txt"]
    for name in names:
        (inbox / name).write_text("Some text.\n")
    as_alice.post(URL, {"file_paths": names, "task_type": "document", "tags": ["x"], "metadata": {"mine": [1]}})
    as_alice.post("/api/tasks/create_task/", {"file_path": names[0], "task_type": "document", "tags": ["x"],
                                              "metadata": {"mine": [1]}})  # fmt: skip
    one, two, single = TaskLog.objects.order_by("created_at", "batch_index")
    own = {"id", "celery_task_id", "batch_id", "batch_index", "lane", "created_at", "deadline_at", "published_at"}
    columns = {field.attname for field in TaskLog._meta.concrete_fields} - own - {"turn_at"}
    assert {name: getattr(one, name) for name in columns} == {name: getattr(single, name) for name in columns}
    assert (two.file_name, two.source) == ("plain.txt", {"kind": "path", "path": "plain.txt"})
    assert one.pk < two.pk
    assert [event.message for event in one.events.all()] == [event.message for event in single.events.all()]


# --- a folder as the source ---
def test_a_folders_files_become_a_batch(as_alice: ApiClient, inbox: Path) -> None:
    for name in ("b.txt", "a.txt", "deep/c.txt", "deep/photo.bin"):
        (inbox / "texts" / name).parent.mkdir(parents=True, exist_ok=True)
        (inbox / "texts" / name).write_text("Some text.\n")

    answer = as_alice.post(URL, {"folder": "texts", "pattern": "**/*.txt", "task_type": "document"})

    assert (answer.status_code, answer.json()["files_count"]) == (201, 3)
    paths = [task.source["path"] for task in TaskLog.objects.order_by("batch_index")]
    assert paths == ["texts/a.txt", "texts/b.txt", "texts/deep/c.txt"]


def test_what_does_not_fit_in_a_folder_is_named_by_its_path(as_alice: ApiClient, inbox: Path, photo: Path) -> None:
    (inbox / "mixed").mkdir()
    (inbox / "mixed" / "a.txt").write_text("Some text.\n")
    (inbox / "mixed" / "b.jpg").write_bytes(photo.read_bytes())

    answer = as_alice.post(URL, {"folder": "mixed", "task_type": "document"})

    assert answer.json()["files_count"] == 1
    [error] = answer.json()["errors"]
    assert (error["index"], error["file_path"], error["code"]) == (1, "mixed/b.jpg", "type_mismatch")


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "file_paths", "required"),
        ({"folder": "texts", "file_paths": ["a.txt"]}, "folder", "conflicting_fields"),
        ({"folder": "nowhere"}, "folder", "file_not_found"),
        ({"folder": "/etc"}, "folder", "file_not_found"),
        ({"folder": "a/../.."}, "folder", "path_outside_roots"),
        ({"folder": "\ud800"}, "folder", "invalid_path"),
        ({"folder": 7}, "folder", "invalid_value"),
        ({"folder": ".", "pattern": "*.none"}, "folder", "no_files"),
        ({"folder": ".", "pattern": ""}, "pattern", "invalid_value"),
        ({"folder": ".", "pattern": "x" * 300}, "pattern", "invalid_value"),
        ({"folder": ".", "pattern": "a\0"}, "pattern", "invalid_value"),
    ],
)
def test_a_folder_that_can_not_be_taken_is_refused(
    as_alice: ApiClient, texts: list[str], body: dict[str, object], field: str, code: str
) -> None:
    answer = as_alice.post(URL, {**body, "task_type": "document"})
    assert answer.status_code == 400
    assert [(found["field"], found["code"]) for found in problem_of(answer)["errors"]] == [(field, code)]
    assert not Batch.objects.exists()
    assert texts


def test_a_folder_with_too_many_files_is_refused(
    as_alice: ApiClient, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_list, "MAX_BULK_PATHS", len(texts) - 1)
    answer = as_alice.post(URL, {"folder": ".", "pattern": "*.txt", "task_type": "document"})
    assert [(found["field"], found["code"]) for found in problem_of(answer)["errors"]] == [
        ("folder", "folder_too_large")
    ]
