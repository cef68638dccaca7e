"""The sweeper: what the moves of workers and the broker left undone is done here, by one elected worker process.

It rescues tasks whose worker is gone, expires those that nobody started in time, fills windows that have room, and
sends again what the broker lost, without ever flooding it.
"""

import logging
import threading
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, connection

from filemill.tasks import broker, dispatch, lifecycle
from filemill.tasks.models import Batch, TaskLog
from filemill.tasks.statuses import Lane

logger = logging.getLogger(__name__)

LEADER_LOCK = 0x46494C4D  # "FILM"
BITE = 500
"""Rows moved per statement, so that no statement holds many locks for long."""
UNREADABLE_DEPTH_SECONDS = 300.0
"""Where the broker's depth can't be read: how long a message may take to be claimed before it counts as lost."""

UNSENT = """
    SELECT DISTINCT user_id, lane FROM tasks_tasklog
    WHERE status = 'pending' AND published_at IS NULL AND lane <> 'slice'
      AND (run_after IS NULL OR run_after <= statement_timestamp())"""
SENT = """
    SELECT count(*) FROM tasks_tasklog
    WHERE status = 'pending' AND published_at IS NOT NULL AND lane <> 'slice'"""
RESEND = """
    UPDATE tasks_tasklog SET published_at = statement_timestamp()
    WHERE id IN (
        SELECT id FROM tasks_tasklog
        WHERE status = 'pending' AND lane <> 'slice'
          AND published_at < statement_timestamp() - %s * interval '1 second'
        ORDER BY published_at LIMIT %s FOR UPDATE SKIP LOCKED)
    RETURNING id, celery_task_id"""
STALLED_BATCHES = """
    SELECT b.id FROM tasks_batch b
    WHERE (b.slices_sent_at IS NULL OR b.slices_sent_at < statement_timestamp() - %s * interval '1 second')
      AND EXISTS (SELECT 1 FROM tasks_tasklog t
                  WHERE t.batch_id = b.id AND t.status = 'pending' AND t.lane = 'slice'
                    AND (t.run_after IS NULL OR t.run_after <= statement_timestamp()))
      AND NOT EXISTS (SELECT 1 FROM tasks_tasklog t
                      WHERE t.batch_id = b.id AND t.status = 'processing' AND t.lane = 'slice')"""


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What one sweep did."""

    rescued: int
    expired: int
    sent: int
    resent: int


def sweep() -> Swept:
    """Do one round of all of it; safe to run at the same time in several processes."""
    rescued = lifecycle.rescue(BITE)
    for task in rescued:
        logger.warning("rescued from a lost worker", extra={"task_id": task.pk})
    expired = lifecycle.expire(BITE)
    sent = send_unsent()
    resent = resend_lost()
    return Swept(rescued=len(rescued), expired=len(expired), sent=sent, resent=resent)


def send_unsent() -> int:
    """Refill the window of every user who has something due that was never sent."""
    with connection.cursor() as cursor:
        cursor.execute(UNSENT)
        waiting = cursor.fetchall()
    return sum(dispatch.refill(user_id=user_id, lane=lane) for user_id, lane in waiting)


def resend_lost() -> int:
    """Send again what was sent but that the broker no longer holds."""
    if broker.breaker.is_open:
        return 0
    depth = broker.depth()
    with connection.cursor() as cursor:
        cursor.execute(SENT)
        in_flight = int(cursor.fetchone()[0])
        if depth is None:
            age, missing = UNREADABLE_DEPTH_SECONDS, in_flight
        else:
            age, missing = float(settings.FILEMILL_SWEEP_SECONDS), in_flight - depth
        lost: list[tuple[str, str]] = []
        if missing > 0:
            cursor.execute(RESEND, [age, missing])
            lost = [(str(task_id), celery_task_id) for task_id, celery_task_id in cursor.fetchall()]
    return dispatch.publish(lost) + _resend_slices(depth)


def _resend_slices(depth: int | None) -> int:
    if depth is None or depth > 0:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(STALLED_BATCHES, [settings.FILEMILL_SWEEP_SECONDS])
        stalled = [row[0] for row in cursor.fetchall()]
    sent = 0
    for batch in Batch.objects.filter(pk__in=stalled):
        waiting = TaskLog.objects.filter(batch=batch, status="pending", lane=Lane.SLICE).count()
        sent += dispatch.send_slices(batch, min(waiting, settings.CELERYD_CONCURRENCY) if batch.parallel else 1)
    return sent


class SweepLoop:
    """Sweeps in a thread of its own while this process leads.

    The lock is held by the pulse's connection: a process whose pulse has lost the database does not lead. Two leaders
    for a moment do no harm, since every move is a compare-and-set.
    """

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def lead_when_free(self) -> None:
        """Start sweeping if no other process does; called from the pulse, on the pulse's connection."""
        if self._thread is not None and self._thread.is_alive():
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LEADER_LOCK])
            if not cursor.fetchone()[0]:
                return
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=[self._stop], name="sweeper", daemon=True)
        self._thread.start()

    def stop_leading(self) -> None:
        self._stop.set()
        self._thread = None

    @staticmethod
    def _run(stop: threading.Event) -> None:
        logger.info("this process sweeps now")
        while not stop.wait(settings.FILEMILL_SWEEP_SECONDS):
            try:
                swept = sweep()
            except DatabaseError as error:
                logger.warning("the sweep was cut short, the next one goes on: %s", error)
                connection.close()
            else:
                if any((swept.rescued, swept.expired, swept.resent)):
                    logger.info("swept: %s", swept)
        connection.close()
