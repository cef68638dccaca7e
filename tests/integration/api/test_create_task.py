"""POST /api/tasks/create_task/ (contract H4)."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from filemill.files.uploads import receive
from filemill.tasks.models import TaskEventLog, TaskLog
from tests.integration.api.conftest import SAMPLES, ApiClient, problem_of

URL = "/api/tasks/create_task/"
WISH = {"quality": "high", "resize": [1920, 1080]}


def uploads(home: Path) -> list[str]:
    directory = home / "uploads"
    return sorted(path.name for path in directory.iterdir()) if directory.is_dir() else []


def test_a_file_under_a_root_becomes_a_pending_task(as_alice: ApiClient, photo: Path) -> None:
    answer = as_alice.post(URL, {"file_path": str(photo), "task_type": "image", "metadata": WISH})
    assert answer.status_code == 201
    task = TaskLog.objects.get()
    assert answer.json() == {
        "id": str(task.pk),
        "celery_task_id": task.celery_task_id,
        "status": "pending",
        "task_type": "image",
        "file_name": "photo.jpg",
        "file_size": photo.stat().st_size,
        "progress": 0,
        "tags": [],
        "created_at": task.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "completed_at": None,
        "warnings": [],
    }
    assert answer["Location"].endswith(f"/api/tasks/{task.pk}/")
    assert task.metadata == WISH
    assert [event.event_type for event in TaskEventLog.objects.filter(task=task)] == ["created"]


def test_the_task_is_its_makers(as_alice: ApiClient, photo: Path) -> None:
    as_alice.post(URL, {"file_path": "photo.jpg", "task_type": "image", "tags": ["sea", "sun", "sea"]})
    task = TaskLog.objects.get()
    assert (task.user, task.tags) == (as_alice.user, ["sea", "sun"])


def test_an_unknown_option_is_kept_and_answered_with_the_nearest_one(as_alice: ApiClient, photo: Path) -> None:
    answer = as_alice.post(URL, {"file_path": "photo.jpg", "task_type": "image", "metadata": {"qualty": "high"}})
    [warning] = answer.json()["warnings"]
    assert (warning["option"], warning["nearest"]) == ("qualty", "quality")
    assert TaskLog.objects.get().metadata == {"qualty": "high"}


def test_an_unknown_option_is_refused_when_strict(as_alice: ApiClient, photo: Path) -> None:
    body = {"file_path": "photo.jpg", "task_type": "image", "metadata": {"qualty": "high"}}
    problem = problem_of(as_alice.post(URL + "?strict=true", body))
    assert problem["errors"][0]["field"] == "metadata.qualty"
    assert not TaskLog.objects.exists()


def test_an_unknown_key_is_refused_by_its_name(as_alice: ApiClient, photo: Path) -> None:
    problem = problem_of(as_alice.post(URL, {"file_path": "photo.jpg", "task_type": "image", "urgency": 9}))
    assert problem["code"] == "unknown_field"
    assert problem["errors"][0]["field"] == "urgency"
    assert "urgency" in problem["detail"]


def test_fields_of_the_row_can_not_be_set(as_alice: ApiClient, photo: Path) -> None:
    forbidden = {"status": "completed", "user": 1, "fence": 9, "result": {}, "id": "x", "celery_task_id": "x"}
    problem = problem_of(as_alice.post(URL, {"file_path": "photo.jpg", "task_type": "image", **forbidden}))
    assert {error["field"] for error in problem["errors"]} == set(forbidden)


def test_a_wrong_value_of_an_option_is_refused_with_what_is_valid(as_alice: ApiClient, photo: Path) -> None:
    body = {"file_path": "photo.jpg", "task_type": "image", "metadata": {"quality": "enormous"}}
    [error] = problem_of(as_alice.post(URL, body))["errors"]
    assert error["field"] == "metadata.quality"
    assert "high" in error["valid"]


def test_a_pdf_sent_as_an_image_is_a_mismatch(as_alice: ApiClient, pdf: Path) -> None:
    problem = problem_of(as_alice.post(URL, {"file_path": "paper.pdf", "task_type": "image"}))
    assert problem["code"] == "type_mismatch"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("nothing.jpg", "file_not_found"),
        ("../../etc/passwd", "path_outside_roots"),
        ("/etc/passwd", "path_outside_roots"),
        ("", "invalid_path"),
        ("a\0b", "invalid_path"),
        ("\ud800", "invalid_path"),
        ("a" * 5000, "invalid_path"),
    ],
)
def test_a_path_that_can_not_be_taken_is_refused(as_alice: ApiClient, inbox: Path, path: str, code: str) -> None:
    problem = problem_of(as_alice.post(URL, {"file_path": path, "task_type": "image"}))
    assert (problem["code"], problem["errors"][0]["field"]) == (code, "file_path")


def test_missing_fields_are_all_named(as_alice: ApiClient) -> None:
    problem = problem_of(as_alice.post(URL, {}))
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [
        ("file_path", "required"),
        ("task_type", "required"),
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("file_path", 7),
        ("file_path", None),
        ("file_path", ["photo.jpg"]),
        ("task_type", "audio"),
        ("task_type", None),
        ("task_type", {"image": 1}),
        ("task_type", ["image"]),
        ("task_type", "\ud800"),
        ("metadata", "quality"),
        ("metadata", [1]),
        ("metadata", {"a": "\0"}),
        ("metadata", {"\ud800": 1}),
        ("metadata", {"a": "x" * 70_000}),
        ("tags", "sea"),
        ("tags", {"a": 1}),
        ("tags", [1]),
        ("tags", ["a\0b"]),
        ("tags", ["\udfff"]),
        ("tags", [""]),
        ("tags", [str(number) for number in range(11)]),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_its_field(
    as_alice: ApiClient, photo: Path, field: str, value: object
) -> None:
    body = {"file_path": "photo.jpg", "task_type": "image", field: value}
    problem = problem_of(as_alice.post(URL, body))
    assert problem["errors"][0]["field"].startswith(field)
    assert not TaskLog.objects.exists()


@pytest.mark.parametrize("value", [10**300, -(10**18), 1.5e-7, {"a": {"b": [None, True]}}, "", [], "ünïcode\u2028"])
def test_whatever_json_can_say_is_kept_under_a_name_that_is_no_option(
    as_alice: ApiClient, photo: Path, value: object
) -> None:
    answer = as_alice.post(URL, {"file_path": "photo.jpg", "task_type": "image", "metadata": {"mine": value}})
    assert answer.status_code == 201, answer.content
    assert as_alice.get(f"/api/tasks/{answer.json()['id']}/").json()["metadata"] == {"mine": value}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": "\x00"}',
        b'{"metadata": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"metadata": ' + b"[" * 200 + b"]" * 200 + b"}",
    ],
    ids=range(10),
)
def test_a_body_that_is_no_json_is_refused(as_alice: ApiClient, body: bytes) -> None:
    problem = problem_of(as_alice.post(URL, body))
    assert problem["code"] == ("required" if body == b"" else "malformed_json")


@pytest.mark.parametrize("body", ["[]", '"text"', "7", "true"])
def test_a_body_that_is_no_object_is_refused(as_alice: ApiClient, body: str) -> None:
    assert problem_of(as_alice.post(URL, body))["code"] == "invalid_type"


def test_a_body_of_another_type_is_refused(as_alice: ApiClient) -> None:
    answer = as_alice._client.post(URL, "<a/>", content_type="application/xml", headers=as_alice.headers)
    assert problem_of(answer, 415)["code"] == "unsupported_media_type"


def test_a_body_that_is_too_large_is_refused(as_alice: ApiClient, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert problem_of(as_alice.post(URL, {"file_path": "x" * 1000}), 413)["code"] == "body_too_large"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.dictionaries(
        st.sampled_from(
            [
                *("file_path", "task_type", "metadata", "tags", "strict", "\0", "\ud800"),
                *("priority", "run_at", "expires_at"),
            ]
        ),
        json_values,
    ),
    is_photo=st.booleans(),
)
def test_no_body_whatever_is_an_error_of_the_service(
    as_alice: ApiClient, photo: Path, body: dict[str, Any], is_photo: bool
) -> None:
    if is_photo:
        body |= {"file_path": "photo.jpg", "task_type": "image"}
    answer = as_alice.post(URL, json.dumps(body))
    assert answer.status_code in {201, 400}, answer.content
    if answer.status_code == 400:
        assert answer.json()["detail"]


def test_a_file_comes_with_the_request(as_alice: ApiClient, home_of_this_test: Path) -> None:
    with next(SAMPLES.glob("*.jpg")).open("rb") as file:
        answer = as_alice.post_form(
            URL, {"file": file, "task_type": "image", "metadata": '{"quality": "low"}', "tags": ["sea", "sun"]}
        )
    assert answer.status_code == 201, answer.content
    task = TaskLog.objects.get()
    assert (task.file_name, task.tags, task.metadata) == ("photo.jpg", ["sea", "sun"], {"quality": "low"})
    assert uploads(home_of_this_test) == [task.source["upload_id"]]


def test_a_file_that_the_door_took_is_found_beside_the_body(as_alice: ApiClient, home_of_this_test: Path) -> None:
    with receive("photo.jpg") as writer:
        writer.write(next(SAMPLES.glob("*.jpg")).read_bytes())
        upload = writer.finish()
    as_alice._client.defaults.update({"filemill.upload": upload})  # type: ignore[dict-item]  # as META, which takes all
    answer = as_alice.post(URL, {"task_type": "image"})
    assert answer.status_code == 201, answer.content
    assert TaskLog.objects.get().source["upload_id"] == upload.id


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"task_type": "image"}, "file", "required"),
        ({"task_type": "document", "file": "text"}, "file", "required"),
        ({"file": ...}, "task_type", "required"),
        ({"file": ..., "task_type": "document"}, "task_type", "type_mismatch"),
        ({"file": ..., "task_type": "image", "metadata": "{"}, "metadata", "invalid_json"),
        ({"file": ..., "task_type": "image", "metadata": "[" * 5000}, "metadata", "invalid_json"),
        ({"file": ..., "task_type": "image", "metadata": '{"quality": 0}'}, "metadata.quality", "invalid_value"),
        ({"file": ..., "task_type": "image", "tags": "[1]"}, "tags", "invalid_tags"),
        ({"file": ..., "task_type": "image", "file_path": "photo.jpg"}, "file_path", "unknown_field"),
        ({"picture": ..., "task_type": "image"}, "picture", "unknown_field"),
        ({"file": [..., ...], "task_type": "image"}, "file", "too_many_files"),
    ],
)
def test_a_form_that_is_refused_leaves_no_file(
    as_alice: ApiClient, home_of_this_test: Path, fields: dict[str, Any], field: str, code: str
) -> None:
    def fill(value: object) -> object:
        if isinstance(value, list):
            return [fill(item) for item in value]
        return SimpleUploadedFile("a.jpg", next(SAMPLES.glob("*.jpg")).read_bytes()) if value is ... else value

    problem = problem_of(as_alice.post_form(URL, {name: fill(value) for name, value in fields.items()}))
    assert (problem["errors"][0]["field"], problem["code"]) == (field, code)
    assert uploads(home_of_this_test) == []


def test_a_file_over_the_limit_is_refused(as_alice: ApiClient, home_of_this_test: Path, settings: Any) -> None:
    settings.FILEMILL_MAX_UPLOAD_BYTES = 10
    answer = as_alice.post_form(URL, {"file": SimpleUploadedFile("a.txt", b"x" * 11), "task_type": "document"})
    assert problem_of(answer, 413)["code"] == "file_too_large"
    assert uploads(home_of_this_test) == []


def test_a_broken_form_is_refused(as_alice: ApiClient) -> None:
    answer = as_alice._client.post(
        URL, b"--x\r\nnonsense", content_type="multipart/form-data; boundary=", headers=as_alice.headers
    )
    assert problem_of(answer)["code"] == "parse_error"
