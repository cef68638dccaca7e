"""The window: what is in the broker's hands, and what waits in PostgreSQL."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from filemill.tasks import broker, dispatch, sweeping
from filemill.tasks.lifecycle import start, start_next_in_order
from filemill.tasks.models import Batch, TaskLog
from filemill.tasks.node import Worker
from tests.integration.tasks.conftest import NewTask

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _window_of_two(settings: pytest.FixtureRequest) -> None:
    settings.FILEMILL_WINDOW = 2  # type: ignore[attr-defined]  # pytest-django's fixture is untyped


def depth(**given: int) -> broker.Depth:
    return broker.Depth(**{"tasks": 0, "slices": 0, "unacknowledged": 0, **given})


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
    monkeypatch.setattr(broker, "depth", lambda: depth(tasks=1))
    assert sweeping.resend_lost() == 0

    monkeypatch.setattr(broker, "depth", depth)
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
    monkeypatch.setattr(broker, "depth", depth)

    assert sweeping.resend_lost() == 1
    assert (sent[0].name, sent[0].row_id) == (broker.BULK_FILE_PROCESSING, str(batch.pk))


@pytest.mark.parametrize("held", [{"unacknowledged": 5}, {"slices": 5}])
def test_messages_of_dead_workers_and_of_batches_do_not_hide_a_lost_one(
    held: dict[str, int], alice: User, new_task: NewTask, sent: list[broker.Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    new_task()
    refill(alice)
    TaskLog.objects.update(published_at=Now() - timedelta(seconds=61))
    monkeypatch.setattr(broker, "depth", lambda: depth(**held))

    assert sweeping.resend_lost() == 1
    assert sweeping.resend_lost() == 0
    assert len(sent) == 2


def test_a_message_that_a_worker_may_hold_is_left_with_it_for_a_lease(
    alice: User, new_task: NewTask, sent: list[broker.Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    new_task()
    refill(alice)
    TaskLog.objects.update(published_at=Now() - timedelta(seconds=50))
    monkeypatch.setattr(broker, "depth", lambda: depth(unacknowledged=1))

    assert sweeping.resend_lost() == 0
    assert len(sent) == 1


@pytest.fixture
def ordered_batch(alice: User, new_task: NewTask) -> Batch:
    batch = Batch.objects.create(user=alice, task_type="image", files_count=2, parallel=False)
    for index in range(2):
        new_task(batch=batch, batch_index=index, lane="slice")
    return batch


@pytest.mark.parametrize("held", [{"tasks": 9}, {"unacknowledged": 9}])
def test_a_stalled_batch_is_seen_beside_other_messages(
    held: dict[str, int], ordered_batch: Batch, sent: list[broker.Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    Batch.objects.update(slices_sent_at=Now() - timedelta(seconds=61))
    monkeypatch.setattr(broker, "depth", lambda: depth(**held))

    assert sweeping.resend_lost() == 1
    assert sent[0].row_id == str(ordered_batch.pk)


def test_a_slice_that_waits_in_the_queue_is_not_sent_again(
    ordered_batch: Batch, sent: list[broker.Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    Batch.objects.filter(pk=ordered_batch.pk).update(slices_sent_at=Now() - timedelta(hours=1))
    monkeypatch.setattr(broker, "depth", lambda: depth(slices=1))

    assert sweeping.resend_lost() == 0
    assert sent == []


def test_a_stalled_batch_gets_a_slice_in_the_end_where_the_depth_can_not_be_read(
    ordered_batch: Batch, sent: list[broker.Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "depth", lambda: None)
    Batch.objects.filter(pk=ordered_batch.pk).update(slices_sent_at=Now() - timedelta(minutes=1))
    assert sweeping.resend_lost() == 0

    Batch.objects.update(slices_sent_at=Now() - timedelta(minutes=6))
    assert sweeping.resend_lost() == 1


def test_a_batch_at_work_is_left_alone(
    ordered_batch: Batch, worker: Worker, sent: list[broker.Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    start_next_in_order(ordered_batch.pk, worker=worker)
    monkeypatch.setattr(broker, "depth", depth)

    assert sweeping.resend_lost() == 0
    assert sent == []


def test_what_was_never_sent_is_found_for_every_user_and_lane(
    alice: User, bob: User, ordered_batch: Batch, new_task: NewTask, sent: list[broker.Message]
) -> None:
    tasks = [new_task(user=user, lane=lane) for user in (alice, bob) for lane in ("interactive", "bulk")]

    assert sweeping.send_unsent() == 4
    assert {message.row_id for message in sent} == {str(task.pk) for task in tasks}
