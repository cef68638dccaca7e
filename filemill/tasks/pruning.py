"""Forgetting what nobody reads any more of tasks that ended long ago."""

from datetime import datetime
from typing import Any, cast

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
# Kept before anything goes, and never taken back: a checker must not miss what was pruned under another setting.
MARK = """
    INSERT INTO tasks_eventpruning AS kept (id, until)
    VALUES (1, statement_timestamp() - %(days)s * interval '1 day')
    ON CONFLICT (id) DO UPDATE SET until = greatest(kept.until, excluded.until)
    RETURNING statement_timestamp() - %(days)s * interval '1 day'"""
# What happened before a task's end is older than that end; so nothing younger has to be looked at.
EVENTS = """
    DELETE FROM tasks_taskeventlog WHERE id = ANY(ARRAY(
        SELECT e.id FROM tasks_taskeventlog e CROSS JOIN LATERAL (
            SELECT 1 FROM tasks_tasklog t WHERE t.id = e.task_id AND t.finished_at < %s LIMIT 1) AS ended
        WHERE e.created_at < %s
          AND (e.event_type IN ('started', 'progress')
               OR (e.event_type = 'retried' AND e.metadata -> 'automatic' = 'true'::jsonb))
        ORDER BY e.created_at LIMIT %s))"""


def prune_progress() -> int:
    """Delete the history of the progress of ended tasks once it is old enough, in bites; return how many rows went.

    What was told of a task's life stays: its events and attempts are what it is judged by.
    """
    if settings.FILEMILL_PROGRESS_DAYS == 0:
        return 0
    return _delete(PROGRESS, [settings.FILEMILL_PROGRESS_DAYS])


def prune_events() -> int:
    """Delete, of tasks that ended long enough ago, the events between the begin and the end of each generation.

    How each generation began and how it ended stays, so the database goes on refusing it a second end; its attempts
    stay as well.
    """
    if settings.FILEMILL_EVENT_DAYS == 0:
        return 0
    until = mark_events(days=settings.FILEMILL_EVENT_DAYS)
    return _delete(EVENTS, [until, until])


def mark_events(*, days: int) -> datetime:
    """Say that events may be pruned of what ended so many days ago, and return since when that is."""
    with connection.cursor() as cursor:
        cursor.execute(MARK, {"days": days})
        (until,) = cursor.fetchone()
    return cast("datetime", until)


def _delete(statement: str, chosen: list[Any]) -> int:
    """Delete bite by bite until nothing is left; return how many rows went."""
    pruned = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(statement, [*chosen, BITE])
            bite = int(cursor.rowcount)
            pruned += bite
            if bite < BITE:
                return pruned
