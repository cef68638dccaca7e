"""The service's own addresses behind the door."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from django.contrib.auth.models import User

from filemill.tasks.models import TaskLog
from tests.integration.door.conftest import Door

pytestmark = pytest.mark.django_db(transaction=True)

CAT = b"name,age\nTom,3\n"


@pytest.fixture(scope="module")
def real_door(start_door: Callable[..., Door]) -> Door:
    return start_door(DJANGO_SETTINGS_MODULE="config.settings")


def test_a_file_sent_to_the_api_becomes_a_task(real_door: Door, transactional_db: None) -> None:
    User.objects.create_user("cyd", password="a real password")
    response = httpx.post(
        f"{real_door.url}/api/tasks/create_task/",
        files={"file": ("cats.csv", CAT)},
        data={"task_type": "document", "metadata": "{}", "tags": ["a", "b"]},
        auth=("cyd", "a real password"),
        timeout=20,
    )
    assert response.status_code == 201, response.text
    task = TaskLog.objects.get(id=response.json()["id"])
    assert (task.file_name, task.file_size, task.tags) == ("cats.csv", len(CAT), ["a", "b"])
    kept = Path(real_door.home) / "uploads" / task.source["upload_id"]
    assert kept.read_bytes() == CAT


def test_a_refused_task_leaves_no_file_and_says_why(real_door: Door, transactional_db: None) -> None:
    User.objects.create_user("cyd", password="a real password")
    before = real_door.uploads()
    response = httpx.post(
        f"{real_door.url}/api/tasks/create_task/",
        files={"file": ("cats.csv", CAT)},
        data={"task_type": "image"},
        auth=("cyd", "a real password"),
        timeout=20,
    )
    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] in {"type_mismatch", "unsupported_format"}
    assert real_door.uploads() == before


def test_without_credentials_the_answer_is_a_401_problem(real_door: Door) -> None:
    url = f"{real_door.url}/api/tasks/create_task/"
    response = httpx.post(url, files={"file": ("cats.csv", CAT)}, timeout=20)
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert "www-authenticate" in response.headers


@pytest.mark.parametrize("path", ["/api/docs/", "/api/redoc/", "/admin/login/", "/login/"])
def test_every_file_that_a_page_asks_for_is_served(real_door: Door, transactional_db: None, path: str) -> None:
    with httpx.Client(base_url=real_door.url, timeout=20) as client:
        page = client.get(path)
        assert page.status_code == 200
        files = {part.split('"')[0] for part in page.text.split('"/static/')[1:]}
        assert files
        assert {name: client.get(f"/static/{name}").status_code for name in files} == dict.fromkeys(files, 200)
