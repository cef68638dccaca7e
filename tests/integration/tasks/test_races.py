"""Six clients race for twelve tasks and the checker judges; a careless version of the moves must be found out.

The number of operations is bounded, not the time. TESTS_PROFILE=long races for 10,000 events.
"""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from filemill.tasks import lifecycle, overdue_moves, progress, pulse
from filemill.tasks.history import Kind, Observation, Violation, check, collect
from filemill.tasks.models import TaskAttempt, TaskEventLog, TaskLog
from filemill.tasks.node import Worker
from filemill.tasks.progress import ProgressReporter
from filemill.tasks.statuses import TERMINAL, Outcome, Status
from filemill.tasks.transition import Ending
from tests.chaos.figures import FIGURES
from tests.integration.tasks.conftest import NewTask

pytestmark = pytest.mark.django_db(transaction=True)

IS_LONG = os.environ.get("TESTS_PROFILE") == "long"
LEAST_EVENTS = 10_000 if IS_LONG else 2_000
CLIENTS, TASKS = 6, 12
OPERATIONS = LEAST_EVENTS // CLIENTS * 6
"""Of each client; most come too late and leave no event."""
LEASE_SECONDS = 0.05
"""So short that workers lose their tasks all the time."""
CORRUPT = Ending(error_code="corrupt_file", message="The file is cut short.")
DISK_FULL = Ending(error_code="disk_full", message="There was no room.")
RESULT: dict[str, Any] = {"outputs": []}


class Moves:
    """The moves as the product makes them."""

    def start(self, task_id: UUID, *, worker: Worker) -> TaskLog | None:
        return lifecycle.start(task_id, worker=worker)

    def complete(self, task: TaskLog) -> TaskLog | None:
        return lifecycle.complete(task, result=RESULT)

    def fail(self, task: TaskLog) -> TaskLog | None:
        return lifecycle.fail(task, ending=CORRUPT)

    def defer(self, task: TaskLog) -> TaskLog | None:
        return lifecycle.defer(task, delay_seconds=0, ending=DISK_FULL)

    def cancel(self, task_id: UUID) -> TaskLog | None:
        return lifecycle.cancel(task_id, reason="enough", by="alice")

    def retry(self, task: TaskLog) -> TaskLog | None:
        return lifecycle.retry(task, by="alice", force=True)

    def rescue(self) -> list[TaskLog]:
        return overdue_moves.rescue(4)


class CarelessMoves(Moves):
    """The moves as they are often written: read the row, check it, change it, save it, then tell of it."""

    def start(self, task_id: UUID, *, worker: Worker) -> TaskLog | None:
        task = TaskLog.objects.get(pk=task_id)
        if task.status != Status.PENDING:
            return None
        task.attempt += 1
        task.fence += 1
        task.status, task.started_at, task.progress = Status.PROCESSING, timezone.now(), 0
        task.lease_owner, task.lease_until = worker.id, timezone.now() + timedelta(seconds=LEASE_SECONDS)
        task.save()
        TaskAttempt.objects.create(
            task=task, number=task.attempt, generation=task.generation, fence=task.fence, worker=worker.name
        )
        return told(task, "started")

    def complete(self, task: TaskLog) -> TaskLog | None:
        task = TaskLog.objects.get(pk=task.pk)
        if task.status != Status.PROCESSING:
            return None
        task.completed_at = task.finished_at = timezone.now()
        task.result, task.progress = RESULT, 100
        return ended(task, Status.COMPLETED)

    def fail(self, task: TaskLog) -> TaskLog | None:
        task = TaskLog.objects.get(pk=task.pk)
        if task.status != Status.PROCESSING:
            return None
        task.finished_at, task.error_code = timezone.now(), CORRUPT.error_code
        return ended(task, Status.FAILED)

    def cancel(self, task_id: UUID) -> TaskLog | None:
        task = TaskLog.objects.get(pk=task_id)
        if task.status in TERMINAL:
            return None
        task.cancelled_at = task.finished_at = timezone.now()
        return ended(task, Status.CANCELLED)

    def retry(self, task: TaskLog) -> TaskLog | None:
        task = TaskLog.objects.get(pk=task.pk)
        if task.status not in TERMINAL:
            return None
        task.status, task.progress, task.error_code, task.result = Status.PENDING, 0, None, None
        task.completed_at = task.cancelled_at = task.finished_at = task.started_at = None
        task.generation += 1
        task.save()
        return told(task, "retried")


def ended(task: TaskLog, status: Status) -> TaskLog:
    task.status, task.lease_owner, task.lease_until = status, None, None
    task.save()
    attempt = TaskAttempt.objects.filter(task=task, number=task.attempt, ended_at=None)
    attempt.update(ended_at=timezone.now(), outcome=status)
    return told(task, status)


def told(task: TaskLog, event_type: str) -> TaskLog:
    TaskEventLog.objects.create(task=task, event_type=event_type, generation=task.generation, attempt=task.attempt)
    return task


@dataclass
class Client:
    """A thread that is a worker, a person and a sweeper by turns, and remembers what it was told."""

    moves: Moves
    tasks: Sequence[UUID]
    chance: random.Random
    operations: int
    errors: tuple[type[Exception], ...] = ()
    worker: Worker = field(default_factory=lambda: Worker(id=uuid4(), name="racer:1/1"))
    hands: list[TaskLog] = field(default_factory=list)
    told: list[Observation] = field(default_factory=list)

    def run(self, barrier: threading.Barrier) -> None:
        doings = [self.claim] * 4 + [self.work] * 5 + [self.cancel, self.retry, self.retry, self.look, self.rescue]
        try:
            barrier.wait()
            for _ in range(self.operations):
                try:
                    self.chance.choice(doings)()
                except self.errors:  # a careless move that the database refused half-way: its client was told a 500
                    continue
        finally:
            connection.close()

    def claim(self) -> None:
        claimed = self.moves.start(self.chance.choice(self.tasks), worker=self.worker)
        if claimed is not None:
            self.hands.append(claimed)

    def work(self) -> None:
        """Do something with a task that was claimed, now or long ago."""
        if not self.hands:
            return
        hand = self.chance.choice(self.hands[-3:])
        doing = self.chance.choice([self.report, self.renew, self.complete, self.complete, self.fail])
        doing(hand)

    def report(self, hand: TaskLog) -> None:
        reporter = ProgressReporter(hand)
        for _ in range(2):
            reporter.report(self.chance.randint(1, 99))

    def renew(self, hand: TaskLog) -> None:
        with connection.cursor() as cursor:
            cursor.execute(pulse.RENEW, [LEASE_SECONDS, [hand.pk], [hand.fence]])

    def complete(self, hand: TaskLog) -> None:
        self.moves.complete(hand)

    def fail(self, hand: TaskLog) -> None:
        if hand.failures < hand.max_retries and self.chance.random() < 0.5:
            self.moves.defer(hand)
        else:
            self.moves.fail(hand)

    def rescue(self) -> None:
        self.moves.rescue()

    # --- a person, who is told something ---
    def look(self) -> None:
        self.ask(Kind.READ, self.chance.choice(self.tasks), lambda task_id: TaskLog.objects.get(pk=task_id))

    def cancel(self) -> None:
        self.ask(
            Kind.CANCEL,
            self.chance.choice(self.tasks),
            self.moves.cancel,
        )

    def retry(self) -> None:
        task = TaskLog.objects.get(pk=self.chance.choice(self.tasks))
        self.ask(Kind.RETRY, task.pk, lambda _: self.moves.retry(task))

    def ask(self, kind: Kind, task_id: UUID, question: Callable[[UUID], TaskLog | None]) -> None:
        asked_at, answer, was_answered = datetime.now(UTC), None, False
        try:
            answer = question(task_id)
            was_answered = True
        finally:
            if answer is not None or not was_answered:
                status = None if answer is None else "retrying" if kind is Kind.RETRY else answer.status
                shown = answer.progress if answer is not None and kind is Kind.READ else None
                self.told.append(
                    Observation(
                        task_id=task_id,
                        kind=kind,
                        status=status,
                        progress=shown,
                        asked_at=asked_at,
                        at=datetime.now(UTC),
                    )
                )


@dataclass(frozen=True)
class Race:
    """What came of a race."""

    violations: list[Violation]
    events: int
    outcomes: Counter[str]


Racing = Callable[..., Race]


@pytest.fixture
def race(new_task: NewTask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Racing:
    settings.FILEMILL_LEASE_SECONDS = LEASE_SECONDS
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0.0)

    def run(moves: Moves, *, operations: int = OPERATIONS, errors: tuple[type[Exception], ...] = ()) -> Race:
        tasks = [new_task(max_retries=2).pk for _ in range(TASKS)]
        clients = [Client(moves, tasks, random.Random(seed), operations, errors) for seed in range(CLIENTS)]
        barrier = threading.Barrier(CLIENTS)
        with ThreadPoolExecutor(CLIENTS) as pool:
            for running in [pool.submit(client.run, barrier) for client in clients]:
                running.result()
        for task_id in tasks:
            with suppress(*errors):  # the half of a careless move may be in the way of an honest one
                lifecycle.cancel(task_id, reason="the race is over", by="alice")
        told = [sight for client in clients for sight in client.told]
        return Race(
            violations=check(collect(tasks, settle_seconds=0, observations=told)),
            events=TaskEventLog.objects.count(),
            outcomes=Counter(TaskAttempt.objects.values_list("outcome", flat=True)),
        )

    return run


@pytest.mark.timeout(900 if IS_LONG else 120)
def test_racing_clients_break_no_invariant(race: Racing) -> None:
    raced = race(Moves())

    FIGURES.counted("R3", "events of races with a violation", len(raced.violations), of=raced.events)
    assert raced.violations == []
    assert raced.events >= LEAST_EVENTS
    assert min(raced.outcomes[outcome] for outcome in Outcome) >= 5, raced.outcomes


@pytest.mark.timeout(900 if IS_LONG else 120)
def test_the_same_race_finds_out_careless_moves(race: Racing) -> None:
    # Written without the lock of the task's row, an event and a rescue can also wait for each other: a deadlock.
    raced = race(CarelessMoves(), operations=OPERATIONS // 4, errors=(IntegrityError, OperationalError))

    assert "I7" in {violation.invariant for violation in raced.violations}
    assert len(raced.violations) >= 10


def test_a_cancel_that_waited_for_a_claim_closes_the_attempt(new_task: NewTask, worker: Worker) -> None:
    task = new_task()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            assert lifecycle.start(task.pk, worker=worker) is not None
            cancelling = pool.submit(cancel_on_own_connection, task.pk)
            wait_until_somebody_waits_for_a_lock()
        cancelled = cancelling.result()

    assert cancelled is not None
    attempt = TaskAttempt.objects.get(task=task)
    assert (attempt.outcome, attempt.worker) == (Outcome.CANCELLED, worker.name)
    assert attempt.ended_at is not None
    assert attempt.ended_at >= attempt.started_at
    assert check(collect([task.pk], settle_seconds=0)) == []


def cancel_on_own_connection(task_id: UUID) -> TaskLog | None:
    try:
        return lifecycle.cancel(task_id, reason="enough", by="alice")
    finally:
        connection.close()


def wait_until_somebody_waits_for_a_lock() -> None:
    give_up_at = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < give_up_at:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    pytest.fail("Nobody waited for the claimed row.")
