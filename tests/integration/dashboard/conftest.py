"""The people of the pages' tests, their browsers without scripts, and tasks in every state."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from filemill.tasks import broker, lifecycle
from filemill.tasks.models import TaskLog
from filemill.tasks.node import Worker
from filemill.tasks.transition import Ending
from tests.integration import rows

NewTask = rows.NewTask

SAMPLES = Path(__file__).parents[3] / "samples"
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/"}


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice", password="alice-s-password")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob", password="bob-s-password")


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root", password="root-s-password")


@pytest.fixture
def as_alice(alice: User) -> Client:
    return _sign_in(alice)


@pytest.fixture
def as_bob(bob: User) -> Client:
    return _sign_in(bob)


@pytest.fixture
def as_root(root: User) -> Client:
    return _sign_in(root)


def _sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def new_task(alice: User) -> NewTask:
    """Return a maker of pending tasks, Alice's unless told otherwise."""
    return rows.task_maker(alice)


def start(task: TaskLog) -> TaskLog:
    """Let a worker claim a task."""
    started = lifecycle.start(task.pk, worker=Worker(id=uuid4(), name="mill:1/2"))
    assert started is not None
    return started


def complete(
    task: TaskLog, *, result: dict[str, Any] | None = None, outputs: list[dict[str, Any]] | None = None
) -> None:
    """Let a worker start and complete a task."""
    evidence = {"peak_memory_bytes": 2048, "wall_seconds": 1.5}
    assert lifecycle.complete(start(task), result={**(result or {}), "outputs": outputs or []}, evidence=evidence)


def fail(task: TaskLog, *, code: str = "corrupt_file", message: str = "The file is cut short.") -> None:
    """Let a worker start and fail a task."""
    ending = Ending(error_code=code, message=message, evidence={"stderr_tail": "line 1\nline 2"})
    assert lifecycle.fail(start(task), ending=ending)


def picture(name: str = "photo.webp", **facts: Any) -> dict[str, Any]:
    """Describe an output as a worker does."""
    return {"name": name, "media_type": "image/webp", "size": 4096, "sha256": "ab" * 32, **facts}


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


@pytest.fixture(autouse=True)
def home_of_this_test(settings: Any, tmp_path: Path) -> Path:
    """A FILEMILL_HOME that holds nothing else."""
    settings.FILEMILL_HOME = tmp_path
    return tmp_path
