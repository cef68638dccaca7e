"""Claims under limits and pauses, also when they race; and the order in which a user's tasks are sent."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from filemill.tasks import broker, dispatch, lifecycle, overdue_moves, passing_on, sweeping
from filemill.tasks.admission import Waiting, who_waits
from filemill.tasks.lifecycle import complete, start, start_next_in_order, start_next_of_batch
from filemill.tasks.models import Batch, QueuePause, TaskLog, WorkerNode
from filemill.tasks.node import Worker
from filemill.tasks.worker import let_go
from tests.integration.tasks.conftest import NewTask


def in_an_hour() -> datetime:
    return timezone.now() + timedelta(hours=1)


def end(task: TaskLog | None) -> None:
    assert task is not None
    assert complete(task, result={"outputs": []}) is not None


def new_batch(new_task: NewTask, user: User, *, files: int = 3, parallel: bool = True, **given: Any) -> Batch:
    batch = Batch.objects.create(user=user, task_type="image", files_count=files, parallel=parallel)
    for index in range(files):
        new_task(user=user, batch=batch, batch_index=index, lane="slice", **given)
    return batch


def sent_ids(sent: list[broker.Message]) -> list[str]:
    return [message.row_id for message in sent]


@pytest.mark.django_db
def test_more_urgent_tasks_go_first_and_what_waited_hours_longer_before_them(
    alice: User, new_task: NewTask, sent: list[broker.Message]
) -> None:
    usual, urgent, idle = new_task(), new_task(priority=5), new_task(priority=-1)
    old = new_task(priority=-1)
    TaskLog.objects.filter(pk=old.pk).update(turn_at=old.turn_at - timedelta(hours=7))

    dispatch.refill(user_id=alice.pk, lane="interactive")

    assert sent_ids(sent) == [str(task.pk) for task in (old, urgent, usual, idle)]


@pytest.mark.django_db
def test_a_scheduled_task_is_neither_sent_nor_begun_before_its_time(
    alice: User, new_task: NewTask, worker: Worker, sent: list[broker.Message]
) -> None:
    task = new_task(run_at=in_an_hour())
    assert dispatch.refill(user_id=alice.pk, lane="interactive") == 0
    assert sweeping.send_unsent() == 0
    assert start(task.pk, worker=worker) is None

    TaskLog.objects.update(run_after=Now())
    assert sweeping.send_unsent() == 1
    assert start(task.pk, worker=worker) is not None


@pytest.mark.django_db
def test_a_retry_keeps_a_start_that_is_still_to_come(new_task: NewTask) -> None:
    task = new_task(run_at=in_an_hour())
    lifecycle.cancel(task.pk, reason="", by="alice")
    task.refresh_from_db()
    again = lifecycle.retry(task, by="alice", force=False)

    assert again is not None
    assert again.run_after == task.run_at


@pytest.mark.django_db
def test_what_was_not_begun_in_time_expires_and_a_person_may_still_run_it(new_task: NewTask, worker: Worker) -> None:
    task = new_task(expires_at=in_an_hour())
    assert task.deadline_at == task.expires_at
    TaskLog.objects.update(deadline_at=Now() - timedelta(seconds=1), expires_at=Now() - timedelta(seconds=1))
    assert start(task.pk, worker=worker) is None

    (expired,) = overdue_moves.expire(5)
    assert (expired.status, expired.error_code) == ("failed", "expired")
    assert lifecycle.retry(expired, by="alice", force=False) is not None
    assert start(task.pk, worker=worker) is not None


@pytest.mark.django_db
def test_a_task_that_comes_too_late_to_its_worker_expires_there_and_the_next_is_sent(
    new_task: NewTask, worker: Worker, sent: list[broker.Message]
) -> None:
    late, waiting = new_task(expires_at=in_an_hour()), new_task()
    TaskLog.objects.filter(pk=late.pk).update(deadline_at=Now() - timedelta(seconds=1), published_at=Now())
    assert start(late.pk, worker=worker) is None

    let_go(str(late.pk))

    late.refresh_from_db()
    assert (late.status, late.error_code) == ("failed", "expired")
    assert sent_ids(sent) == [str(waiting.pk)]


@pytest.mark.django_db
def test_an_expired_file_does_not_hold_up_its_ordered_batch(alice: User, new_task: NewTask, worker: Worker) -> None:
    batch = new_batch(new_task, alice, parallel=False)
    TaskLog.objects.filter(batch_index=0).update(deadline_at=Now() - timedelta(seconds=1))

    task = start_next_in_order(batch.pk, worker=worker)
    assert task is not None
    assert task.batch_index == 1


@pytest.mark.django_db
@pytest.mark.parametrize("queue", ["interactive", "image"])
def test_a_paused_queue_sends_and_begins_nothing(
    queue: str, alice: User, new_task: NewTask, worker: Worker, sent: list[broker.Message]
) -> None:
    task = new_task()
    QueuePause.objects.create(queue=queue, paused_by="sven")
    assert dispatch.refill(user_id=alice.pk, lane="interactive") == 0
    assert start(task.pk, worker=worker) is None

    QueuePause.objects.create(queue="video", paused_by="sven")
    QueuePause.objects.filter(queue=queue).delete()
    assert dispatch.refill(user_id=alice.pk, lane="interactive") == 1
    assert start(task.pk, worker=worker) is not None


@pytest.mark.django_db
@pytest.mark.parametrize(("queue", "parallel"), [("bulk", True), ("image", False)])
def test_a_paused_batch_gets_no_slices_and_gives_no_files(
    queue: str, parallel: bool, alice: User, new_task: NewTask, worker: Worker
) -> None:
    batch = new_batch(new_task, alice, parallel=parallel)
    claim = start_next_of_batch if parallel else start_next_in_order
    QueuePause.objects.create(queue=queue, paused_by="sven")

    assert dispatch.send_first_slices(batch) == 0
    assert sweeping.resend_lost() == 0
    assert not claim(batch.pk, worker=worker)
    QueuePause.objects.all().delete()
    assert claim(batch.pk, worker=worker)


@pytest.mark.django_db
def test_a_slice_is_told_of_a_task_of_somebody_else_that_was_sent(
    alice: User, bob: User, new_task: NewTask, sent: list[broker.Message]
) -> None:
    new_batch(new_task, alice)
    new_task()
    dispatch.refill(user_id=alice.pk, lane="interactive")
    assert not who_waits(alice.pk, "image").is_sent

    new_task(user=bob)
    dispatch.refill(user_id=bob.pk, lane="interactive")
    assert who_waits(alice.pk, "image").is_sent


@pytest.mark.django_db
def test_a_slice_is_told_of_the_backlog_of_others_and_of_its_users_own_single_tasks(
    alice: User, bob: User, new_task: NewTask, sent: list[broker.Message]
) -> None:
    new_batch(new_task, alice)
    assert not who_waits(alice.pk, "image").is_in_backlog
    assert who_waits(bob.pk, "image").is_in_backlog

    new_task()
    assert not who_waits(alice.pk, "image").is_in_backlog
    dispatch.refill(user_id=alice.pk, lane="interactive")
    assert who_waits(alice.pk, "image").is_in_backlog


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("of_user", "of_types", "counts"),
    [(1, {}, True), (0, {"image": 1}, True), (0, {"video": 1}, False), (0, {}, False)],
)
def test_a_single_task_that_a_limit_keeps_from_being_sent_counts_for_its_own_users_slice(
    settings: Any, alice: User, new_task: NewTask, *, of_user: int, of_types: dict[str, int], counts: bool
) -> None:
    settings.FILEMILL_USER_CONCURRENCY, settings.FILEMILL_TYPE_CONCURRENCY = of_user, of_types
    new_batch(new_task, alice)
    assert not who_waits(alice.pk, "image").is_in_backlog
    new_task()  # it is sent when a file of the slice has ended, and a slice never lets go of its place
    assert who_waits(alice.pk, "image").is_in_backlog == counts


@pytest.mark.django_db
def test_what_is_not_due_ends_no_slice(alice: User, bob: User, new_task: NewTask) -> None:
    task = new_task(user=bob)
    TaskLog.objects.filter(pk=task.pk).update(run_after=in_an_hour())
    assert who_waits(alice.pk, "image") == Waiting(is_sent=False, is_in_backlog=False)


@pytest.mark.django_db
def test_near_the_end_of_a_batch_a_slice_leaves_files_to_the_others(
    alice: User, new_task: NewTask, worker: Worker
) -> None:
    batch = new_batch(new_task, alice, files=20)

    claims = [len(start_next_of_batch(batch.pk, worker=worker, limit=10, at_end=2)) for _ in range(8)]

    assert claims == [5, 3, 3, 2, 2, 2, 2, 1]


@pytest.mark.django_db
def test_a_window_is_no_wider_than_the_workers_can_use(
    alice: User, new_task: NewTask, sent: list[broker.Message]
) -> None:
    WorkerNode.objects.create(id=uuid4(), name="mill:1", concurrency=2)
    for _ in range(9):
        new_task()

    assert dispatch.refill(user_id=alice.pk, lane="interactive") == 4


@pytest.mark.django_db
def test_nothing_is_sent_beyond_a_limit_and_other_types_pass_by(
    alice: User, new_task: NewTask, settings: Any, sent: list[broker.Message]
) -> None:
    settings.FILEMILL_TYPE_CONCURRENCY = {"video": 1}
    films = [new_task(task_type="video") for _ in range(3)]
    picture = new_task()
    dispatch.refill(user_id=alice.pk, lane="interactive")
    assert sent_ids(sent) == [str(films[0].pk), str(picture.pk)]

    settings.FILEMILL_USER_CONCURRENCY = 2
    new_task()
    assert dispatch.refill(user_id=alice.pk, lane="interactive") == 0


@pytest.mark.django_db
def test_a_claim_beyond_a_limit_goes_back_and_is_sent_again_when_a_place_is_free(
    bob: User, new_task: NewTask, worker: Worker, settings: Any, sent: list[broker.Message]
) -> None:
    settings.FILEMILL_TYPE_CONCURRENCY = {"image": 1}
    first, second = new_task(), new_task(user=bob)
    at_work = start(first.pk, worker=worker)
    TaskLog.objects.filter(pk=second.pk).update(published_at=Now())
    assert start(second.pk, worker=worker) is None

    dispatch.put_back(str(second.pk))
    assert sent == []
    assert TaskLog.objects.get(pk=second.pk).published_at is None

    end(at_work)
    passing_on.pass_on(user_id=first.user_id, task_type="image")
    assert sent_ids(sent) == [str(second.pk)]
    assert start(second.pk, worker=worker) is not None


@pytest.mark.django_db
def test_a_free_place_of_a_user_goes_to_their_batch_too(
    alice: User, new_task: NewTask, worker: Worker, settings: Any, sent: list[broker.Message]
) -> None:
    settings.FILEMILL_USER_CONCURRENCY = 1
    batch = new_batch(new_task, alice)
    at_work = start(new_task().pk, worker=worker)
    assert start_next_of_batch(batch.pk, worker=worker) == []

    end(at_work)
    passing_on.pass_on(user_id=alice.pk, task_type="image")
    assert sent_ids(sent) == [str(batch.pk)]
    assert start_next_of_batch(batch.pk, worker=worker) != []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", [{"FILEMILL_USER_CONCURRENCY": 2}, {"FILEMILL_TYPE_CONCURRENCY": {"image": 2}}])
def test_racing_claims_never_exceed_a_limit(
    limit: dict[str, Any], alice: User, new_task: NewTask, settings: Any
) -> None:
    for name, value in limit.items():
        setattr(settings, name, value)
    batch = new_batch(new_task, alice, files=30)
    tasks = [new_task() for _ in range(30)]
    together = threading.Barrier(6)

    def claim(number: int) -> list[TaskLog | None]:
        worker = Worker(id=uuid4(), name=f"mill:{number}")
        try:
            together.wait(60)
            return [start(tasks.pop().pk, worker=worker), *start_next_of_batch(batch.pk, worker=worker, limit=3)]
        finally:
            connection.close()

    for _ in range(5):
        with ThreadPoolExecutor(6) as pool:
            claimed = [task for found in pool.map(claim, range(6)) for task in found if task is not None]
        assert len(claimed) == 2
        for task in claimed:
            end(task)
