"""Who is handed what came free: a place below a limit, or capacity on the machine."""

from typing import Any

from django.conf import settings
from django.db import connection

from filemill.tasks import admission, dispatch
from filemill.tasks.models import Batch
from filemill.tasks.statuses import Lane

PASSED_ON_TO = 20
"""So many users are asked at the most whether they use a place; the sweeper asks all."""
# One probe of the backlog's index for each user, who are few beside their tasks; by EXISTS all that waits may be read.
WAITING_FOR_TYPE = """
    SELECT u.id, lane.name FROM auth_user u CROSS JOIN unnest(ARRAY['interactive', 'bulk']) AS lane(name)
        CROSS JOIN LATERAL (
            SELECT 1 FROM tasks_tasklog t
            WHERE t.user_id = u.id AND t.lane = lane.name AND t.task_type = %(task_type)s
              AND t.status = 'pending' AND t.published_at IS NULL AND t.run_after IS NULL
            ORDER BY t.turn_at, t.id LIMIT 1) AS waiting
    ORDER BY u.id <= %(user_id)s, u.id, lane.name DESC LIMIT %(most)s"""
WAITING_BATCH = f"""{dispatch.ACTIVE_BATCHES}
    SELECT b.id FROM active JOIN tasks_batch b ON b.id = active.batch_id
    WHERE (b.user_id = %(user_id)s OR (%(is_type_limited)s AND b.task_type = %(task_type)s))
      AND b.id IS DISTINCT FROM %(but)s
      AND {dispatch.A_FILE_WAITS}
    ORDER BY b.slices_sent_at NULLS FIRST LIMIT 1"""  # noqa: S608  literals
LOOKED_FOR_CAPACITY = 20
"""So many are asked at the most whether they fit into what came free; the sweeper sends the others."""
WAITING_FOR_CAPACITY = """
    UPDATE tasks_tasklog SET run_after = statement_timestamp() WHERE id = ANY(ARRAY(
        SELECT id FROM tasks_tasklog
        WHERE status = 'pending' AND published_at IS NULL AND needed_bytes IS NOT NULL
        ORDER BY turn_at LIMIT %s FOR UPDATE SKIP LOCKED))
    RETURNING user_id, lane, batch_id"""


def pass_on(*, user_id: Any, task_type: str, but_batch: Any = None) -> None:
    """Give a place that came free below a limit to who waits for it: the same user's, or another's of the same type."""
    if settings.FILEMILL_USER_CONCURRENCY:
        for lane in (Lane.INTERACTIVE, Lane.BULK):
            dispatch.refill(user_id=user_id, lane=lane)
    if task_type in settings.FILEMILL_TYPE_CONCURRENCY:
        for other_id, other_lane in _next_of_type(user_id, task_type):
            if dispatch.refill(user_id=other_id, lane=other_lane):
                break
    if admission.is_limited():
        _pass_on_to_batch(user_id, task_type, but_batch)


def _next_of_type(user_id: Any, task_type: str) -> list[tuple[Any, str]]:
    """Return whose tasks of the type wait, in turn: first those after the user who had the place, that user last."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING_FOR_TYPE, {"task_type": task_type, "user_id": user_id, "most": PASSED_ON_TO})
        return list(cursor.fetchall())


def _pass_on_to_batch(user_id: Any, task_type: str, but_batch: Any) -> None:
    """Send a slice of the batch that has waited longest for the place; a surplus one finds nothing to claim."""
    with connection.cursor() as cursor:
        cursor.execute(
            WAITING_BATCH,
            {
                "user_id": user_id,
                "task_type": task_type,
                "is_type_limited": task_type in settings.FILEMILL_TYPE_CONCURRENCY,
                "but": but_batch,
            },
        )
        found = cursor.fetchone()
    if found is not None:
        dispatch.send_slices(Batch.objects.get(pk=found[0]), 1)


def pass_capacity_on() -> None:
    """Let those that wait for capacity look again, now that somebody gave some back."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING_FOR_CAPACITY, [LOOKED_FOR_CAPACITY])
        waiting = set(cursor.fetchall())
    for user_id, lane, batch_id in waiting:
        if lane == Lane.SLICE:
            dispatch.send_slices(Batch.objects.get(pk=batch_id), 1)
        else:
            dispatch.refill(user_id=user_id, lane=lane)
