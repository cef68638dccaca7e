"""Adding a file by the form, with a script and without."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from filemill.files.uploads import receive
from filemill.tasks.models import TaskLog
from tests.integration.dashboard.conftest import HTMX, SAMPLES


def sample(name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, (SAMPLES / name).read_bytes())


def kept_files(home: Path) -> list[Path]:
    uploads = home / "uploads"
    return list(uploads.iterdir()) if uploads.exists() else []


@pytest.mark.parametrize(
    ("name", "task_type"),
    [("photo.jpg", "image"), ("clip.mp4", "video"), ("mill.pdf", "document"), ("harvest.csv", "document")],
)
def test_the_type_is_found_in_the_content(as_alice: Client, name: str, task_type: str) -> None:
    answer = as_alice.post("/add/", {"file": sample(name), "task_type": "auto"})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    task = TaskLog.objects.get()
    assert (task.file_name, task.task_type, task.user.get_username()) == (name, task_type, "alice")


def test_options_become_metadata_of_the_right_types(as_alice: Client) -> None:
    form = {
        "file": sample("photo.jpg"),
        "task_type": "auto",
        "image.quality": "80",
        "image.format": "webp",
        "image.resize.width": "640",
        "image.resize.height": "",
        "image.strip_metadata": "no",
        "video.format": "mp4",  # of another type: the browser sends all fields
    }
    as_alice.post("/add/", form)
    expected = {"quality": 80, "format": "webp", "resize": {"width": 640}, "strip_metadata": False}
    assert TaskLog.objects.get().metadata == expected


def test_with_htmx_the_answer_brings_a_fresh_form_the_row_and_the_counts(as_alice: Client) -> None:
    answer = as_alice.post("/add/", {"file": sample("photo.jpg"), "task_type": "auto"}, headers=HTMX)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert f'id="task-{TaskLog.objects.get().pk}"' in text
    assert "All <b>1</b>" in text
    assert 'id="add"' in text


def test_from_a_filtered_page_it_leads_to_the_whole_list(as_alice: Client) -> None:
    headers = {**HTMX, "HX-Current-URL": "http://testserver/?status=failed"}
    answer = as_alice.post("/add/", {"file": sample("photo.jpg"), "task_type": "auto"}, headers=headers)
    assert answer["HX-Redirect"] == "/"


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_wrong_option_is_told_beside_its_field_and_what_was_typed_stays(
    as_alice: Client, headers: dict[str, str], home_of_this_test: Path
) -> None:
    form = {"file": sample("photo.jpg"), "task_type": "auto", "image.quality": "best", "image.resize.width": "640"}
    answer = as_alice.post("/add/", form, headers=headers)
    text = answer.content.decode()
    assert answer.status_code == 422
    slot = text.split('id="problem-option-image-quality"')[1].split("</div>")[0]
    assert "must be low, medium, high or a whole number from 1 to 100" in slot
    assert 'value="640"' in text
    assert not TaskLog.objects.exists()
    assert kept_files(home_of_this_test) == []


@pytest.mark.parametrize(
    ("file", "task_type", "told"),
    [
        (SimpleUploadedFile("x.bin", b"\0\1\2\3"), "auto", ("file-problem", "of a format that Filemill does not read")),
        (SimpleUploadedFile("x.jpg", b""), "auto", ("file-problem", "is empty")),
        (SimpleUploadedFile("x.txt", b"words"), "image", ("type-problem", "which is no image")),
        (SimpleUploadedFile("x.txt", b"words"), "nonsense", ("type-problem", "must be one of")),
        (None, "auto", ("file-problem", "Choose a file first")),
    ],
)
def test_a_refusal_stands_beside_what_it_is_about(
    as_alice: Client, home_of_this_test: Path, file: Any, task_type: str, told: tuple[str, str]
) -> None:
    slot, words = told
    form = {"task_type": task_type} | ({"file": file} if file else {})
    text = as_alice.post("/add/", form, headers=HTMX).content.decode()
    assert words in text.split(f'id="{slot}"')[1].split("</div>")[0]
    assert kept_files(home_of_this_test) == []


def test_a_file_larger_than_allowed_is_refused_beside_the_field(as_alice: Client, settings: Any) -> None:
    settings.FILEMILL_MAX_UPLOAD_BYTES = 1000
    answer = as_alice.post("/add/", {"file": sample("photo.jpg"), "task_type": "auto"}, headers=HTMX)
    assert answer.status_code == 422
    assert "larger than 1000 bytes" in answer.content.decode()


def test_an_upload_that_the_door_has_taken_in_is_used(as_alice: Client) -> None:
    with receive("photo.jpg") as writer:
        writer.write((SAMPLES / "photo.jpg").read_bytes())
        upload = writer.finish()
    fields = json.dumps({"task_type": "auto", "image.quality": "low"})
    door: dict[str, Any] = {"filemill.upload": upload}
    answer = as_alice.post("/add/", fields, content_type="application/json", headers=HTMX, **door)
    assert answer.status_code == 200
    assert TaskLog.objects.get().metadata == {"quality": "low"}


def test_the_form_takes_no_post_from_elsewhere(alice: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post("/add/", {"file": sample("photo.jpg"), "task_type": "auto"})
    assert answer.status_code == 403
    assert "That form has expired" in answer.content.decode()
    assert not TaskLog.objects.exists()


def test_an_operation_can_be_chosen_with_its_options(as_alice: Client) -> None:
    form = {
        "file": sample("mill.pdf"),
        "task_type": "auto",
        "operation": "document.text",
        "document.text.pages": "1-2",
        "document.dpi": "72",  # of the usual operation: the browser may send it all the same
    }
    assert as_alice.post("/add/", form).status_code == 302
    task = TaskLog.objects.get()
    assert (task.operation, task.metadata) == ("document.text", {"pages": "1-2"})


def test_an_operation_that_does_not_read_the_file_is_told(as_alice: Client) -> None:
    form = {"file": sample("photo.jpg"), "task_type": "auto", "operation": "document.text"}
    answer = as_alice.post("/add/", form, headers=HTMX)
    assert answer.status_code == 422
    assert "operation must be the name of an operation for the task type image" in answer.content.decode()


def test_the_options_of_an_operation_are_shown_when_it_is_chosen(as_alice: Client) -> None:
    shown = as_alice.get("/add/options/", {"operation": "document.encrypt"}).content.decode()
    assert 'name="document.encrypt.user_password"' in shown
    assert 'type="password"' in shown
    usual = as_alice.get("/add/options/", {"operation": ""}).content.decode()
    assert 'name="image.quality"' in usual
    assert 'name="document.dpi"' in usual
