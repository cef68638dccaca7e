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
from filemill.tasks.changes import LOOK_FOR_CAPACITY_SECONDS
from filemill.tasks.insertion import Turn
from filemill.tasks.models import Batch, QueuePause, TaskLog
from filemill.tasks.statuses import Lane, Status, TaskType

NO_LIMIT = 2**31 - 1
SEEN_SECONDS = 30
"""A worker that did not report itself for so long counts as gone."""
MESSAGES_PER_SLOT = 2
"""One at work and one that waits for its end: enough to keep a worker busy, and little for others to wait for."""

IN_FLIGHT = "(status = 'processing' OR (status = 'pending' AND published_at IS NOT NULL))"
# How many more of the user's tasks of a lane may be handed out: what is left of the window, and below the user's limit.
ROOM = f"""least(%(window)s, (SELECT {MESSAGES_PER_SLOT} * sum(concurrency) FROM tasks_workernode
                   WHERE seen_at > statement_timestamp() - interval '{SEEN_SECONDS} seconds'))
        - (SELECT count(*) FROM tasks_tasklog WHERE user_id = %(user_id)s AND lane = %(lane)s AND {IN_FLIGHT})"""  # noqa: S608  literals
ROOM_BELOW_LIMIT = f"""least({ROOM},
        %(user_limit)s - (SELECT count(*) FROM tasks_tasklog WHERE user_id = %(user_id)s AND {IN_FLIGHT}))"""  # noqa: S608  literals
# The types of files out of which tasks may be handed out, and how many more of each.
OPEN_KINDS = f"""SELECT name, %(window)s AS free
        FROM (VALUES {", ".join(f"('{name}')" for name in TaskType.values)}) AS given(name)
        WHERE NOT EXISTS (SELECT 1 FROM tasks_queuepause WHERE queue IN (name, %(lane)s))"""  # noqa: S608  literals
OPEN_KINDS_BELOW_LIMITS = f"""SELECT name, most - (SELECT count(*) FROM tasks_tasklog
                                    WHERE task_type = name AND {IN_FLIGHT}) AS free
        FROM unnest(%(types)s::text[], %(type_limits)s::bigint[]) AS given(name, most)
        WHERE NOT EXISTS (SELECT 1 FROM tasks_queuepause WHERE queue IN (name, %(lane)s))"""  # noqa: S608  literals
# The candidates come out of the index in the order of their turns, for each open type of file as many as could be sent
# at the most; so what waits for a paused or busy type is not even read.
CHOOSE = """
    WITH room AS MATERIALIZED (
        SELECT {room} AS free
    ), kind AS MATERIALIZED (
        {kinds}
    ), due AS MATERIALIZED (
        SELECT id, task_type, turn_at FROM tasks_tasklog
        WHERE user_id = %(user_id)s AND lane = %(lane)s AND status = 'pending' AND published_at IS NULL
          AND run_after IS NOT NULL AND run_after <= statement_timestamp()
        ORDER BY run_after LIMIT %(window)s
    ), candidate AS MATERIALIZED (
        SELECT found.id, found.turn_at, kind.free,
               row_number() OVER (PARTITION BY kind.name ORDER BY found.turn_at, found.id) AS place
        FROM kind CROSS JOIN LATERAL (
            (SELECT id, turn_at FROM tasks_tasklog
             WHERE user_id = %(user_id)s AND lane = %(lane)s AND task_type = kind.name
               AND status = 'pending' AND published_at IS NULL AND run_after IS NULL
             ORDER BY turn_at, id LIMIT %(window)s)
            UNION ALL
            SELECT id, turn_at FROM due WHERE task_type = kind.name) AS found
        WHERE kind.free > 0 AND (SELECT free FROM room) > 0
    )
    UPDATE tasks_tasklog SET published_at = statement_timestamp()
    WHERE id = ANY(ARRAY(
        SELECT t.id FROM candidate JOIN tasks_tasklog t ON t.id = candidate.id
        WHERE candidate.place <= candidate.free AND t.status = 'pending' AND t.published_at IS NULL
        ORDER BY candidate.turn_at, candidate.id
        LIMIT greatest(0, (SELECT free FROM room))
        FOR UPDATE OF t SKIP LOCKED))
    RETURNING turn_at, id, celery_task_id"""
# When a new task counts as sent: at once, if there is room, it is due, its type is open and nothing of its user's is
# before it. So it needs no choice of its own, which would be a further round trip.
SENT_AT = """CASE WHEN (SELECT free FROM room) > 0
      AND EXISTS (SELECT 1 FROM ({kinds}) AS kind WHERE kind.name = given.task_type AND kind.free > 0)
      AND (given.run_at IS NULL OR given.run_at <= statement_timestamp())
      AND NOT EXISTS (SELECT 1 FROM tasks_tasklog WHERE user_id = %(user_id)s AND lane = %(lane)s AND status = 'pending'
                      AND published_at IS NULL AND run_after IS NULL)
      AND NOT EXISTS (SELECT 1 FROM tasks_tasklog WHERE user_id = %(user_id)s AND lane = %(lane)s AND status = 'pending'
                      AND published_at IS NULL AND run_after <= statement_timestamp())
    THEN statement_timestamp() END"""

PUT_BACK = f"""UPDATE tasks_tasklog SET published_at = NULL,
                  run_after = CASE WHEN needed_bytes IS NOT NULL
                      THEN statement_timestamp() + interval '{LOOK_FOR_CAPACITY_SECONDS} seconds' ELSE run_after END
              WHERE id = %s AND status = 'pending' AND published_at IS NOT NULL RETURNING user_id, lane"""  # noqa: S608  literals
ACTIVE_BATCHES = """
    WITH RECURSIVE active AS (
        (SELECT batch_id FROM tasks_tasklog
         WHERE batch_id IS NOT NULL AND status IN ('pending', 'processing')
         ORDER BY batch_id LIMIT 1)
        UNION ALL
        SELECT further.batch_id FROM active, LATERAL (
            SELECT t.batch_id FROM tasks_tasklog t
            WHERE t.batch_id > active.batch_id AND t.status IN ('pending', 'processing')
            ORDER BY t.batch_id LIMIT 1) AS further)"""
# Whether a file of the batch `b` waits for a slice. Asked in the order of an index, and not by EXISTS: believing that
# many rows would do, the planner would walk through whatever else is pending until it came upon one.
FILE_WAITS = """(SELECT 1 FROM tasks_tasklog t
                 WHERE t.batch_id = b.id AND t.status = 'pending' AND t.lane = 'slice'{due}
                 ORDER BY t.batch_index LIMIT 1) IS NOT NULL"""
A_FILE_WAITS = FILE_WAITS.format(due="")
# One statement for what is asked at the end of each slice: are files left, is nothing paused; then it counts as sent.
NEXT_SLICE = f"""UPDATE tasks_batch b SET slices_sent_at = statement_timestamp()
    WHERE id = %s AND {A_FILE_WAITS}
      AND NOT EXISTS (SELECT 1 FROM tasks_queuepause WHERE queue IN (b.task_type, 'bulk'))"""  # noqa: S608  literals


def refill(*, user_id: Any, lane: str) -> int:
    """Send the user's due tasks of a lane, in the order of their turns, while there is room; return how many were sent.

    There is room while the user's window has some, and neither the user nor the type of file is at its limit; a window
    is never wider than the running workers can soon use. Two refills at once may overshoot by what both saw free; that
    costs a little fairness and no truth, so no lock is taken for it: the limits themselves are kept by the claims.
    """
    if lane == Lane.SLICE or broker.breaker.is_open:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(write_choice(), choice(user_id, lane))
        # An UPDATE returns its rows in no order.
        chosen = [(str(task_id), celery_task_id) for _, task_id, celery_task_id in sorted(cursor.fetchall())]
    faultpoint("dispatch.before_send")
    return publish(chosen)


def turn_of(task: TaskLog) -> Turn:
    """Return by what the database decides whether a new task is sent as it comes into being."""
    room, kinds = _limits()
    return Turn(room=room, sent_at=SENT_AT.format(kinds=kinds), parameters=choice(task.user_id, task.lane))


def send_new(task: TaskLog, *, has_room: bool) -> None:
    """Send a new task if it came into being as sent; else, where there is room, whatever of its user's is next.

    Without room there is nothing to choose: the end of one that is at work sends the next.
    """
    if task.published_at is None:
        if has_room:
            refill(user_id=task.user_id, lane=task.lane)
        return
    faultpoint("dispatch.before_send")
    publish([(str(task.pk), task.celery_task_id)])


def write_choice() -> str:
    """Return the statement that chooses a user's next tasks of a lane and says of them that they are sent."""
    room, kinds = _limits()
    return CHOOSE.format(room=room, kinds=kinds)


def _limits() -> tuple[str, str]:
    """Return the SQL of a user's room and of the open types.

    Limits that are not set are left out, and not given as large numbers: the planner would then see at each execution
    what it can leave out, and plan the statement anew to do so, which takes longer than to execute it.
    """
    return (
        ROOM_BELOW_LIMIT if settings.FILEMILL_USER_CONCURRENCY else ROOM,
        OPEN_KINDS_BELOW_LIMITS if settings.FILEMILL_TYPE_CONCURRENCY else OPEN_KINDS,
    )


def choice(user_id: Any, lane: str) -> dict[str, Any]:
    """Return what the choice of a user's next tasks hangs on."""
    return {
        "user_id": user_id,
        "lane": lane,
        "window": settings.FILEMILL_WINDOW,
        "user_limit": settings.FILEMILL_USER_CONCURRENCY,
        "types": TaskType.values,
        "type_limits": [settings.FILEMILL_TYPE_CONCURRENCY.get(name, NO_LIMIT) for name in TaskType.values],
    }


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


def put_back(task_id: str) -> None:
    """Take back the message of a task that may not begin yet: it waits unsent until there is room for it.

    The place that was missing may have come free in between; then it is sent again, and otherwise not.
    """
    with connection.cursor() as cursor:
        cursor.execute(PUT_BACK, [task_id])
        owner = cursor.fetchone()
    if owner is not None:
        refill(user_id=owner[0], lane=owner[1])


def send_batch(batch: Batch) -> None:
    """Send the first messages of a new batch."""
    refill(user_id=batch.user_id, lane=Lane.BULK)
    send_first_slices(batch)


def send_first_slices(batch: Batch) -> int:
    """Send as many slices as the workers can use, or the one of an ordered batch; return how many were sent."""
    most = settings.CELERYD_CONCURRENCY if batch.parallel else 1
    due = batch.tasks.filter(status=Status.PENDING, lane=Lane.SLICE).exclude(run_after__gt=Now())
    return send_slices(batch, due.order_by("batch_index")[:most].count())


def send_slices(batch: Batch, count: int) -> int:
    """Send `count` slice messages of a batch; a surplus one finds nothing to claim and ends."""
    if count == 0 or QueuePause.objects.filter(queue__in=[batch.task_type, Lane.BULK]).exists():
        return 0
    sent = broker.send([_message_of(batch)] * count)
    if sent:
        Batch.objects.filter(pk=batch.pk).update(slices_sent_at=Now())
    return sent


def send_next_slice(batch: Batch) -> None:
    """Send one slice message more while files of the batch wait and no pause holds them."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT_SLICE, [str(batch.pk)])
        is_due = cursor.rowcount > 0
    if is_due and not broker.send([_message_of(batch)]):
        Batch.objects.filter(pk=batch.pk).update(slices_sent_at=None)  # so that the sweeper sends one soon


def _message_of(batch: Batch) -> Message:
    return Message(name=BULK_FILE_PROCESSING, row_id=str(batch.pk), celery_task_id=batch.celery_task_id)
