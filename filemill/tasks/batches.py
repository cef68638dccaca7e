"""A slice of a batch: the next few files, worked through one cage, until others should have their turn."""

import logging
import time
from uuid import UUID

from filemill.faultpoints import faultpoint
from filemill.processing.cage import Cage
from filemill.tasks import admission, dispatch, lifecycle, passing_on, results
from filemill.tasks.batch_services import finish_cancel
from filemill.tasks.execution import work_on
from filemill.tasks.models import Batch, TaskLog
from filemill.tasks.node import node
from filemill.tasks.pace import pace_of
from filemill.tasks.pulse import Pulse
from filemill.tasks.settler import Behind, Settler

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
"""After about this much work a slice goes to the end of the queue if anybody waits, so that all share evenly."""
SLICE_SECONDS = 1.0
"""After so much it does in any case: a new child, a message and the look at the batch cost a tenth of 250 ms."""


class SliceTime:
    """How long a slice goes on: 250 ms where others wait, and longer where nobody does."""

    def __init__(self, user_id: int) -> None:
        began_at = time.monotonic()
        self._user_id = user_id
        self._ends_at = began_at + SLICE_SECONDS
        self._looks_at = began_at + LOOK_SECONDS

    def is_over(self) -> bool:
        """Say whether another should have the process now."""
        now = time.monotonic()
        if now < self._looks_at:
            return False
        self._looks_at = now + LOOK_SECONDS
        return now >= self._ends_at or admission.does_anybody_wait(self._user_id)


def run_slice(batch_id: UUID | str, *, cage: Cage, pulse: Pulse, settler: Settler) -> int:
    """Work on the batch's next files; send the next slice while files remain. Return how many were worked on."""
    batch = Batch.objects.filter(pk=batch_id).first()
    if batch is None:
        return 0
    if batch.cancelled_at is not None:
        finish_cancel(batch)  # whoever began to cancel it may be gone
        return 0
    done, moved = _work_through(batch, SliceTime(batch.user_id), cage=cage, pulse=pulse, behind=Behind(settler))
    logger.info("batch celery_task_id=%s: %s files in this slice", batch.celery_task_id, done)
    if done:
        dispatch.send_next_slice(batch)
        results.remember(moved)
        passing_on.pass_on(user_id=batch.user_id, task_type=batch.task_type, but_batch=batch.pk)
    return done


def _work_through(
    batch: Batch, slice_time: SliceTime, *, cage: Cage, pulse: Pulse, behind: Behind
) -> tuple[int, list[TaskLog]]:
    """Work on bites of the batch until its time is over; return how many files that were, and those that we moved."""
    done = 0
    pace = pace_of(batch.pk)
    # Where files are counted, or keep an order, the next claim must see this one settled.
    is_alone = not batch.parallel or admission.is_limited()
    with cage.open_slice() as cage_slice:
        try:
            while tasks := _claim(batch, pace.count_next(), is_first=done == 0):
                with pace.of_bite(len(tasks)) as bite:
                    worked = work_on(tasks, cage_slice=cage_slice, pulse=pulse, is_over=bite.is_overdue)
                behind.settle(worked)
                if is_alone:
                    behind.wait()
                done += len(tasks)
                faultpoint("slice.between_files")
                if slice_time.is_over() or node.stopping_for_seconds() is not None:
                    break
        finally:
            behind.wait()
    return done, behind.moved


def _claim(batch: Batch, count: int, *, is_first: bool) -> list[TaskLog]:
    """Claim the batch's next files; after the first ones only while no task of somebody else waits for a worker."""
    worker = node.as_worker()
    if batch.parallel:
        return lifecycle.start_next_of_batch(batch.pk, worker=worker, limit=count, unless_others_wait=not is_first)
    # One by one: a file that has to be tried again holds up those behind it.
    task = lifecycle.start_next_in_order(batch.pk, worker=worker, unless_others_wait=not is_first)
    return [] if task is None else [task]
