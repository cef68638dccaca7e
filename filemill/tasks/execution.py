"""One attempt of one task, as a pipeline: claim → fetch → process → publish → finish.

The claim is the caller's (a single message or a slice of a batch); everything after it is here. Whatever happens to
the file, the worker lives and the row tells what happened.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from filemill.faultpoints import faultpoint
from filemill.files import checkpoints, outputs
from filemill.files.checkpoints import TaskCheckpoints
from filemill.processing.cage import Slice, SliceBench
from filemill.processing.errors import Cancelled, ProcessingError, SystemFault
from filemill.processing.operations.running import run_steps
from filemill.processing.operations.steps import Step
from filemill.tasks import dispatch, lifecycle, poison, results, retries
from filemill.tasks.fetching import Fetched, fetch
from filemill.tasks.logs import about
from filemill.tasks.models import TaskAttempt, TaskLog
from filemill.tasks.progress import ProgressReporter
from filemill.tasks.pulse import KillReason, Pulse, Watched
from filemill.tasks.statuses import TERMINAL, Status
from filemill.tasks.transition import Ending, storable
from filemill.tasks.work import limits_of, patience_of, steps_of

logger = logging.getLogger(__name__)

DATABASE_AWAY = (OperationalError, InterfaceError)
TRY_AGAIN_SECONDS = 0.5
Written = TypeVar("Written")


def execute(task: TaskLog, *, cage_slice: Slice, pulse: Pulse) -> TaskLog | None:
    """Work on a claimed task until it has moved on; return it as it then is, or None when it was not ours to move."""
    with about(task.pk):
        logger.info("started: %s of %s, attempt %s", task.operation, task.file_name, task.attempt)
        began = time.monotonic()
        faultpoint("after_claim")
        try:
            moved = _attempt(task, cage_slice, pulse)
        finally:
            pulse.unwatch(task)
            outputs.discard(task.pk, task.fence)
        faultpoint("after_db_commit")
        if moved is not None:
            _forget_checkpoints(moved)
            results.remember(moved)
            logger.info("%s after %.2f s %s", moved.status, time.monotonic() - began, moved.error_code or "")
            dispatch.refill(user_id=moved.user_id, lane=moved.lane)
        return moved


def _forget_checkpoints(task: TaskLog) -> None:
    """What was kept for the next attempt goes once there is none; a pending task may still take it up."""
    if task.status in TERMINAL:
        checkpoints.discard(task.pk)


def _attempt(task: TaskLog, cage_slice: Slice, pulse: Pulse) -> TaskLog | None:
    watched: Watched | None = None
    evidence: dict[str, Any] = {}
    try:
        steps = steps_of(task)
        with fetch(task, steps) as fetched, _open_bench(task, steps, fetched, cage_slice) as bench:
            watched = pulse.watch(task, bench.kill)
            faultpoint("after_fetch")
            try:
                poison.refuse_known(task, fetched.file)
                result = _process(task, steps, bench)
            except ProcessingError as error:
                if retries.is_cage_death(error):
                    poison.remember_death(task, fetched.file)
                raise
            finally:
                evidence = dict(bench.usage)
            faultpoint("after_tool")
            result["outputs"] = outputs.publish(task.pk, task.fence, bench.outputs)
    except Cancelled:
        return _settle_killed(task, watched, evidence)
    except ProcessingError as error:
        return _settle_failed(task, error, evidence)
    except DATABASE_AWAY:
        raise  # the lease decides: the sweeper rescues the task once the database is back
    except Exception as error:
        logger.exception("Filemill itself failed on this task")
        fault = SystemFault(f"Filemill itself failed: {type(error).__name__}.", code="internal_error")
        return _settle_failed(task, fault, evidence)
    faultpoint("after_rename_before_db")
    ending = Ending(message="Completed", evidence=evidence)
    moved = _persist(lambda: _complete(task, result, ending), watched)
    if moved is None:  # cancelled or taken over in the last moment: nobody will ever refer to these
        outputs.delete_outputs(task.pk, task.fence, [output["name"] for output in result["outputs"]])
    return moved


def _complete(task: TaskLog, result: dict[str, Any], ending: Ending) -> TaskLog | None:
    """Complete the task, or find that an earlier try did: its commit may have outlived the connection it came by."""
    moved = lifecycle.complete(task, result=result, ending=ending)
    return moved or TaskLog.objects.filter(pk=task.pk, fence=task.fence, status=Status.COMPLETED).first()


# --- fetch and process ---
def _open_bench(task: TaskLog, steps: list[Step], fetched: Fetched, cage_slice: Slice) -> SliceBench:
    return cage_slice.open_bench(
        source_fd=fetched.file.fd,
        media_type=fetched.media_type,
        file_name=task.file_name,
        inputs=fetched.inputs,
        scratch=outputs.work_directory(task.pk, task.fence),
        limits=limits_of(steps),
        input_limits=settings.FILEMILL_INPUT_LIMITS,
        checkpoints=TaskCheckpoints(task.pk, task.generation, source_fd=fetched.file.fd),
        on_progress=_progress_to_rows(task),
    )


def _progress_to_rows(task: TaskLog) -> Callable[[float, str], None]:
    reporter = ProgressReporter(task)

    def report(percent: float, message: str = "") -> None:
        faultpoint("mid_tool")
        try:
            reporter.report(percent, message)
        except DATABASE_AWAY as error:
            # Progress may be lost; the work goes on, and its end waits for the database (see _persist).
            logger.warning("progress was not stored: %s", error)
            connection.close()

    return report


def _process(task: TaskLog, steps: list[Step], bench: SliceBench) -> dict[str, Any]:
    if task.steps:
        return dict(storable(run_steps(bench, steps)))
    (step,) = steps
    return dict(storable(step.operation.run(bench, step.options)))


# --- finish ---
def _settle_failed(task: TaskLog, error: ProcessingError, evidence: dict[str, Any]) -> TaskLog | None:
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
        return _persist(lambda: lifecycle.fail(task, ending=ending), None)
    logger.warning("%s: %s; again in %.1f s", error.code, error.message, decision.delay_seconds)
    ending = Ending(message=error.message, error_code=error.code, evidence=facts)
    return _persist(
        lambda: lifecycle.defer(
            task, delay_seconds=decision.delay_seconds, ending=ending, is_cage_death=decision.is_cage_death
        ),
        None,
    )


def _settle_killed(task: TaskLog, watched: Watched | None, evidence: dict[str, Any]) -> TaskLog | None:
    reason = watched.reason if watched else None
    logger.info("killed: %s", reason)
    if reason is KillReason.STOPPING:
        ending = Ending(message="The worker stopped", error_code="worker_stopped", evidence=evidence)
        return _persist(lambda: lifecycle.defer(task, delay_seconds=0, ending=ending, counts=False), None)
    # The row has moved on without us; only the attempt's evidence is still ours to add.
    TaskAttempt.objects.filter(task=task, number=task.attempt).update(evidence=storable(evidence))
    if (moved := TaskLog.objects.only("status").filter(pk=task.pk).first()) is not None:
        _forget_checkpoints(moved)
    return None


def _persist(write: Callable[[], Written | None], watched: Watched | None) -> Written | None:
    """Write the end of an attempt, waiting for a database that is away for as long as the lease may still be ours."""
    give_up_at = time.monotonic() + settings.FILEMILL_LEASE_SECONDS
    while True:
        try:
            return write()
        except DATABASE_AWAY as error:
            connection.close()
            if time.monotonic() > give_up_at or (watched is not None and watched.reason is not None):
                raise
            logger.warning("the end of this attempt waits for the database: %s", error)
            time.sleep(TRY_AGAIN_SECONDS)  # nothing tells that a database is back but asking it again
