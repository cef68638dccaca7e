"""A new task comes into being as sent where its turn is at once; wherever it is not, it waits as any other."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from filemill.files.sources import Source
from filemill.tasks import broker, queues, services
from filemill.tasks.drafts import Asked
from filemill.tasks.lifecycle import start
from filemill.tasks.models import TaskLog
from filemill.tasks.node import Worker
from tests.integration.tasks.conftest import NewTask

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _a_file_and_a_window_of_two(settings: Any, tmp_path: Path) -> None:
    settings.FILEMILL_ROOTS = [tmp_path]
    settings.FILEMILL_WINDOW = 2
    (tmp_path / "data.json").write_text("{}")
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n")


def submit(user: User, **asked: Any) -> TaskLog:
    source = Source.from_path("data.json")
    return services.submit(user=user, task_type="document", source=source, asked=Asked(**asked))


def stored(task: TaskLog) -> TaskLog:
    return TaskLog.objects.get(pk=task.pk)


def ids(messages: list[broker.Message]) -> list[str]:
    return [message.row_id for message in messages]


def test_it_takes_one_statement_without_a_transaction_around_it(alice: User, sent: list[broker.Message]) -> None:
    with CaptureQueriesContext(connection) as captured:
        task = submit(alice)

    assert len(captured) == 1
    assert ids(sent) == [str(task.pk)]
    assert task.published_at is not None
    assert stored(task).published_at == task.published_at == task.created_at


def test_where_there_is_no_room_nothing_more_is_asked(alice: User, sent: list[broker.Message]) -> None:
    first = [submit(alice), submit(alice)]
    with CaptureQueriesContext(connection) as captured:
        task = submit(alice)

    assert len(captured) == 1
    assert ids(sent) == [str(one.pk) for one in first]
    assert stored(task).published_at is None


def test_the_end_of_one_makes_room_for_the_next(alice: User, worker: Worker, sent: list[broker.Message]) -> None:
    tasks = [submit(alice) for _ in range(3)]
    assert start(tasks[0].pk, worker=worker) is not None
    services.cancel(tasks[0], by=alice)

    assert ids(sent) == [str(one.pk) for one in tasks]


def test_what_waits_already_goes_before_it(alice: User, new_task: NewTask, sent: list[broker.Message]) -> None:
    waiting = new_task()
    task = submit(alice)

    assert ids(sent) == [str(waiting.pk), str(task.pk)]


def test_what_has_come_due_goes_before_it(alice: User, new_task: NewTask, sent: list[broker.Message]) -> None:
    waiting = new_task()
    TaskLog.objects.filter(pk=waiting.pk).update(run_after=timezone.now() - timedelta(seconds=1))
    task = submit(alice, priority=-10)

    assert ids(sent) == [str(waiting.pk), str(task.pk)]


def test_one_that_is_to_run_later_is_not_sent(alice: User, sent: list[broker.Message]) -> None:
    task = submit(alice, run_at=(timezone.now() + timedelta(hours=1)).isoformat())

    assert sent == []
    assert stored(task).published_at is None


@pytest.mark.parametrize("queue", ["document", "interactive"])
def test_one_of_a_paused_queue_is_not_sent(alice: User, sent: list[broker.Message], queue: str) -> None:
    queues.pause(queue, by="staff")
    task = submit(alice)

    assert sent == []
    assert stored(task).published_at is None


@pytest.mark.parametrize("limit", ["FILEMILL_USER_CONCURRENCY", "FILEMILL_TYPE_CONCURRENCY"])
def test_one_beyond_a_limit_is_not_sent(alice: User, sent: list[broker.Message], settings: Any, limit: str) -> None:
    setattr(settings, limit, {"document": 1} if limit.startswith("FILEMILL_TYPE") else 1)
    first, second = submit(alice), submit(alice)

    assert ids(sent) == [str(first.pk)]
    assert stored(second).published_at is None


def test_one_that_the_broker_does_not_take_waits_unsent(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "send", lambda _messages: 0)
    assert stored(submit(alice)).published_at is None


def test_the_room_of_others_is_theirs(alice: User, bob: User, sent: list[broker.Message]) -> None:
    for _ in range(3):
        submit(alice)
    task = submit(bob)

    assert ids(sent)[-1] == str(task.pk)
