"""A slice of a batch: the next few files, worked through one cage, until others should have their turn."""

import logging
import time
from uuid import UUID

from filemill.faultpoints import faultpoint
from filemill.processing.cage import Cage
from filemill.tasks import dispatch, lifecycle, results
from filemill.tasks.batch_services import finish_cancel
from filemill.tasks.execution import execute
from filemill.tasks.models import Batch, TaskLog
from filemill.tasks.node import node
from filemill.tasks.pace import pace_of
from filemill.tasks.pulse import Pulse

logger = logging.getLogger(__name__)

SLICE_SECONDS = 0.25
"""After about this much work a slice goes to the end of the queue, so that several users' batches share evenly."""


def run_slice(batch_id: UUID | str, *, cage: Cage, pulse: Pulse) -> int:
    """Work on the batch's next files; send the next slice while files remain. Return how many were worked on."""
    batch = Batch.objects.filter(pk=batch_id).first()
    if batch is None:
        return 0
    if batch.cancelled_at is not None:
        finish_cancel(batch)  # whoever began to cancel it may be gone
        return 0
    done = 0
    moved: list[TaskLog] = []
    ends_at = time.monotonic() + SLICE_SECONDS
    pace = pace_of(batch.pk)
    with cage.open_slice() as cage_slice:
        while tasks := _claim(batch, pace.count_next(), is_first=done == 0):
            with pace.of_bite(len(tasks)) as bite:
                moved += execute(tasks, cage_slice=cage_slice, pulse=pulse, is_over=bite.is_overdue)
            done += len(tasks)
            faultpoint("slice.between_files")
            if time.monotonic() >= ends_at or node.stopping_for_seconds() is not None:
                break
    logger.info("batch celery_task_id=%s: %s files in this slice", batch.celery_task_id, done)
    if done:
        dispatch.send_next_slice(batch)
        results.remember(moved)
        dispatch.pass_on(user_id=batch.user_id, task_type=batch.task_type, but_batch=batch.pk)
    return done


def _claim(batch: Batch, count: int, *, is_first: bool) -> list[TaskLog]:
    """Claim the batch's next files; after the first ones only while no task of somebody else waits for a worker."""
    worker = node.as_worker()
    if batch.parallel:
        return lifecycle.start_next_of_batch(batch.pk, worker=worker, limit=count, unless_others_wait=not is_first)
    # One by one: a file that has to be tried again holds up those behind it.
    task = lifecycle.start_next_in_order(batch.pk, worker=worker, unless_others_wait=not is_first)
    return [] if task is None else [task]
