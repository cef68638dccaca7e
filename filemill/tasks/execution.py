"""Attempts at tasks, as a pipeline: claim → fetch → process → publish → finish.

The claim is the caller's (a single message or a slice of a batch); everything after it is here. Whatever happens to a
file, the worker lives and the row tells what happened. Several tasks are worked on one after the other, and those that
are completed end in one statement.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from filemill.faultpoints import faultpoint
from filemill.files import checkpoints, outputs
from filemill.files.checkpoints import TaskCheckpoints
from filemill.processing.cage import Slice, SliceBench
from filemill.processing.errors import Cancelled, ProcessingError, SystemFault
from filemill.processing.operations.planning import Cost
from filemill.processing.operations.running import run_steps
from filemill.processing.operations.steps import Step
from filemill.tasks import capacity, dispatch, passing_on, poison, results, retries, settling
from filemill.tasks.fetching import Fetched, fetch
from filemill.tasks.logs import about
from filemill.tasks.models import TaskLog
from filemill.tasks.poison import Suspects
from filemill.tasks.progress import ProgressReporter
from filemill.tasks.pulse import Pulse, Watched
from filemill.tasks.settling import DATABASE_AWAY, Made
from filemill.tasks.statuses import TERMINAL
from filemill.tasks.transition import storable
from filemill.tasks.weighing import weigh
from filemill.tasks.work import limits_of, steps_of

logger = logging.getLogger(__name__)


class NoCapacityError(Exception):
    """What a task takes is more than this machine can spare now."""

    def __init__(self, cost: Cost) -> None:
        super().__init__(str(cost))
        self.cost = cost


@dataclass(frozen=True, kw_only=True)
class Worked:
    """Claimed tasks that were worked on; the rows of those that made something do not know of it yet."""

    tasks: Sequence[TaskLog]
    made: Sequence[Made]
    moved: Sequence[TaskLog]
    begun_count: int
    """The tasks after so many were handed back."""


def execute(tasks: Sequence[TaskLog], *, cage_slice: Slice, pulse: Pulse) -> list[TaskLog]:
    """Work on claimed tasks and settle them; return those that we moved, for the caller to `follow_up`."""
    return settle(work_on(tasks, cage_slice=cage_slice, pulse=pulse), pulse=pulse)


def work_on(
    tasks: Sequence[TaskLog], *, cage_slice: Slice, pulse: Pulse, is_over: Callable[[], bool] = lambda: False
) -> Worked:
    """Work on claimed tasks, whose leases are kept alive until they are settled: all of them, begun or not.

    Before each but the first, `is_over` is asked: once it says so, the rest is handed back unbegun.
    """
    watched = {task.pk: pulse.watch(task) for task in tasks}
    made: list[Made] = []
    moved: list[TaskLog] = []
    begun_count = 0
    try:
        suspects = poison.list_suspects(tasks)
        for task in tasks:
            if begun_count > 0 and is_over():
                moved += settling.hand_back(tasks[begun_count:])
                break
            begun_count += 1
            one = _work_on(task, watched[task.pk], cage_slice, suspects)
            if isinstance(one, Made):
                made.append(one)
            else:
                moved += _only(one)
    except BaseException:
        # What was made is completed all the same.
        settle(Worked(tasks=tasks, made=made, moved=moved, begun_count=begun_count), pulse=pulse)
        raise
    return Worked(tasks=tasks, made=made, moved=moved, begun_count=begun_count)


def settle(worked: Worked, *, pulse: Pulse) -> list[TaskLog]:
    """Complete what was made, and let the leases go; return the tasks that we moved, for the caller to `follow_up`."""
    try:
        moved = [*worked.moved, *settling.complete(worked.made)]
    finally:
        for task in worked.tasks:
            pulse.unwatch(task)
    faultpoint("after_db_commit")
    for task in moved:
        _forget_checkpoints(task)
        logger.info("%s %s", task.status, task.error_code or "", extra={"task_id": task.pk})
    return moved


def follow_up(moved: Sequence[TaskLog]) -> None:
    """Send what is next of these tasks' users, and store results in the cache: all that would do no harm undone."""
    for user_id, lane in {(task.user_id, task.lane) for task in moved}:
        dispatch.refill(user_id=user_id, lane=lane)
    results.remember(moved)


def _only(moved: TaskLog | None) -> list[TaskLog]:
    return [] if moved is None else [moved]


def _forget_checkpoints(task: TaskLog) -> None:
    """What was kept for the next attempt goes once there is none; a pending task may still take it up."""
    if task.status in TERMINAL:
        checkpoints.discard(task.pk)


def _work_on(task: TaskLog, watched: Watched, cage_slice: Slice, suspects: Suspects) -> Made | TaskLog | None:
    """Make one attempt: return what it made, or the task that an error has moved, or None when it was not ours."""
    with about(task.pk):
        logger.info("started: %s of %s, attempt %s", task.operation, task.file_name, task.attempt)
        began = time.monotonic()
        faultpoint("after_claim")
        try:
            return _attempt(task, watched, cage_slice, suspects)
        except NoCapacityError as error:
            logger.info("there is no capacity here for what it takes: %s", error.cost)
            return next(iter(settling.hand_back([task], waits_for=error.cost)), None)
        finally:
            outputs.discard(task.pk, task.fence)
            logger.info("worked for %.2f s", time.monotonic() - began)


def _attempt(task: TaskLog, watched: Watched, cage_slice: Slice, suspects: Suspects) -> Made | TaskLog | None:
    evidence: dict[str, Any] = {}
    try:
        if watched.reason is not None:
            raise Cancelled  # while it waited for its turn here
        steps = steps_of(task)
        with fetch(task, steps) as fetched, _open_bench(task, steps, fetched, cage_slice) as bench:
            watched.hand_over(bench.kill)
            faultpoint("after_fetch")
            try:
                poison.refuse_known(task, fetched.file, suspects)
                with _capacity_for(weigh(task, steps, bench)):
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
        return _give_up_killed(task, watched, evidence)
    except ProcessingError as error:
        return settling.fail_or_defer(task, error, evidence)
    except (NoCapacityError, *DATABASE_AWAY):
        # Without capacity nothing has begun. While the database is away the lease decides: the sweeper rescues it.
        raise
    except Exception as error:
        logger.exception("Filemill itself failed on this task")
        fault = SystemFault(f"Filemill itself failed: {type(error).__name__}.", code="internal_error")
        return settling.fail_or_defer(task, fault, evidence)
    faultpoint("after_rename_before_db")
    return Made(task=task, result=result, evidence=evidence, watched=watched)


@contextmanager
def _capacity_for(cost: Cost) -> Iterator[None]:
    """Hold capacity on this machine for what takes much of it, and then pass it on. Raises `NoCapacityError`."""
    fits = False
    try:
        with capacity.take(cost) as fits:
            if not fits:
                raise NoCapacityError(cost)
            yield
    finally:
        if fits and capacity.is_heavy(cost):
            _pass_capacity_on()


def _pass_capacity_on() -> None:
    # What was done counts all the same, and its end waits for the database (see _persist); the sweeper sends them.
    with settling.may_be_lost("nobody was told of the capacity that came free"):
        passing_on.pass_capacity_on()


def _give_up_killed(task: TaskLog, watched: Watched, evidence: dict[str, Any]) -> TaskLog | None:
    moved = settling.give_up_killed(task, watched.reason, evidence)
    if moved is None and (found := TaskLog.objects.only("status").filter(pk=task.pk).first()) is not None:
        _forget_checkpoints(found)
    return moved


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
        # The work goes on, and its end waits for the database (see _persist).
        with settling.may_be_lost("progress was not stored"):
            reporter.report(percent, message)

    return report


def _process(task: TaskLog, steps: list[Step], bench: SliceBench) -> dict[str, Any]:
    if task.steps:
        return dict(storable(run_steps(bench, steps)))
    (step,) = steps
    return dict(storable(step.operation.run(bench, step.options)))
