"""The sweeper: what the moves of workers and the broker left undone is done here, by one worker process at a time.

It rescues tasks whose worker is gone, expires those that nobody started in time, fills windows that have room, and
sends again what the broker lost, without ever flooding it.
"""

import logging
import threading
from dataclasses import dataclass

from django.conf import settings
from django.db import Error, connection

from filemill.tasks import broker, counting, dispatch, overdue_moves
from filemill.tasks.models import Batch

logger = logging.getLogger(__name__)

BITE = 500
"""Rows moved per statement, so that no statement holds many locks for long."""
UNREADABLE_DEPTH_SECONDS = 300.0
"""Where the broker's depth can't be read: how long a message may take to be claimed before it counts as lost."""
STAND_BACK = 3.0
"""A process that can't reach the broker leaves its turns to others, and takes one that is this many times overdue: else
one host with a broken link could take every turn, and nothing would ever be sent again."""

TAKE_TURN = """
    INSERT INTO tasks_sweepturn AS turn (id, began_at)
    SELECT 1, statement_timestamp()
    WHERE NOT EXISTS (SELECT 1 FROM tasks_sweepturn
                      WHERE began_at > statement_timestamp() - %(every)s * interval '1 second')
    ON CONFLICT (id) DO UPDATE SET began_at = excluded.began_at
    WHERE turn.began_at <= statement_timestamp() - %(every)s * interval '1 second'
    RETURNING id"""
# Both walks jump from key to key in a partial index, so that they cost as many steps as there are users or batches at
# work, however long the backlog is.
WALK = """(
    WITH RECURSIVE waiting AS (
        (SELECT user_id, lane FROM tasks_tasklog
         WHERE status = 'pending' AND published_at IS NULL AND {which}
         ORDER BY user_id, lane LIMIT 1)
        UNION ALL
        SELECT further.user_id, further.lane FROM waiting, LATERAL (
            SELECT t.user_id, t.lane FROM tasks_tasklog t
            WHERE t.status = 'pending' AND t.published_at IS NULL AND {which}
              AND (t.user_id, t.lane) > (waiting.user_id, waiting.lane)
            ORDER BY t.user_id, t.lane LIMIT 1) AS further)
    SELECT user_id, lane FROM waiting WHERE lane <> 'slice')"""
WAITING_USERS = " UNION ".join(WALK.format(which=which) for which in ("run_after IS NULL", "run_after IS NOT NULL"))
A_FILE_IS_DUE = dispatch.FILE_WAITS.format(due=" AND (t.run_after IS NULL OR t.run_after <= statement_timestamp())")
WAITING_BATCHES = f"""{dispatch.ACTIVE_BATCHES}
    SELECT b.id, b.parallel,
           (b.slices_sent_at IS NULL OR b.slices_sent_at < statement_timestamp() - %s * interval '1 second')
           AND NOT EXISTS (SELECT 1 FROM tasks_tasklog t
                           WHERE t.batch_id = b.id AND t.status = 'processing' AND t.lane = 'slice') AS is_stalled
    FROM active JOIN tasks_batch b ON b.id = active.batch_id
    WHERE NOT EXISTS (SELECT 1 FROM tasks_queuepause WHERE queue IN (b.task_type, 'bulk'))
      AND {A_FILE_IS_DUE}
    ORDER BY b.slices_sent_at NULLS FIRST"""  # noqa: S608  literals
# In the order of the index of what was sent: where much is pending the planner takes more of it for sent than is, and
# might read the whole backlog for it.
SENT = """
    SELECT count(*) FROM (
        SELECT FROM tasks_tasklog WHERE status = 'pending' AND published_at IS NOT NULL AND lane <> 'slice'
        ORDER BY published_at) AS sent"""
RESEND = """
    UPDATE tasks_tasklog SET published_at = statement_timestamp()
    WHERE id = ANY(ARRAY(
        SELECT id FROM tasks_tasklog
        WHERE status = 'pending' AND lane <> 'slice'
          AND published_at < statement_timestamp() - %s * interval '1 second'
        ORDER BY published_at LIMIT %s FOR UPDATE SKIP LOCKED))
    RETURNING id, celery_task_id"""


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What one sweep did."""

    rescued: int
    expired: int
    sent: int
    resent: int


def sweep() -> Swept:
    """Do one round of all of it; safe to run at the same time in several processes."""
    rescued = overdue_moves.rescue(BITE)
    for task in rescued:
        logger.warning("rescued from a lost worker", extra={"task_id": task.pk})
    expired = overdue_moves.expire(BITE)
    for task in expired:
        logger.warning("expired: nobody started it before its deadline", extra={"task_id": task.pk})
    sent = send_unsent()
    resent = resend_lost()
    counting.fold_counts()
    return Swept(rescued=len(rescued), expired=len(expired), sent=sent, resent=resent)


def send_unsent() -> int:
    """Refill the window of every user who has something that was never sent."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING_USERS)
        waiting = cursor.fetchall()
    return sum(dispatch.refill(user_id=user_id, lane=lane) for user_id, lane in waiting)


def send_after_pause() -> None:
    """Send what waited while its queue was paused, slices as well, without waiting for the next round."""
    send_unsent()
    with connection.cursor() as cursor:
        cursor.execute(WAITING_BATCHES, [0.0])
        waiting = [batch_id for batch_id, _, is_stalled in cursor.fetchall() if is_stalled]
    for batch in Batch.objects.filter(pk__in=waiting[:BITE]):
        dispatch.send_first_slices(batch)


def resend_lost() -> int:
    """Send again what was sent but that the broker no longer holds."""
    if broker.breaker.is_open:
        return 0
    depth = broker.depth()
    return _resend_tasks(depth) + _resend_slices(depth)


def _resend_tasks(depth: broker.Depth | None) -> int:
    """Send as many tasks again as the broker holds too few messages for, the longest unclaimed first.

    What was handed out and not acknowledged counts as held for a lease's time only: a killed worker leaves such
    messages behind, and they would hide the loss for as long as Redis keeps them.
    """
    with connection.cursor() as cursor:
        cursor.execute(SENT)
        in_flight = int(cursor.fetchone()[0])
    if depth is None:
        lost = _choose_lost(in_flight, age_seconds=UNREADABLE_DEPTH_SECONDS)
    else:
        missing = in_flight - depth.tasks
        lost = _choose_lost(missing - depth.unacknowledged, age_seconds=settings.FILEMILL_SWEEP_SECONDS)
        lost += _choose_lost(missing - len(lost), age_seconds=settings.FILEMILL_LEASE_SECONDS)
    return dispatch.publish(lost)


def _choose_lost(limit: int, *, age_seconds: float) -> list[tuple[str, str]]:
    if limit <= 0:
        return []
    with connection.cursor() as cursor:
        cursor.execute(RESEND, [age_seconds, limit])
        return [(str(task_id), celery_task_id) for task_id, celery_task_id in cursor.fetchall()]


def _resend_slices(depth: broker.Depth | None) -> int:
    """Send new slices to batches that nobody works on, while fewer wait than all batches may have under way."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING_BATCHES, [_slice_age_seconds(depth)])
        waiting = cursor.fetchall()
    most = sum(settings.CELERYD_CONCURRENCY if parallel else 1 for _, parallel, _ in waiting)
    room = most - (depth.slices if depth else 0)
    stalled = Batch.objects.in_bulk([batch_id for batch_id, _, is_stalled in waiting if is_stalled])
    sent = 0
    for batch_id, *_ in waiting:  # in the order of their waiting
        if batch_id in stalled and sent < room:
            sent += dispatch.send_first_slices(stalled[batch_id])
    return sent


def _slice_age_seconds(depth: broker.Depth | None) -> float:
    """Return how long a slice may wait before it counts as lost; at once when the broker holds nothing at all."""
    if depth is None:
        return UNREADABLE_DEPTH_SECONDS
    is_empty = depth.slices == 0 and depth.unacknowledged == 0
    return float(settings.FILEMILL_SWEEP_SECONDS if is_empty else settings.FILEMILL_LEASE_SECONDS)


class Sweeper:
    """Makes a round in a thread of its own whenever this process gets the turn.

    Nobody leads: each round goes to the first process that asks when it is due. So a process that is frozen, or whose
    machine vanished with its connections open, holds up nothing; a lock held by a session would.
    """

    def __init__(self) -> None:
        self._round: threading.Thread | None = None

    def sweep_when_due(self) -> None:
        """Begin a round if one is due; called from the pulse, on the pulse's connection."""
        if self._round is not None and self._round.is_alive():
            return
        if take_turn(lateness=STAND_BACK if broker.breaker.is_open else 1.0):
            self._round = threading.Thread(target=_make_round, name="sweeper", daemon=True)
            self._round.start()


def take_turn(*, lateness: float = 1.0) -> bool:
    """Say whether a round is due, or late by a factor, and now this process's to make."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE_TURN, {"every": settings.FILEMILL_SWEEP_SECONDS * lateness})
        return cursor.fetchone() is not None


def _make_round() -> None:
    try:
        swept = sweep()
    except Error as error:
        logger.warning("the sweep was cut short, the next one goes on: %s", error)
    except Exception:
        logger.exception("the sweep was cut short, the next one goes on")
    else:
        if any((swept.rescued, swept.expired, swept.resent)):
            logger.info("swept: %s", swept)
    finally:
        connection.close()
