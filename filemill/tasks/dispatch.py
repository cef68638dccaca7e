"""Who is handed to the broker next: each user has a window of in-flight messages per lane, refilled as tasks end.

The backlog waits in PostgreSQL. `published_at` says that a message for the row was sent; it promises nothing about
the message's fate, so the sweeper sends again what nobody claimed.
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from filemill.faultpoints import faultpoint
from filemill.tasks import broker
from filemill.tasks.broker import BULK_FILE_PROCESSING, FILE_PROCESSING, Message
from filemill.tasks.models import Batch, TaskLog
from filemill.tasks.statuses import Lane, Status

CHOOSE = """
    UPDATE tasks_tasklog SET published_at = statement_timestamp()
    WHERE id = ANY(ARRAY(
        SELECT id FROM tasks_tasklog
        WHERE user_id = %(user_id)s AND lane = %(lane)s AND status = 'pending' AND published_at IS NULL
          AND (run_after IS NULL OR run_after <= statement_timestamp())
        ORDER BY created_at, id
        LIMIT greatest(0, %(window)s - (
            SELECT count(*) FROM tasks_tasklog
            WHERE user_id = %(user_id)s AND lane = %(lane)s
              AND (status = 'processing' OR (status = 'pending' AND published_at IS NOT NULL))))
        FOR UPDATE SKIP LOCKED))
    RETURNING created_at, id, celery_task_id"""


def refill(*, user_id: Any, lane: str) -> int:
    """Send the user's oldest due tasks of a lane while their window has room; return how many were sent.

    Two refills at once may overshoot the window by what both saw free; that costs a little fairness and no truth, so
    no lock is taken for it.
    """
    if lane == Lane.SLICE or broker.breaker.is_open:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(CHOOSE, {"user_id": user_id, "lane": lane, "window": settings.FILEMILL_WINDOW})
        # An UPDATE returns its rows in no order.
        chosen = [(str(task_id), celery_task_id) for _, task_id, celery_task_id in sorted(cursor.fetchall())]
    faultpoint("dispatch.before_send")
    return publish(chosen)


def publish(chosen: Sequence[tuple[str, str]]) -> int:
    """Send a message for each (task id, Celery id); those the broker did not take wait unpublished again."""
    if not chosen:
        return 0
    sent = broker.send(
        Message(name=FILE_PROCESSING, row_id=task_id, celery_task_id=celery_task_id)
        for task_id, celery_task_id in chosen
    )
    unsent = [task_id for task_id, _ in chosen[sent:]]
    if unsent:
        TaskLog.objects.filter(pk__in=unsent, status=Status.PENDING).update(published_at=None)
    return sent


def send_batch(batch: Batch) -> None:
    """Send the first messages of a new batch."""
    refill(user_id=batch.user_id, lane=Lane.BULK)
    send_first_slices(batch)


def send_first_slices(batch: Batch) -> int:
    """Send as many slices as the workers can use, or the one of an ordered batch; return how many were sent."""
    most = settings.CELERYD_CONCURRENCY if batch.parallel else 1
    return send_slices(batch, batch.tasks.filter(status=Status.PENDING, lane=Lane.SLICE)[:most].count())


def send_slices(batch: Batch, count: int) -> int:
    """Send `count` slice messages of a batch; a surplus one finds nothing to claim and ends."""
    message = Message(name=BULK_FILE_PROCESSING, row_id=str(batch.pk), celery_task_id=batch.celery_task_id)
    sent = broker.send([message] * count)
    if sent:
        Batch.objects.filter(pk=batch.pk).update(slices_sent_at=Now())
    return sent
