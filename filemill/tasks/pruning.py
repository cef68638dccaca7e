"""Forgetting what nobody reads any more of tasks that ended long ago."""

from django.conf import settings
from django.db import connection

BITE = 5_000
"""Rows deleted per statement, each its own transaction: nobody waits long for their locks, and a vacuum can follow."""
# In the order of an index, so that a bite reads little more than it deletes. The tasks are looked up one by one: joined
# to them, all tasks might be read for each bite.
PROGRESS = """
    DELETE FROM tasks_taskprogress WHERE id = ANY(ARRAY(
        SELECT p.id FROM tasks_taskprogress p CROSS JOIN LATERAL (
            SELECT 1 FROM tasks_tasklog t
            WHERE t.id = p.task_id AND t.status NOT IN ('pending', 'processing') LIMIT 1) AS ended
        WHERE p.created_at < statement_timestamp() - %s * interval '1 day'
        ORDER BY p.created_at LIMIT %s))"""


def prune_progress() -> int:
    """Delete the history of the progress of ended tasks once it is old enough, in bites; return how many rows went.

    What was told of a task's life stays: its events and attempts are what it is judged by.
    """
    if settings.FILEMILL_PROGRESS_DAYS == 0:
        return 0
    pruned = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(PROGRESS, [settings.FILEMILL_PROGRESS_DAYS, BITE])
            bite = int(cursor.rowcount)
            pruned += bite
            if bite < BITE:
                return pruned
