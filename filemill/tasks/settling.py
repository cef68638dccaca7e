"""The end of an attempt, written into the rows: completed ones together, all others one by one.

A database that is away for a moment is waited for as long as the lease may still be the worker's.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from filemill.files import outputs
from filemill.processing.errors import ProcessingError
from filemill.processing.operations.planning import Cost
from filemill.tasks import lifecycle, retries
from filemill.tasks.changes import handed_back
from filemill.tasks.lifecycle import Completion
from filemill.tasks.models import TaskAttempt, TaskLog
from filemill.tasks.pulse import KillReason, Watched
from filemill.tasks.statuses import Status
from filemill.tasks.transition import Ending, storable
from filemill.tasks.work import patience_of

logger = logging.getLogger(__name__)

DATABASE_AWAY = (OperationalError, InterfaceError)
TRY_AGAIN_SECONDS = 0.5
Written = TypeVar("Written")


@dataclass(frozen=True, kw_only=True)
class Made:
    """The work of an attempt whose outputs are stored, while its row does not know of them."""

    task: TaskLog
    result: dict[str, Any]
    evidence: dict[str, Any]
    watched: Watched


def complete(made: Sequence[Made]) -> list[TaskLog]:
    """Complete the tasks once their outputs can't be lost any more.

    The outputs of those that had moved on without us go, for nobody will ever refer to them.
    """
    if not made:
        return []
    try:
        outputs.make_durable([(one.task.pk, one.task.fence) for one in made if one.result["outputs"]])
    except ProcessingError as error:
        return _give_up_all(made, error)
    completions = [Completion(task=one.task, result=one.result, evidence=one.evidence) for one in made]
    moved = _persist(lambda: _complete(completions), [one.watched for one in made])
    completed = {task.pk for task in moved}
    for one in made:
        if one.task.pk not in completed:
            _delete_outputs(one)
    return moved


def _give_up_all(made: Sequence[Made], error: ProcessingError) -> list[TaskLog]:
    """End these attempts by an error of the disk: it does not say whose outputs it did not take."""
    moved = []
    for one in made:
        _delete_outputs(one)
        moved.append(fail_or_defer(one.task, error, one.evidence))
    return [task for task in moved if task is not None]


def _delete_outputs(one: Made) -> None:
    outputs.delete_outputs(one.task.pk, one.task.fence, [output["name"] for output in one.result["outputs"]])


def _complete(completions: Sequence[Completion]) -> list[TaskLog]:
    """Complete the tasks, or find that an earlier try did: its commit may have outlived the connection it came by."""
    moved = lifecycle.complete_all(completions)
    missing = {done.task.pk: done.task.fence for done in completions}
    for task in moved:
        missing.pop(task.pk)
    if not missing:
        return moved
    earlier = TaskLog.objects.filter(pk__in=missing, status=Status.COMPLETED)
    return moved + [task for task in earlier if task.fence == missing[task.pk]]


def fail_or_defer(task: TaskLog, error: ProcessingError, evidence: dict[str, Any]) -> TaskLog | None:
    """End the attempt by its error: the task fails, or is put back to be tried again."""
    decision = retries.decide(
        error,
        failures=task.failures,
        cage_deaths=task.cage_deaths,
        max_retries=task.max_retries,
        base_seconds=settings.FILEMILL_RETRY_BASE_SECONDS,
        patience=patience_of(task),
    )
    facts = {**evidence, **error.evidence, "fault": error.fault.value}
    if isinstance(decision, retries.GiveUp):
        ending = Ending(message=decision.message, error_code=decision.error_code, evidence=facts)
        return _persist(lambda: lifecycle.fail(task, ending=ending))
    logger.warning("%s: %s; again in %.1f s", error.code, error.message, decision.delay_seconds)
    ending = Ending(message=error.message, error_code=error.code, evidence=facts)
    return _persist(
        lambda: lifecycle.defer(
            task, delay_seconds=decision.delay_seconds, ending=ending, is_cage_death=decision.is_cage_death
        )
    )


def give_up_killed(task: TaskLog, reason: KillReason | None, evidence: dict[str, Any]) -> TaskLog | None:
    """End an attempt that was killed: hand it back when the worker stops; else its row has moved on without us."""
    logger.info("killed: %s", reason)
    if reason is KillReason.STOPPING:
        ending = Ending(message="The worker stopped", error_code="worker_stopped", evidence=evidence)
        return _persist(lambda: lifecycle.defer(task, delay_seconds=0, ending=ending, counts=False))
    # Only the attempt's evidence is still ours to add.
    TaskAttempt.objects.filter(task=task, number=task.attempt).update(evidence=storable(evidence))
    return None


def hand_back(tasks: Sequence[TaskLog], *, waits_for: Cost | None = None) -> list[TaskLog]:
    """Put back tasks that were claimed but not begun; `waits_for` is what there was no capacity for."""
    return _persist(lambda: lifecycle.hand_back(tasks, changes=handed_back(waits_for)))


@contextmanager
def may_be_lost(what_is: str) -> Iterator[None]:
    """Let a database that is away cost no more than a line in the log: what is done here, others make up for."""
    try:
        yield
    except DATABASE_AWAY as error:
        logger.warning("%s: %s", what_is, error)
        connection.close()


def _persist(write: Callable[[], Written], watched: Sequence[Watched] = ()) -> Written:
    """Write, waiting for a database that is away for as long as the lease may still be ours."""
    give_up_at = time.monotonic() + settings.FILEMILL_LEASE_SECONDS
    while True:
        try:
            return write()
        except DATABASE_AWAY as error:
            connection.close()
            if time.monotonic() > give_up_at or any(one.reason is not None for one in watched):
                raise
            logger.warning("the end of this attempt waits for the database: %s", error)
            time.sleep(TRY_AGAIN_SECONDS)  # nothing tells that a database is back but asking it again
