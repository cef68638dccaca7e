"""Every status × move, against the real SQL."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.db.models.functions import Now

from filemill.tasks import lifecycle, overdue_moves
from filemill.tasks.models import TaskAttempt, TaskEventLog, TaskLog
from filemill.tasks.node import Worker
from filemill.tasks.statuses import MOVES, TERMINAL, Move, Status
from filemill.tasks.transition import Ending
from tests.integration.tasks.conftest import NewTask

pytestmark = pytest.mark.django_db

SOME_WORKER = Worker(id=uuid4(), name="mill:1/2")
FAILED = Ending(error_code="corrupt_file", message="The file is cut short.")


def bring_to(task: TaskLog, status: Status) -> TaskLog:
    """Bring a pending task to a status by the moves that lead there."""
    if status == Status.PENDING:
        return task
    if status == Status.CANCELLED:
        return must(lifecycle.cancel(task.pk, reason="", by="alice"))
    started = must(lifecycle.start(task.pk, worker=SOME_WORKER))
    if status == Status.COMPLETED:
        return must(lifecycle.complete(started, result={"outputs": []}))
    return must(lifecycle.fail(started, ending=FAILED)) if status == Status.FAILED else started


def must(task: TaskLog | None) -> TaskLog:
    assert task is not None
    return task


def expire(task: TaskLog) -> TaskLog | None:
    TaskLog.objects.filter(pk=task.pk).update(deadline_at=Now() - timedelta(seconds=1))
    return next(iter(overdue_moves.expire(10)), None)


def rescue(task: TaskLog) -> TaskLog | None:
    TaskLog.objects.filter(pk=task.pk, status="processing").update(lease_until=Now() - timedelta(seconds=1))
    return next(iter(overdue_moves.rescue(10)), None)


ATTEMPTED: dict[str, Callable[[TaskLog], TaskLog | None]] = {
    "start": lambda task: lifecycle.start(task.pk, worker=SOME_WORKER),
    "complete": lambda task: lifecycle.complete(task, result={}),
    "fail": lambda task: lifecycle.fail(task, ending=FAILED),
    "defer": lambda task: lifecycle.defer(task, delay_seconds=1, ending=FAILED),
    "rescue": rescue,
    "cancel": lambda task: lifecycle.cancel(task.pk, reason="enough", by="alice"),
    "retry": lambda task: lifecycle.retry(task, by="alice", force=False),
    "force_retry": lambda task: lifecycle.retry(task, by="alice", force=True),
    "expire": expire,
}


def test_every_move_is_tried_here() -> None:
    assert set(ATTEMPTED) == {move.name for move in MOVES}


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.name)
def test_a_move_happens_exactly_from_its_sources(move: Move, status: Status, new_task: NewTask) -> None:
    task = bring_to(new_task(), status)
    events = TaskEventLog.objects.filter(task=task)
    before = events.count()

    moved = ATTEMPTED[move.name](task)

    stored = TaskLog.objects.get(pk=task.pk)
    if status in move.sources:
        assert moved is not None
        assert stored.status == move.target
        assert events.count() == before + 1
        assert events.latest("id").event_type == move.event
    else:
        assert moved is None
        assert stored.status == status
        assert events.count() == before


@pytest.mark.parametrize("move", ["complete", "fail", "defer"])
def test_an_old_hand_changes_nothing(move: str, new_task: NewTask) -> None:
    old = must(lifecycle.start(new_task().pk, worker=SOME_WORKER))
    must(rescue(old))
    new = must(lifecycle.start(old.pk, worker=SOME_WORKER))
    assert new.fence > old.fence

    assert ATTEMPTED[move](old) is None
    assert TaskLog.objects.get(pk=old.pk).status == Status.PROCESSING
    assert must(lifecycle.complete(new, result={})).status == Status.COMPLETED


def test_a_retry_keeps_the_history_and_opens_a_generation(new_task: NewTask) -> None:
    failed = bring_to(new_task(), Status.FAILED)

    task = must(lifecycle.retry(failed, by="alice", force=False))

    assert (task.generation, task.retry_count, task.progress, task.error_code) == (2, 1, 0, None)
    assert [attempt.outcome for attempt in task.attempts.all()] == ["failed"]
    assert [event.event_type for event in task.events.order_by("id")] == ["created", "started", "failed", "retried"]


def test_only_one_of_two_retries_counts(new_task: NewTask) -> None:
    failed = bring_to(new_task(), Status.FAILED)
    must(lifecycle.retry(failed, by="alice", force=False))
    bring_to(TaskLog.objects.get(pk=failed.pk), Status.CANCELLED)

    assert lifecycle.retry(failed, by="alice", force=True) is None


def test_retries_without_force_end_at_the_limit(new_task: NewTask) -> None:
    failed = bring_to(new_task(max_retries=0), Status.FAILED)

    assert lifecycle.retry(failed, by="alice", force=False) is None
    assert must(lifecycle.retry(failed, by="alice", force=True)).status == Status.PENDING


def test_the_database_refuses_a_second_end_in_a_generation(new_task: NewTask) -> None:
    task = bring_to(new_task(), Status.COMPLETED)

    with pytest.raises(IntegrityError, match="one_terminal_event_per_generation"):
        TaskEventLog.objects.create(task=task, event_type="failed", generation=1)


def test_a_deferred_task_is_not_started_before_its_time(new_task: NewTask) -> None:
    task = bring_to(new_task(), Status.PROCESSING)
    must(lifecycle.defer(task, delay_seconds=60, ending=FAILED))

    assert lifecycle.start(task.pk, worker=SOME_WORKER) is None
    TaskLog.objects.filter(pk=task.pk).update(run_after=Now())
    assert must(lifecycle.start(task.pk, worker=SOME_WORKER)).attempt == 2


def test_an_attempt_keeps_the_evidence_of_its_end(new_task: NewTask) -> None:
    task = bring_to(new_task(), Status.PROCESSING)
    ending = Ending(error_code="memory_limit", message="Too big\x00.", evidence={"signal": 9, "stderr": "\ud800\x00"})
    must(lifecycle.fail(task, ending=ending))

    attempt = TaskAttempt.objects.get(task=task)
    assert (attempt.number, attempt.worker, attempt.outcome) == (1, SOME_WORKER.name, "failed")
    assert attempt.ended_at is not None
    assert attempt.evidence["signal"] == 9


def test_times_tell_the_story_of_the_status(new_task: NewTask) -> None:
    done = bring_to(new_task(), Status.COMPLETED)
    assert done.completed_at == done.finished_at
    assert done.progress == 100
    cancelled = bring_to(new_task(), Status.CANCELLED)
    assert cancelled.cancelled_at == cancelled.finished_at
    assert cancelled.completed_at is None


def test_terminal_statuses_are_left_by_a_person_alone() -> None:
    leaving = {move.name for move in MOVES if move.sources & TERMINAL}
    assert leaving == {"retry", "force_retry"}


def test_a_started_task_holds_a_lease_of_its_worker(new_task: NewTask, alice: User) -> None:
    task = bring_to(new_task(), Status.PROCESSING)
    assert task.user == alice
    assert task.lease_owner == SOME_WORKER.id
    assert TaskLog.objects.filter(pk=task.pk, lease_until__gt=Now() + timedelta(seconds=50)).exists()


def test_no_task_ends_before_it_started(new_task: NewTask) -> None:
    """A cancel that waited for the lock of a claim began before that claim."""
    task = bring_to(new_task(), Status.PROCESSING)
    TaskLog.objects.filter(pk=task.pk).update(started_at=Now() + timedelta(seconds=5))

    cancelled = must(lifecycle.cancel(task.pk, reason="", by="alice"))
    assert cancelled.finished_at == cancelled.cancelled_at == cancelled.started_at
