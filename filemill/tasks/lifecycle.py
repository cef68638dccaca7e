"""The one writer of `status`: a function per move.

Each move is a single statement: a compare-and-set UPDATE (right source status, right fence), the event that tells of
it, and the end of the open attempt, so that none of them can be seen without the others. A function returns the moved
task, or None when the move was not allowed any more: somebody else was faster, and nothing was changed. Only the
database's clock decides.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from filemill.tasks import admission, statuses
from filemill.tasks.admission import DUE
from filemill.tasks.changes import (
    BACK_TO_PENDING,
    CANCELLED,
    NO_ERROR,
    NO_LEASE,
    TRAVELS_ALONE_IF_PARALLEL,
    WAITS_FOR_NOTHING,
    begun_anew,
    error_of,
)
from filemill.tasks.insertion import Turn, insert, insert_alike, insert_next
from filemill.tasks.models import TaskLog
from filemill.tasks.node import Worker
from filemill.tasks.statuses import Move
from filemill.tasks.transition import (
    ENDED,
    NOW,
    Assignments,
    Ending,
    Given,
    apply,
    seconds_ahead,
    value,
)


# --- submit ---
def create(tasks: Sequence[TaskLog]) -> None:
    """Insert new tasks, each with its `created` event, in one transaction (or in the caller's)."""
    with transaction.atomic():
        insert(tasks)


def create_next(task: TaskLog, turn: Turn) -> bool:
    """Insert one new task, as sent where its turn is now, in one statement; say whether there was room for more."""
    return insert_next(task, turn)


def create_alike(template: TaskLog, chunks: Iterable[str]) -> None:
    """Insert the tasks of a batch, which differ by their files alone (see `insertion.pack`), in one transaction."""
    with transaction.atomic():
        insert_alike(template, chunks)


# --- moves of a worker ---
def start(task_id: UUID | str, *, worker: Worker) -> TaskLog | None:
    """Claim a pending task that is due: attempt and fence grow, the lease begins, an attempt opens.

    None also where its queue is paused, its user or type has as many at work as allowed, or no capacity is left for it.
    """
    where = f"id = %s AND {DUE} AND {admission.NOT_PAUSED} AND {admission.FITS}"
    return _one(_claim(where, [str(task_id), *admission.what_fits()], worker, limited=(admission.OF_TASK, task_id)))


def start_next_of_batch(
    batch_id: UUID | str, *, worker: Worker, limit: int = 1, at_end: int | None = None
) -> list[TaskLog]:
    """Claim the next due files of a batch, in its order; those that another slice is just claiming are passed over.

    With `at_end` no more than a quarter of those that wait are claimed, yet as many as it says.
    """
    most = 1 if admission.is_limited() else limit  # below a limit one by one, since each counts
    given = [str(batch_id), most, min(most, at_end or most), str(batch_id), most]
    claimed = _claim(admission.NEXT_OF_BATCH, given, worker, limited=(admission.OF_BATCH, batch_id))
    return sorted(claimed, key=lambda task: task.batch_index or 0)


def start_next_in_order(batch_id: UUID | str, *, worker: Worker) -> TaskLog | None:
    """Claim the next file of an ordered batch, unless one of its files is at work or waits to be tried again.

    The batch's row is locked for the moment of the claim: without it two slices could both see no file at work.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(admission.HOLD_OPEN_BATCH, [str(batch_id)])
            if cursor.fetchone() is None:
                return None
        given = [str(batch_id)] * 2
        return _one(_claim(admission.NEXT_IN_ORDER, given, worker, limited=(admission.OF_BATCH, batch_id)))


def _claim(where: str, parameters: list[Any], worker: Worker, *, limited: tuple[str, UUID | str]) -> list[TaskLog]:
    """Claim tasks; where limits are set, after the other claims that count towards them."""
    if not admission.is_limited():
        return _start(where, parameters, worker)
    conditions, further = admission.below_limits()
    with transaction.atomic():
        admission.line_up(limited[0], str(limited[1]))
        return _start(where + conditions, parameters + further, worker)


def _start(where: str, parameters: list[Any], worker: Worker) -> list[TaskLog]:
    changes: Assignments = {
        "attempt": ("attempt + 1", []),
        "fence": ("fence + 1", []),
        "started_at": NOW,
        "progress": ("0", []),
        **WAITS_FOR_NOTHING,
        "lease_owner": value(str(worker.id)),
        "lease_until": seconds_ahead(settings.FILEMILL_LEASE_SECONDS),
    }
    opened = """, opened AS (
        INSERT INTO tasks_taskattempt (task_id, number, generation, fence, worker, started_at,
                                       outcome, error_code, error_message, evidence)
        SELECT id, attempt, generation, fence, %s, statement_timestamp(), '', '', '', '{}' FROM moved)"""
    message = f"Started by {worker.name}"
    return apply(
        statuses.START, where, parameters, changes, message=message, further=opened, further_parameters=[worker.name]
    )


@dataclass(frozen=True, kw_only=True)
class Completion:
    """An attempt that made its result, before the row knows of it."""

    task: TaskLog
    result: dict[str, Any]
    evidence: dict[str, Any] = field(default_factory=dict)


def complete(task: TaskLog, *, result: dict[str, Any], evidence: dict[str, Any] | None = None) -> TaskLog | None:
    """Store the result of an attempt that is still the task's own."""
    return _one(complete_all([Completion(task=task, result=result, evidence=evidence or {})]))


def complete_all(completions: Sequence[Completion]) -> list[TaskLog]:
    """Store the results of attempts that are still their tasks' own, all in one statement; return the tasks it moved.

    The files of a slice end together: a statement for each would cost more than the work on a small picture.
    """
    rows = [
        {
            "given_id": str(done.task.pk),
            "given_fence": done.task.fence,
            "given_result": done.result,
            "given_evidence": done.evidence,
        }
        for done in completions
    ]
    columns = "given_id uuid, given_fence bigint, given_result jsonb, given_evidence jsonb"
    changes: Assignments = {
        **NO_LEASE,
        **NO_ERROR,
        "progress": ("100", []),
        "result": ("given_result", []),
        "completed_at": ENDED,
        "finished_at": ENDED,
    }
    last = """, reached AS (
        INSERT INTO tasks_taskprogress (task_id, attempt, progress, message, data, created_at)
        SELECT id, attempt, 100, 'Completed', '{}', statement_timestamp() FROM moved)"""
    return apply(
        statuses.COMPLETE,
        "id = given_id AND fence = given_fence",
        [],
        changes,
        message="Completed",
        ending=Ending(message="Completed"),
        further=last,
        given=Given(columns=columns, rows=rows),
    )


def fail(task: TaskLog, *, ending: Ending) -> TaskLog | None:
    """End a task whose error can't pass, or has been tried often enough."""
    return _by_worker(statuses.FAIL, task, {**NO_LEASE, **error_of(ending), "finished_at": ENDED}, ending)


def defer(
    task: TaskLog, *, delay_seconds: float, ending: Ending, counts: bool = True, is_cage_death: bool = False
) -> TaskLog | None:
    """Put a task back to pending after an error that may pass; `counts` is off for a worker that just stops.

    A file of a parallel batch travels alone from now on: it must not hold up its slice, nor die in one again.
    """
    changes: Assignments = {
        **BACK_TO_PENDING,
        "run_after": seconds_ahead(delay_seconds),
        "failures": ("failures + %s", [1 if counts else 0]),
        "cage_deaths": ("cage_deaths + %s", [1 if is_cage_death else 0]),
        "lane": (TRAVELS_ALONE_IF_PARALLEL, []),
    }
    metadata = {"automatic": True, "reason": ending.error_code, "delay_seconds": round(delay_seconds, 3)}
    return _by_worker(statuses.DEFER, task, changes, ending, metadata=metadata)


def hand_back(tasks: Sequence[TaskLog], *, changes: Assignments) -> list[TaskLog]:
    """Put back tasks that were claimed, but not begun: the others should not have to wait for their turn here."""
    ending = Ending(message="Handed back before it was begun", error_code="handed_back")
    rows = [{"given_id": str(task.pk), "given_fence": task.fence, "given_evidence": {}} for task in tasks]
    return apply(
        statuses.DEFER,
        "id = given_id AND fence = given_fence",
        [],
        changes,
        message=ending.message,
        metadata={"automatic": True, "reason": ending.error_code, "delay_seconds": 0},
        ending=ending,
        given=Given(columns="given_id uuid, given_fence bigint, given_evidence jsonb", rows=rows),
    )


def _by_worker(
    move: Move,
    task: TaskLog,
    changes: Assignments,
    ending: Ending,
    *,
    metadata: dict[str, Any] | None = None,
) -> TaskLog | None:
    """Apply a move of the worker that holds the fence: an old hand changes nothing."""
    where, parameters = "id = %s AND fence = %s", [str(task.pk), task.fence]
    metadata = metadata or ({"error_code": ending.error_code} if ending.error_code else {})
    return _one(apply(move, where, parameters, changes, message=ending.message, metadata=metadata, ending=ending))


# --- moves of a person ---
def cancel(task_id: UUID | str, *, reason: str, by: str) -> TaskLog | None:
    """End a task at once; the worker at work on it, if any, is told to kill its cage."""
    return _one(
        apply(
            statuses.CANCEL,
            "id = %s",
            [str(task_id)],
            CANCELLED,
            message=f"Cancelled by {by}" + (f": {reason}" if reason else ""),
            metadata={"reason": reason, "by": by},
            ending=Ending(message=reason),
            notify=True,
        )
    )


def retry(task: TaskLog, *, by: str, force: bool) -> TaskLog | None:
    """Begin a new generation of an ended task; its attempts, events and old outputs stay."""
    changes = begun_anew(lane="'interactive'")
    # The generation makes two retries that race into one: the second finds the task moved on.
    where, parameters = "id = %s AND generation = %s", [str(task.pk), task.generation]
    if not force:
        where += " AND retry_count < max_retries"
    move = statuses.FORCE_RETRY if force else statuses.RETRY
    metadata: dict[str, Any] = {"automatic": False, "force": force, "by": by}
    if task.result is not None:
        metadata["previous_outputs"] = [output.get("name") for output in task.outputs]
    return _one(apply(move, where, parameters, changes, message=f"Retried by {by}", metadata=metadata))


def _one(moved: list[TaskLog]) -> TaskLog | None:
    return moved[0] if moved else None
