"""The window: what is in the broker's hands, and what waits in PostgreSQL."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from filemill.tasks import broker, dispatch, sweeping
from filemill.tasks.lifecycle import Worker, start
from filemill.tasks.models import Batch, TaskLog
from tests.integration.tasks.conftest import NewTask

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _window_of_two(settings: pytest.FixtureRequest) -> None:
    settings.FILEMILL_WINDOW = 2  # type: ignore[attr-defined]  # pytest-django's fixture is untyped


def refill(user: User) -> int:
    return dispatch.refill(user_id=user.pk, lane="interactive")


def test_the_oldest_tasks_go_first_and_no_more_than_the_window(
    alice: User, new_task: NewTask, sent: list[broker.Message]
) -> None:
    tasks = [new_task() for _ in range(3)]

    assert refill(alice) == 2
    assert [message.row_id for message in sent] == [str(task.pk) for task in tasks[:2]]
    assert [message.celery_task_id for message in sent] == [task.celery_task_id for task in tasks[:2]]
    assert refill(alice) == 0


def test_a_running_task_keeps_its_place_in_the_window_and_an_ended_one_frees_it(
    alice: User, new_task: NewTask, worker: Worker, sent: list[broker.Message]
) -> None:
    tasks = [new_task() for _ in range(3)]
    refill(alice)
    start(tasks[0].pk, worker=worker)
    assert refill(alice) == 0

    TaskLog.objects.filter(pk=tasks[1].pk).delete()
    assert refill(alice) == 1
    assert sent[-1].row_id == str(tasks[2].pk)


def test_one_users_backlog_leaves_the_windows_of_others_alone(
    alice: User, bob: User, new_task: NewTask, sent: list[broker.Message]
) -> None:
    for _ in range(5):
        new_task()
    refill(alice)
    task = new_task(user=bob)

    assert refill(bob) == 1
    assert sent[-1].row_id == str(task.pk)


def test_a_task_that_waits_for_its_next_attempt_is_not_sent_early(
    alice: User, new_task: NewTask, sent: list[broker.Message]
) -> None:
    task = new_task()
    TaskLog.objects.filter(pk=task.pk).update(run_after=Now() + timedelta(seconds=60))
    assert refill(alice) == 0

    TaskLog.objects.filter(pk=task.pk).update(run_after=Now())
    assert refill(alice) == 1
    assert len(sent) == 1


def test_what_the_broker_did_not_take_waits_unsent(
    alice: User, new_task: NewTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_task()

    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(broker, "_publish", refuse)
    monkeypatch.setattr(broker, "breaker", broker.Breaker())

    assert refill(alice) == 0
    assert TaskLog.objects.filter(published_at=None).count() == 1
    assert broker.breaker.is_open


def test_the_sweeper_sends_again_what_the_broker_no_longer_holds(
    alice: User, new_task: NewTask, sent: list[broker.Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    new_task()
    refill(alice)
    TaskLog.objects.update(published_at=Now() - timedelta(minutes=1))
    monkeypatch.setattr(broker, "depth", lambda: 1)
    assert sweeping.resend_lost() == 0

    monkeypatch.setattr(broker, "depth", lambda: 0)
    assert sweeping.resend_lost() == 1
    assert sent[0] == sent[1]


def test_the_sweeper_waits_long_where_the_depth_can_not_be_read(
    alice: User, new_task: NewTask, sent: list[broker.Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    new_task()
    refill(alice)
    monkeypatch.setattr(broker, "depth", lambda: None)
    TaskLog.objects.update(published_at=Now() - timedelta(minutes=1))
    assert sweeping.resend_lost() == 0

    TaskLog.objects.update(published_at=Now() - timedelta(minutes=6))
    assert sweeping.resend_lost() == 1
    assert len(sent) == 2


def test_a_stalled_batch_gets_new_slices(
    alice: User, new_task: NewTask, sent: list[broker.Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = Batch.objects.create(user=alice, task_type="image", files_count=2, parallel=False)
    for index in range(2):
        new_task(batch=batch, batch_index=index, lane="slice")
    monkeypatch.setattr(broker, "depth", lambda: 0)

    assert sweeping.resend_lost() == 1
    assert (sent[0].name, sent[0].row_id) == (broker.BULK_FILE_PROCESSING, str(batch.pk))
