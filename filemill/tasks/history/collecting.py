"""Reading the facts of some tasks from the database and the storage, for the checker."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F

from filemill.files import outputs
from filemill.tasks.history.facts import (
    AttemptFact,
    DownloadFact,
    EventFact,
    FileFact,
    History,
    Observation,
    OutputFact,
    ProcessFact,
    ProgressFact,
    TaskFact,
)
from filemill.tasks.models import EventPruning, TaskAttempt, TaskEventLog, TaskLog, TaskProgress
from filemill.tasks.statuses import Status


def collect(
    task_ids: Collection[UUID],
    *,
    with_files: bool = False,
    settle_seconds: float | None = None,
    observations: Sequence[Observation] = (),
    downloads: Sequence[DownloadFact] = (),
    processes: Sequence[ProcessFact] = (),
    earlier_events: Sequence[EventFact] = (),
) -> History:
    """Return the history of these tasks: the tables as of one moment, and what the caller has seen besides.

    `with_files` reads and hashes every output that a completed row refers to. The facts lie in memory, so hand in
    thousands of tasks at a time, not millions.
    """
    ids = list(task_ids)
    with _one_moment() as read_at:
        tasks, events = _read_tasks(ids), _read_events(ids)
        attempts, progress = _read_attempts(ids), _read_progress(ids)
        pruned_until = EventPruning.objects.values_list("until", flat=True).first()
    return History(
        read_at=read_at,
        tasks=tasks,
        events=events,
        attempts=attempts,
        progress=progress,
        files=_read_files(tasks) if with_files else None,
        settle_seconds=settle_seconds,
        observations=observations,
        downloads=downloads,
        processes=processes,
        earlier_events=earlier_events,
        events_pruned_until=pruned_until,
    )


@contextmanager
def _one_moment() -> Iterator[datetime]:
    """Let all reads see the tables as of one moment, and yield it: tasks move on while they are read.

    Inside a transaction of the caller its own view must do.
    """
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if is_outermost:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT statement_timestamp()")
        yield cursor.fetchone()[0]


def _read_tasks(ids: Sequence[UUID]) -> list[TaskFact]:
    # A result can be megabytes of text; only what it says of its outputs is read.
    own = ("id", "status", "generation", "attempt", "fence", "failures", "max_retries", "progress")
    times = ("created_at", "lease_until", "deadline_at")
    rows = TaskLog.objects.filter(pk__in=ids).values(*own, *times, described=F("result__outputs"))
    with_result = set(TaskLog.objects.filter(pk__in=ids, result__isnull=False).values_list("pk", flat=True))
    return [
        TaskFact(
            **{name: row[name] for name in (*own, *times)},
            has_result=row["id"] in with_result,
            outputs=tuple(OutputFact(name=item["name"], sha256=item["sha256"]) for item in row["described"] or ()),
        )
        for row in rows
    ]


def _read_events(ids: Sequence[UUID]) -> list[EventFact]:
    rows = TaskEventLog.objects.filter(task__in=ids).values_list(
        "id", "task_id", "event_type", "generation", "attempt", "created_at", "metadata__automatic"
    )
    return [
        EventFact(
            id=event_id,
            task_id=task_id,
            event_type=event_type,
            generation=generation,
            attempt=attempt,
            at=at,
            is_automatic=automatic is True,
        )
        for event_id, task_id, event_type, generation, attempt, at, automatic in rows.iterator()
    ]


def _read_attempts(ids: Sequence[UUID]) -> list[AttemptFact]:
    columns = ("task_id", "number", "generation", "fence", "outcome", "error_code", "started_at", "ended_at")
    return [AttemptFact(**row) for row in TaskAttempt.objects.filter(task__in=ids).values(*columns).iterator()]


def _read_progress(ids: Sequence[UUID]) -> list[ProgressFact]:
    columns = ("id", "task_id", "attempt", "progress")
    return [ProgressFact(**row) for row in TaskProgress.objects.filter(task__in=ids).values(*columns).iterator()]


def _read_files(tasks: Sequence[TaskFact]) -> list[FileFact]:
    return [
        FileFact(
            task_id=task.id, fence=task.fence, name=output.name, sha256=_hash_output(task.id, task.fence, output.name)
        )
        for task in tasks
        if task.status == Status.COMPLETED
        for output in task.outputs
    ]


def _hash_output(task_id: UUID, fence: int, name: str) -> str | None:
    digest = hashlib.sha256()
    try:
        with outputs.open_output(outputs.output_key(task_id, fence, name)) as file:
            for chunk in file.chunks():
                digest.update(chunk)
    except FileNotFoundError:
        return None
    return digest.hexdigest()
