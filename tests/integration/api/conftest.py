"""The cast of the API's tests: Alice owns the tasks, Bob must not know of them, Sven is of the staff."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from knox.models import AuthToken

from filemill.api.authentication import checked_pairs
from filemill.tasks import broker, lifecycle
from filemill.tasks.models import TaskLog
from filemill.tasks.node import Worker
from filemill.tasks.transition import Ending
from tests.integration import rows

NewTask = rows.NewTask

SAMPLES = Path(__file__).parents[3] / "samples"


class ApiClient:
    """A program that speaks JSON with a token of its own."""

    def __init__(self, user: User | None) -> None:
        self.user = user
        self._client = Client()
        self.headers: dict[str, str] = {}
        if user is not None:
            _, token = AuthToken.objects.create(user=user)
            self.headers["Authorization"] = f"Token {token}"

    def get(self, path: str, query: dict[str, Any] | None = None, /, **headers: str) -> Any:
        return self._client.get(path, query, headers={**self.headers, **headers})

    def post(self, path: str, body: Any = None, /, **headers: str) -> Any:
        text = body if isinstance(body, str | bytes) else json.dumps({} if body is None else body)
        return self._client.post(path, text, content_type="application/json", headers={**self.headers, **headers})

    def post_form(self, path: str, fields: dict[str, Any]) -> Any:
        return self._client.post(path, fields, headers=self.headers)

    def send(self, method: str, path: str, /, **headers: str) -> Any:
        return self._client.generic(method, path, headers={**self.headers, **headers})


def basic(name: str, password: str) -> dict[str, str]:
    """Return the header of Basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def problem_of(answer: Any, status: int = 400) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    return body


@pytest.fixture(autouse=True)
def _no_remembered_passwords() -> Iterator[None]:
    checked_pairs.clear()
    yield
    checked_pairs.clear()


@pytest.fixture(autouse=True)
def _cheap_passwords(settings: Any) -> None:
    """Hash passwords as nobody should: the real hash would be most of these tests' time."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice", password="alice-s-password")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob", password="bob-s-password")


@pytest.fixture
def sven(db: None) -> User:
    return User.objects.create_user("sven", password="sven-s-password", is_staff=True)


@pytest.fixture
def as_alice(alice: User) -> ApiClient:
    return ApiClient(alice)


@pytest.fixture
def as_bob(bob: User) -> ApiClient:
    return ApiClient(bob)


@pytest.fixture
def as_sven(sven: User) -> ApiClient:
    return ApiClient(sven)


@pytest.fixture
def as_nobody(db: None) -> ApiClient:
    return ApiClient(None)


@pytest.fixture
def worker() -> Worker:
    return Worker(id=uuid4(), name="mill:1/2")


@pytest.fixture
def new_task(alice: User) -> NewTask:
    """Return a maker of pending tasks, Alice's unless told otherwise."""
    return rows.task_maker(alice)


@pytest.fixture
def completed(new_task: NewTask, worker: Worker) -> TaskLog:
    """A completed task of Alice's with one output."""
    task = new_task()
    started = lifecycle.start(task.pk, worker=worker)
    assert started is not None
    output = {"name": "photo.webp", "media_type": "image/webp", "size": 4, "sha256": "0" * 64, "width": 2, "height": 2}
    ended = lifecycle.complete(started, result={"format": "webp", "outputs": [output]})
    assert ended is not None
    return TaskLog.objects.get(pk=task.pk)


@pytest.fixture
def failed(new_task: NewTask, worker: Worker) -> TaskLog:
    """A failed task of Alice's."""
    task = new_task()
    started = lifecycle.start(task.pk, worker=worker)
    assert started is not None
    lifecycle.fail(started, ending=Ending(error_code="corrupt_file", message="The file is cut short"))
    return TaskLog.objects.get(pk=task.pk)


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[broker.Message]:
    """Record the messages instead of giving them to the broker, which no worker of these tests would empty."""
    messages: list[broker.Message] = []

    def record(given: Any) -> int:
        taken = list(given)
        messages.extend(taken)
        return len(taken)

    monkeypatch.setattr(broker, "send", record)
    return messages


@pytest.fixture
def inbox(settings: Any, tmp_path: Path) -> Path:
    """An empty root of this test's own."""
    directory = tmp_path / "inbox"
    directory.mkdir()
    settings.FILEMILL_ROOTS = [directory]
    return directory


@pytest.fixture
def photo(inbox: Path) -> Path:
    """A real photo in the inbox."""
    path = inbox / "photo.jpg"
    path.write_bytes(next(SAMPLES.glob("*.jpg")).read_bytes())
    return path


@pytest.fixture
def pdf(inbox: Path) -> Path:
    """A real PDF in the inbox."""
    path = inbox / "paper.pdf"
    path.write_bytes(next(SAMPLES.glob("*.pdf")).read_bytes())
    return path


@pytest.fixture
def home_of_this_test(settings: Any, tmp_path: Path) -> Path:
    """A FILEMILL_HOME that holds nothing else."""
    settings.FILEMILL_HOME = tmp_path
    return tmp_path
