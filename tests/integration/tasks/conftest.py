"""The cast and the rows of the tests of tasks."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from filemill.tasks import broker
from filemill.tasks.node import Worker
from tests.integration import rows

NewTask = rows.NewTask


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice", password="alice-s-password")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob", password="bob-s-password")


@pytest.fixture
def worker() -> Worker:
    return Worker(id=uuid4(), name="mill:1/2")


@pytest.fixture
def new_task(alice: User) -> NewTask:
    """Return a maker of pending tasks, with their `created` event."""
    return rows.task_maker(alice)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[broker.Message]:
    """Record the messages instead of giving them to the broker, which no worker of the test would empty."""
    messages: list[broker.Message] = []

    def record(given: Any) -> int:
        taken = list(given)
        messages.extend(taken)
        return len(taken)

    monkeypatch.setattr(broker, "send", record)
    return messages
