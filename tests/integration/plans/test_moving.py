"""What workers and the sweeper do costs what they move, however long the tables and the queues of others are."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from filemill.tasks import (
    admission,
    batch_moves,
    broker,
    counting,
    dispatch,
    lifecycle,
    overdue_moves,
    passing_on,
    pruning,
    sweeping,
)
from filemill.tasks.models import Batch, TaskLog, TaskProgress
from filemill.tasks.node import Worker
from filemill.tasks.statuses import Lane, Status, TaskType
from tests.integration.plans.conftest import CROWD, QUEUES, WINDOW
from tests.integration.plans.explained import Reading, watch

pytestmark = pytest.mark.django_db

TASKS = "tasks_tasklog"
KEY = "tasks_tasklog_pkey"
BITE = 10
ENOUGH = 4
"""So many times a bite are counted, to see whether the batch is near its end."""
LEASED = {"task_lease"}
"""To find the rows that it chose again the planner may also walk through all that is at work, which is not much."""
LONG_AGO = timedelta(hours=1)


def some(count: int, **chosen: Any) -> Any:
    """Return a few tasks, to be changed."""
    keys = TaskLog.objects.filter(**chosen).order_by("pk").values_list("pk", flat=True)[:count]
    return TaskLog.objects.filter(pk__in=list(keys))


def read_of_tasks(reading: Reading) -> dict[str, int]:
    """Return what was read of the tasks, but for indexes that held nothing."""
    return {name: rows for name, rows in reading.of(TASKS).items() if rows}


# --- the sweeper ---
def test_a_round_with_nothing_to_rescue_or_to_expire_reads_no_task(alice: User) -> None:
    with watch() as reading:
        assert (overdue_moves.rescue(BITE), overdue_moves.expire(BITE)) == ([], [])

    assert reading.rows["task_deadline"] == 0
    assert set(read_of_tasks(reading)) <= LEASED


def test_a_rescue_reads_those_whose_lease_is_over(alice: User) -> None:
    some(3 * BITE, status=Status.PROCESSING).update(lease_until=Now() - LONG_AGO)
    with watch() as reading:
        assert len(overdue_moves.rescue(BITE)) == BITE

    assert reading.rows["task_lease"] >= BITE
    assert set(read_of_tasks(reading)) <= {KEY, *LEASED}


def test_an_expiry_reads_those_whose_deadline_is_over(bob: User) -> None:
    some(3 * BITE, user=bob, status=Status.PENDING).update(deadline_at=Now() - LONG_AGO)
    with watch() as reading:
        assert len(overdue_moves.expire(BITE)) == BITE

    assert read_of_tasks(reading) == {"task_deadline": BITE, KEY: BITE}


def test_the_search_for_who_waits_goes_from_user_to_user(bob: User, worker: Worker) -> None:
    with watch() as reading:
        sent = sweeping.send_unsent()

    windows = 8  # two lanes of Bob, and of the three who have a few of their own
    assert sent <= windows * WINDOW
    assert reading.rows["task_backlog"] <= windows * (len(TaskType) * WINDOW + 1)
    assert set(read_of_tasks(reading)) <= {"task_backlog", "task_scheduled", KEY, *QUEUES}


def test_what_the_broker_lost_is_found_among_what_was_sent(alice: User, settings: Any) -> None:
    settings.FILEMILL_SWEEP_SECONDS = settings.FILEMILL_LEASE_SECONDS = LONG_AGO.total_seconds() / 2
    some(BITE, status=Status.PENDING, published_at__isnull=False).update(published_at=Now() - LONG_AGO)
    with watch() as reading:
        assert sweeping._resend_tasks(broker.Depth(tasks=0, slices=0, unacknowledged=0)) == BITE

    counted = CROWD * WINDOW + 100
    assert reading.rows["task_sent"] <= counted + 2 * BITE
    assert set(read_of_tasks(reading)) == {"task_sent", KEY}


def test_batches_that_wait_are_found_by_one_file_of_each(long_batch: Batch) -> None:
    with watch() as reading:
        sweeping._resend_slices(None)

    batches = 8
    assert reading.rows["tasks_batch_pkey"] <= 2 * batches
    assert reading.rows["task_batch_active"] <= 10 * batches  # past those that travel alone
    assert set(read_of_tasks(reading)) <= {"task_batch_active", "task_batch_status", *QUEUES}
    assert set(reading.of("tasks_batch")) == {"tasks_batch_pkey"}


def test_counts_are_folded_without_a_look_at_the_tasks(alice: User) -> None:
    some(BITE, status=Status.COMPLETED).delete()
    with watch() as reading:
        assert counting.fold_counts() > 0

    assert reading.of(TASKS, "tasks_taskcount") == {}


# --- the dispatcher ---
def test_the_choice_of_the_next_reads_a_window_of_each_type(bob: User, worker: Worker) -> None:
    with watch() as reading:
        assert dispatch.refill(user_id=bob.pk, lane=Lane.INTERACTIVE) == WINDOW

    read = read_of_tasks(reading)
    assert read["task_backlog"] <= len(TaskType) * WINDOW
    assert read[KEY] <= (len(TaskType) + 1) * WINDOW
    assert set(read) <= {"task_backlog", KEY, *QUEUES}


def test_the_choice_below_limits_counts_what_is_in_flight(bob: User, worker: Worker, settings: Any) -> None:
    settings.FILEMILL_USER_CONCURRENCY = WINDOW
    settings.FILEMILL_TYPE_CONCURRENCY = {"video": 1}
    with watch() as reading:
        dispatch.refill(user_id=bob.pk, lane=Lane.INTERACTIVE)

    read = read_of_tasks(reading)
    assert read["task_backlog"] <= len(TaskType) * WINDOW
    assert set(read) <= {"task_backlog", KEY, *QUEUES}


def test_a_free_place_is_offered_by_a_probe_for_each_user(bob: User) -> None:
    with watch() as reading:
        assert (bob.pk, "interactive") in passing_on._next_of_type(bob.pk, "video")

    assert set(read_of_tasks(reading)) == {"task_backlog"}
    assert reading.rows["task_backlog"] <= CROWD


def test_a_free_place_is_offered_to_a_batch_without_a_look_at_its_files(long_batch: Batch) -> None:
    with watch() as reading:
        passing_on._pass_on_to_batch(long_batch.user_id, "image", None)

    assert set(read_of_tasks(reading)) == {"task_batch_active"}
    assert reading.rows["task_batch_active"] <= 100
    assert set(reading.of("tasks_batch")) <= {"tasks_batch_pkey", "batch_user_newest"}


def test_room_is_passed_on_by_a_look_at_those_that_wait_for_it(bob: User) -> None:
    waiting = some(BITE, user=bob, run_after=None, published_at=None, status=Status.PENDING)
    waiting.update(needed_bytes=2**30, needed_seconds=1.0, run_after=Now())
    with watch() as reading:
        passing_on.pass_capacity_on()

    read = read_of_tasks(reading)
    assert read["task_waits_for_capacity"] <= 2 * BITE
    assert read["task_scheduled"] <= 4 * BITE
    assert set(read) <= {"task_waits_for_capacity", "task_scheduled", "task_backlog", KEY, *QUEUES}


def test_slices_are_sent_by_a_look_at_the_first_files(long_batch: Batch) -> None:
    with watch() as reading:
        assert dispatch.send_first_slices(long_batch) > 0
        dispatch.send_next_slice(long_batch)

    assert set(read_of_tasks(reading)) == {"task_batch_active"}
    assert reading.rows["task_batch_active"] <= BITE


# --- claims ---
def test_a_claim_of_a_slice_reads_what_it_claims(long_batch: Batch, worker: Worker) -> None:
    with watch() as reading:
        claimed = lifecycle.start_next_of_batch(long_batch.pk, worker=worker, limit=BITE, at_end=1)

    assert len(claimed) == BITE
    assert read_of_tasks(reading) == {"task_batch_active": (1 + ENOUGH) * BITE, KEY: BITE}


@pytest.mark.parametrize(("of_user", "of_types", "looks"), [(0, {}, 4), (2, {}, 5), (0, {"image": 2}, 5)])
def test_who_waits_is_told_by_a_few_looks(
    long_batch: Batch, settings: Any, *, of_user: int, of_types: dict[str, int], looks: int
) -> None:
    settings.FILEMILL_USER_CONCURRENCY, settings.FILEMILL_TYPE_CONCURRENCY = of_user, of_types
    with watch() as reading:
        admission.who_waits(long_batch.user_id, "image")

    assert set(read_of_tasks(reading)) <= {"task_sent", "task_backlog", "task_in_flight"}
    assert sum(read_of_tasks(reading).values()) <= looks


def test_a_claim_in_order_reads_the_first_file(long_batch: Batch, worker: Worker) -> None:
    with watch() as reading:
        assert lifecycle.start_next_in_order(long_batch.pk, worker=worker) is not None

    read = read_of_tasks(reading)
    assert (read["task_batch_active"], read[KEY]) == (1, 1)
    assert set(read) <= {"task_batch_active", KEY, *QUEUES}


def test_claims_line_up_by_the_batch_and_not_by_a_file_of_it(long_batch: Batch) -> None:
    with transaction.atomic(), watch() as reading:
        admission.line_up(admission.OF_BATCH, str(long_batch.pk))

    assert reading.of(TASKS, "tasks_batch") == {"tasks_batch_pkey": 1}


# --- batches as a whole ---
def test_a_batch_is_cancelled_bite_by_bite(long_batch: Batch) -> None:
    with watch() as reading:
        assert batch_moves.cancel_some(long_batch.pk, Status.PENDING, reason="", by="carol", limit=BITE) == BITE

    assert read_of_tasks(reading) == {"task_batch_status": BITE, KEY: BITE}


def test_failed_files_are_retried_bite_by_bite(alice: User) -> None:
    batch = TaskLog.objects.filter(user=alice, status=Status.FAILED, batch__isnull=False).newest_first()[0].batch_id
    assert batch is not None
    with watch() as reading:
        retried = batch_moves.retry_some_failed(batch, failed_until=timezone.now(), force=False, by="alice", limit=BITE)

    assert retried == BITE
    assert read_of_tasks(reading).items() >= {"task_batch_status": BITE, KEY: BITE}.items()
    assert set(read_of_tasks(reading)) == {"task_batch_status", KEY}


# --- pruning ---
def test_pruning_progress_reads_what_it_deletes(alice: User, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.FILEMILL_PROGRESS_DAYS = 7
    monkeypatch.setattr(pruning, "BITE", 10_000)
    with watch() as reading:
        pruned = pruning.prune_progress()

    assert pruned > 1_000
    assert set(reading.of(TASKS)) == {KEY}
    assert sum(reading.of("tasks_taskprogress").values()) <= 2 * pruned
    assert TaskProgress._meta.db_table not in reading.rows


def test_pruning_events_reads_what_it_deletes(alice: User, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.FILEMILL_EVENT_DAYS = 7
    monkeypatch.setattr(pruning, "BITE", 10_000)
    with watch() as reading:
        pruned = pruning.prune_events()

    assert pruned > 1_000
    assert set(reading.of(TASKS)) == {KEY}
    assert reading.rows["event_prunable"] <= pruned + BITE
    assert set(reading.of("tasks_taskeventlog")) == {"event_prunable", "tasks_taskeventlog_pkey"}
