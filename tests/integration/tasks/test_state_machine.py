"""Any order of moves, right or late or doubled, against the real SQL and beside a model in plain Python.

TESTS_PROFILE=long tries more and longer orders.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models.functions import Now
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from filemill.processing.operations.planning import Cost
from filemill.tasks import broker, lifecycle, overdue_moves, progress, pulse, sweeping
from filemill.tasks.changes import handed_back
from filemill.tasks.history import check, collect
from filemill.tasks.models import TaskEventLog, TaskLog
from filemill.tasks.node import Worker
from filemill.tasks.progress import ProgressReporter
from filemill.tasks.statuses import TERMINAL, Status
from filemill.tasks.transition import Ending, seconds_ahead

IS_LONG = os.environ.get("TESTS_PROFILE") == "long"
EXAMPLES, STEPS = (1000, 50) if IS_LONG else (60, 30)
MOST_TASKS = 3
"""Few, so that the moves meet."""
LIMIT = 1000
"""Of rows per sweep, more than there are."""

WORKERS = [Worker(id=uuid4(), name=f"mill:{number}/2") for number in (1, 2)]
CORRUPT = Ending(error_code="corrupt_file", message="The file is cut short.")
DISK_FULL = Ending(error_code="disk_full", message="There was no room.")
STOPPED = Ending(error_code="worker_stopped", message="The worker stopped")

SETTINGS = hypothesis_settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@dataclass
class Expected:
    """What the model says of a task."""

    max_retries: int
    status: Status = Status.PENDING
    generation: int = 1
    attempt: int = 0
    fence: int = 0
    failures: int = 0
    retry_count: int = 0
    progress: int = 0
    is_lease_over: bool = False
    is_overdue: bool = False
    is_waiting: bool = False

    def is_due(self) -> bool:
        return self.status == Status.PENDING and not self.is_overdue and not self.is_waiting

    def is_held_by(self, task: TaskLog) -> bool:
        return self.status == Status.PROCESSING and self.fence == task.fence

    def start(self) -> None:
        self.status, self.progress, self.is_lease_over = Status.PROCESSING, 0, False
        self.attempt += 1
        self.fence += 1

    def go_back(self) -> None:
        self.status, self.progress = Status.PENDING, 0
        self.retry_count += 1

    def retry(self) -> None:
        self.go_back()
        self.generation += 1
        self.failures = 0
        self.is_waiting = self.is_overdue = False


class TaskLife(RuleBasedStateMachine):
    """A few tasks in the hands of two workers, a person and the sweeper."""

    owner: ClassVar[User]

    tasks = Bundle[UUID]("tasks")
    hands = Bundle[TaskLog]("hands")  # what a worker claimed, then or long ago
    looks = Bundle[TaskLog]("looks")  # what a person saw, then or long ago

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[UUID, Expected] = {}
        self.effects = ExitStack()
        self.effects.enter_context(transaction.atomic())

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.effects.close()

    # --- a person ---
    @precondition(lambda self: len(self.model) < MOST_TASKS)
    @rule(target=tasks, max_retries=st.integers(0, 2))
    def create(self, max_retries: int) -> UUID:
        task = TaskLog(
            user=self.owner,
            task_type="document",
            file_name="note.txt",
            file_size=1,
            file_path="/inbox/note.txt",
            source={"kind": "path", "path": "note.txt"},
            media_type="text/plain",
            operation="document.extract",
            max_retries=max_retries,
        )
        lifecycle.create([task])
        self.model[task.pk] = Expected(max_retries=max_retries)
        return task.pk

    @rule(target=looks, task_id=tasks)
    def look(self, task_id: UUID) -> TaskLog:
        return TaskLog.objects.get(pk=task_id)

    @rule(task_id=tasks)
    def cancel(self, task_id: UUID) -> None:
        expected = self.model[task_id]
        was_open = expected.status not in TERMINAL

        assert_moved(lifecycle.cancel(task_id, reason="enough", by="alice"), if_=was_open)
        if was_open:
            expected.status = Status.CANCELLED

    @rule(task_id=tasks)
    def retry(self, task_id: UUID) -> None:
        self.retry_as_seen(TaskLog.objects.get(pk=task_id), force=False)

    @rule(task_id=tasks)
    def force_retry(self, task_id: UUID) -> None:
        self.retry_as_seen(TaskLog.objects.get(pk=task_id), force=True)

    @rule(seen=looks, force=st.booleans())
    def retry_what_was_seen_before(self, seen: TaskLog, force: bool) -> None:
        self.retry_as_seen(seen, force=force)

    def retry_as_seen(self, seen: TaskLog, *, force: bool) -> None:
        expected = self.model[seen.pk]
        allowed = TERMINAL if force else {Status.FAILED, Status.CANCELLED}
        has_room = force or expected.retry_count < expected.max_retries
        is_allowed = expected.status in allowed and expected.generation == seen.generation and has_room

        assert_moved(lifecycle.retry(seen, by="alice", force=force), if_=is_allowed)
        if is_allowed:
            expected.retry()

    # --- workers ---
    @rule(target=hands, task_id=tasks, worker=st.sampled_from(WORKERS))
    def claim(self, task_id: UUID, worker: Worker) -> TaskLog | MultipleResults[TaskLog]:
        expected = self.model[task_id]
        was_due = expected.is_due()

        claimed = lifecycle.start(task_id, worker=worker)
        assert_moved(claimed, if_=was_due)
        if claimed is None:
            return multiple()
        expected.start()
        return claimed

    @rule(target=hands, task_id=tasks)
    def duplicate_claim(self, task_id: UUID) -> TaskLog | MultipleResults[TaskLog]:
        claimed = self.claim(task_id, WORKERS[0])
        assert lifecycle.start(task_id, worker=WORKERS[1]) is None
        return claimed

    @rule(target=hands, task_id=tasks)
    def take_over_from_a_lost_worker(self, task_id: UUID) -> TaskLog | MultipleResults[TaskLog]:
        """Three moves in one, so that hands grow old often."""
        self.let_lease_end(task_id)
        self.rescue()
        return self.claim(task_id, WORKERS[1])

    @rule(hand=hands)
    def heartbeat(self, hand: TaskLog) -> None:
        expected = self.model[hand.pk]
        with connection.cursor() as cursor:
            cursor.execute(pulse.RENEW, [60, [hand.pk], [hand.fence]])
            assert cursor.rowcount == int(expected.is_held_by(hand))
        if expected.is_held_by(hand):
            expected.is_lease_over = False

    @rule(hand=hands, percent=st.integers(-5, 130))
    def report_progress(self, hand: TaskLog, percent: int) -> None:
        expected = self.model[hand.pk]
        ProgressReporter(hand).report(percent)
        if expected.is_held_by(hand):
            expected.progress = max(expected.progress, min(percent, 99))

    @rule(hand=hands)
    def complete(self, hand: TaskLog) -> None:
        expected = self.model[hand.pk]
        is_ours = expected.is_held_by(hand)
        output = {"name": "text.txt", "sha256": "a" * 64}

        assert_moved(lifecycle.complete(hand, result={"outputs": [output]}), if_=is_ours)
        if is_ours:
            expected.status, expected.progress = Status.COMPLETED, 100

    @rule(hand=hands)
    def fail(self, hand: TaskLog) -> None:
        expected = self.model[hand.pk]
        is_ours = expected.is_held_by(hand)

        assert_moved(lifecycle.fail(hand, ending=CORRUPT), if_=is_ours)
        if is_ours:
            expected.status = Status.FAILED

    @rule(hand=hands, delay_seconds=st.sampled_from([0, 60]))
    def defer(self, hand: TaskLog, delay_seconds: int) -> None:
        if hand.failures >= hand.max_retries:
            self.fail(hand)
            return
        expected = self.model[hand.pk]
        is_ours = expected.is_held_by(hand)

        assert_moved(lifecycle.defer(hand, delay_seconds=delay_seconds, ending=DISK_FULL), if_=is_ours)
        if is_ours:
            expected.go_back()
            expected.failures += 1
            expected.is_waiting = delay_seconds > 0

    @rule(hand=hands)
    def hand_back(self, hand: TaskLog) -> None:
        expected = self.model[hand.pk]
        is_ours = expected.is_held_by(hand)

        assert_moved(lifecycle.defer(hand, delay_seconds=0, ending=STOPPED, counts=False), if_=is_ours)
        if is_ours:
            expected.go_back()

    @rule(hand=hands, waits_for=st.none() | st.just(Cost(cpu_seconds=1.0, memory_bytes=2**30)))
    def hand_back_unbegun(self, hand: TaskLog, waits_for: Cost | None) -> None:
        expected = self.model[hand.pk]
        is_ours = expected.is_held_by(hand)

        changes = handed_back(waits_for)
        if waits_for is not None:
            changes = {**changes, "run_after": seconds_ahead(60)}  # not before `the time comes`
        assert_moved(next(iter(lifecycle.hand_back([hand], changes=changes)), None), if_=is_ours)
        if is_ours:
            retries = expected.retry_count
            expected.go_back()
            expected.retry_count = retries
            expected.is_waiting = waits_for is not None

    @rule(hand=hands)
    def an_old_hand_tries_everything(self, hand: TaskLog) -> None:
        if self.model[hand.pk].is_held_by(hand):
            return
        assert lifecycle.complete(hand, result={"outputs": []}) is None
        assert lifecycle.fail(hand, ending=CORRUPT) is None
        assert lifecycle.defer(hand, delay_seconds=0, ending=DISK_FULL) is None

    # --- time and the sweeper ---
    @rule(task_id=tasks)
    def let_lease_end(self, task_id: UUID) -> None:
        past = Now() - timedelta(seconds=1)
        ended = TaskLog.objects.filter(pk=task_id, status=Status.PROCESSING).update(lease_until=past)
        self.model[task_id].is_lease_over |= bool(ended)

    @rule(task_id=tasks)
    def let_deadline_pass(self, task_id: UUID) -> None:
        TaskLog.objects.filter(pk=task_id).update(deadline_at=Now() - timedelta(seconds=1))
        self.model[task_id].is_overdue = True

    @rule(task_id=tasks)
    def let_delay_pass(self, task_id: UUID) -> None:
        TaskLog.objects.filter(pk=task_id, run_after__isnull=False).update(run_after=Now())
        self.model[task_id].is_waiting = False

    @rule()
    def rescue(self) -> None:
        rescued = {task.pk for task in overdue_moves.rescue(LIMIT)}
        assert rescued == self.rescue_in_model()

    @rule()
    def expire(self) -> None:
        expired = {task.pk for task in overdue_moves.expire(LIMIT)}
        assert expired == self.expire_in_model()

    @rule()
    def sweep(self) -> None:
        swept = sweeping.sweep()
        assert swept.rescued == len(self.rescue_in_model())
        assert swept.expired == len(self.expire_in_model())

    def rescue_in_model(self) -> set[UUID]:
        lost = {key for key, task in self.model.items() if task.status == Status.PROCESSING and task.is_lease_over}
        for key in lost:
            self.model[key].go_back()
        return lost

    def expire_in_model(self) -> set[UUID]:
        late = {key for key, task in self.model.items() if task.status == Status.PENDING and task.is_overdue}
        for key in late:
            self.model[key].status = Status.FAILED
        return late

    # --- what always holds ---
    @invariant()
    def the_rows_agree_with_the_model(self) -> None:
        compared = ("status", "generation", "attempt", "fence", "failures", "retry_count", "progress")
        for task in TaskLog.objects.filter(pk__in=self.model):
            expected = self.model[task.pk]
            assert {name: getattr(task, name) for name in compared} == {
                name: getattr(expected, name) for name in compared
            }

    @invariant()
    def the_times_are_in_order(self) -> None:
        for task in TaskLog.objects.filter(pk__in=self.model):
            assert (task.started_at is None) <= (task.status != Status.PROCESSING)
            times = [at for at in (task.created_at, task.started_at, task.finished_at) if at is not None]
            assert times[1:] == sorted(times[1:])
            assert (task.finished_at is not None) == (task.status in TERMINAL)
            assert task.finished_at in {None, task.completed_at, task.cancelled_at} or task.status == Status.FAILED

    @invariant()
    def the_history_is_sound(self) -> None:
        assert check(collect(list(self.model))) == []


def assert_moved(moved: TaskLog | None, *, if_: bool) -> None:
    assert (moved is not None) == if_


@pytest.fixture
def _quiet_surroundings(monkeypatch: pytest.MonkeyPatch, sent: list[broker.Message]) -> None:
    """Let the sweeper find a broker that is empty, and progress be stored whenever it is told."""
    monkeypatch.setattr(broker, "depth", lambda: broker.Depth(tasks=0, slices=0, unacknowledged=0))
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0.0)


@pytest.mark.timeout(3600 if IS_LONG else 120)
@pytest.mark.usefixtures("_quiet_surroundings")
def test_no_order_of_moves_breaks_a_task(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TaskLife, "owner", alice, raising=False)
    run_state_machine_as_test(TaskLife, settings=SETTINGS)


# --- the machine can fail: careless moves in an order that shows them ---
@pytest.fixture
def machine(alice: User, monkeypatch: pytest.MonkeyPatch, _quiet_surroundings: None) -> Iterator[TaskLife]:
    monkeypatch.setattr(TaskLife, "owner", alice, raising=False)
    machine = TaskLife()
    yield machine
    machine.teardown()


def test_the_machine_notices_a_completion_that_forgets_the_fence(
    machine: TaskLife, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete = lifecycle.complete

    def complete_by_any_hand(task: TaskLog, **given: Any) -> TaskLog | None:
        return complete(TaskLog.objects.get(pk=task.pk), **given)

    monkeypatch.setattr(lifecycle, "complete", complete_by_any_hand)
    task_id = machine.create(max_retries=1)
    old = machine.claim(task_id, WORKERS[0])
    machine.take_over_from_a_lost_worker(task_id)

    with pytest.raises(AssertionError):
        machine.complete(old)


def test_the_machine_notices_a_retry_that_forgets_the_generation(
    machine: TaskLife, monkeypatch: pytest.MonkeyPatch
) -> None:
    retry = lifecycle.retry

    def retry_whatever_was_seen(task: TaskLog, **given: Any) -> TaskLog | None:
        return retry(TaskLog.objects.get(pk=task.pk), **given)

    monkeypatch.setattr(lifecycle, "retry", retry_whatever_was_seen)
    task_id = machine.create(max_retries=1)
    seen = machine.look(task_id)
    for move in (machine.cancel, machine.retry, machine.cancel):
        move(task_id)

    with pytest.raises(AssertionError):
        machine.retry_what_was_seen_before(seen, force=True)


def test_the_machine_notices_a_status_without_its_event(machine: TaskLife) -> None:
    task_id = machine.create(max_retries=1)
    machine.claim(task_id, WORKERS[0])
    TaskEventLog.objects.filter(event_type="started").delete()

    with pytest.raises(AssertionError, match="I2"):
        machine.the_history_is_sound()
