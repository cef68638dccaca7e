"""The use-cases of batches: stop one as a whole, run its failed files again."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import connection
from django.db.models.functions import Now

from filemill.faultpoints import faultpoint
from filemill.tasks import batch_moves, dispatch, lifecycle
from filemill.tasks.models import Batch, TaskLog
from filemill.tasks.statuses import ACTIVE, Lane, Status

BITE = 2000
"""Tasks moved per statement, so that no statement holds many locks for long."""


@dataclass(frozen=True, kw_only=True)
class Retried:
    """What became of a batch's failed files."""

    retried: int
    left: int
    """Those that were re-run as often as allowed."""


def cancel(batch: Batch, *, by: User, reason: str = "") -> int:
    """End every pending and processing task of a batch; return how many this call ended.

    The batch is marked first: from then on no slice begins another of its files, however long the rest takes.
    """
    Batch.objects.filter(pk=batch.pk, cancelled_at=None).update(cancelled_at=Now())
    faultpoint("batch.marked_cancelled")
    cancelled = finish_cancel(batch, reason=reason, by=by.get_username())
    dispatch.refill(user_id=batch.user_id, lane=Lane.BULK)
    dispatch.refill(user_id=batch.user_id, lane=Lane.INTERACTIVE)
    return cancelled


def finish_cancel(batch: Batch, *, reason: str = "", by: str = "the service") -> int:
    """End what is left of a batch that was marked as cancelled; also when the process that marked it is gone."""
    cancelled = 0
    while True:
        # What is worked on goes first in each round: a claim may have slipped past the mark.
        ended = sum(
            batch_moves.cancel_some(batch.pk, status, reason=reason, by=by, limit=BITE)
            for status in (Status.PROCESSING, Status.PENDING)
        )
        cancelled += ended
        if ended == 0:
            return cancelled + _cancel_held(batch, reason=reason, by=by)


def _cancel_held(batch: Batch, *, reason: str, by: str) -> int:
    """End, one by one, the tasks that a worker was just settling: each waits for that to be over."""
    held = TaskLog.objects.filter(batch=batch, status__in=sorted(ACTIVE)).values_list("pk", flat=True)
    return sum(lifecycle.cancel(task_id, reason=reason, by=by) is not None for task_id in list(held))


def retry_failed(batch: Batch, *, by: User, force: bool = False) -> Retried:
    """Run the failed files of a batch again, in the batch; `force` also those that were retried as often as allowed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        failed_until = cursor.fetchone()[0]
    Batch.objects.filter(pk=batch.pk).exclude(cancelled_at=None).update(cancelled_at=None)
    retried = 0
    while moved := batch_moves.retry_some_failed(
        batch.pk, failed_until=failed_until, force=force, by=by.get_username(), limit=BITE
    ):
        retried += moved
    left = TaskLog.objects.filter(batch=batch, status=Status.FAILED, finished_at__lte=failed_until).count()
    if retried:
        dispatch.send_batch(batch)
    return Retried(retried=retried, left=left)
