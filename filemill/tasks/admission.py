"""Whether a pending task may be begun now: pauses, and the limits of its user, of its type and of the machine.

The claim itself asks these conditions, so that they hold on all hosts together. Where a limit is set, claims that count
towards it wait for one another by an advisory lock: without it two could both see the last free place.
"""

import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection

from filemill.tasks import capacity
from filemill.tasks.transition import Expression

QUEUE_OF_LANE = "CASE WHEN lane = 'interactive' THEN 'interactive' ELSE 'bulk' END"
NOT_PAUSED = f"""NOT EXISTS (SELECT 1 FROM tasks_queuepause
                          WHERE queue IN (tasks_tasklog.task_type, {QUEUE_OF_LANE}))"""  # noqa: S608  literals
# The files of a cancelled batch are ended many at a time; no slice begins another one meanwhile.
HOLD_OPEN_BATCH = "SELECT 1 FROM tasks_batch WHERE id = %s AND cancelled_at IS NULL FOR UPDATE"
OF_OPEN_BATCH = """batch_id = (SELECT id FROM tasks_batch b
                                WHERE id = %s AND cancelled_at IS NULL AND NOT EXISTS (
                                    SELECT 1 FROM tasks_queuepause WHERE queue IN (b.task_type, 'bulk')))"""
NOT_EXPIRED = "(deadline_at IS NULL OR deadline_at > statement_timestamp())"
DUE = f"(run_after IS NULL OR run_after <= statement_timestamp()) AND {NOT_EXPIRED}"
IN_BACKLOG = "status = 'pending' AND published_at IS NULL AND run_after IS NULL"
OWN_SINGLE = """(SELECT true FROM tasks_tasklog WHERE user_id = %(user_id)s AND lane = 'interactive' AND {which}
     ORDER BY user_id, lane, task_type LIMIT 1)"""
# What other users were sent is never more than their windows. Of the backlog two ranges and not "<>", each in the order
# of the index: one look, however long this user's own backlog is.
WHO_WAITS = """SELECT coalesce(
    (SELECT true FROM tasks_tasklog WHERE status = 'pending' AND published_at IS NOT NULL AND user_id <> %(user_id)s
     ORDER BY published_at LIMIT 1),
    false), coalesce(
    (SELECT true FROM tasks_tasklog WHERE user_id < %(user_id)s AND {backlog} ORDER BY user_id LIMIT 1),
    (SELECT true FROM tasks_tasklog WHERE user_id > %(user_id)s AND {backlog} ORDER BY user_id LIMIT 1),
    {own},
    false)"""
OWN_SENT = OWN_SINGLE.format(which="status = 'pending' AND published_at IS NOT NULL")
# While files of the slice hold the last place below a limit, a single task that it counts is not sent.
OWN_BELOW_LIMITS = {
    "none": OWN_SENT,
    "of its type": f"{OWN_SENT},\n    {OWN_SINGLE.format(which=f'task_type = %(task_type)s AND {IN_BACKLOG}')}",
    "of the user": f"{OWN_SENT},\n    {OWN_SINGLE.format(which=IN_BACKLOG)}",
}
WHO_WAITS_BELOW = {limit: WHO_WAITS.format(backlog=IN_BACKLOG, own=own) for limit, own in OWN_BELOW_LIMITS.items()}
# How many files a slice claims: near the end of a batch a quarter of what is left, so that its slices end together, yet
# no less than is done in a moment. No more rows are counted than tell whether there is enough.
FEWER_AT_END = """least(%s, greatest(%s, (SELECT count(*) FROM (
    SELECT FROM tasks_tasklog WHERE batch_id = %s AND status = 'pending'
    ORDER BY batch_index LIMIT 4 * %s) AS waiting) / 4))"""
# As an array the choice is made once; as a join the planner may make it anew for every row it looks at.
NEXT_OF_BATCH = f"""id = ANY(ARRAY(SELECT id FROM tasks_tasklog
                              WHERE {OF_OPEN_BATCH} AND lane = 'slice' AND status = 'pending' AND {DUE}
                              ORDER BY batch_index LIMIT {FEWER_AT_END} FOR UPDATE SKIP LOCKED))"""  # noqa: S608  literals
NEXT_IN_ORDER = f"""id = (SELECT id FROM tasks_tasklog
                          WHERE {OF_OPEN_BATCH} AND lane = 'slice' AND status = 'pending' AND {NOT_EXPIRED}
                          ORDER BY batch_index LIMIT 1)
                AND (run_after IS NULL OR run_after <= statement_timestamp())
                AND NOT EXISTS (SELECT 1 FROM tasks_tasklog
                                WHERE batch_id = %s AND lane = 'slice' AND status = 'processing')"""  # noqa: S608  literals
# Of a task that was found to take much; of all others nothing is known yet.
FITS = "coalesce(needed_bytes, 0) <= %s AND coalesce(needed_seconds, 0) <= %s"
USER_BELOW_LIMIT = """(SELECT count(*) FROM tasks_tasklog o
                       WHERE o.user_id = tasks_tasklog.user_id AND o.status = 'processing') < %s"""
TYPE_BELOW_LIMIT = """(SELECT count(*) FROM tasks_tasklog o
                       WHERE o.task_type = tasks_tasklog.task_type AND o.status = 'processing')
                      < coalesce((%s::jsonb ->> tasks_tasklog.task_type)::int, 2147483647)"""
# In one order, so that no two claims wait for each other.
LOCK = """SELECT pg_advisory_xact_lock(%s, key) FROM (
              SELECT DISTINCT hashtext(name) AS key FROM {which}, LATERAL unnest(
                  ARRAY['user ' || user_id, 'type ' || task_type]) AS name
              WHERE id = %s ORDER BY key) AS keys"""
LOCK_SPACE = 0x46696C6D
"""Keeps the locks apart from those of whatever else uses the database."""
OF_TASK, OF_BATCH = "tasks_tasklog", "tasks_batch"
"""Where user and type stand; they are the same for all files of a batch."""


def what_fits() -> list[Any]:
    """Return the values for `FITS` on this machine, now."""
    free = capacity.find_free()
    return [free.memory_bytes, free.seconds]


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Who waits while a slice of a user's batch is at work."""

    is_sent: bool
    """Tasks of other users lie at the broker: they begin as soon as a process is free."""
    is_in_backlog: bool
    """Other users have tasks that were not sent yet, files of batches among them, or this one a single task that was
    sent, or that a limit keeps from being sent while the slice is at work."""


def who_waits(user_id: int, task_type: str) -> Waiting:
    """Say who waits for what a slice of this user's takes, whose files are of this type."""
    with connection.cursor() as cursor:
        cursor.execute(WHO_WAITS_BELOW[_limit_of(task_type)], {"user_id": user_id, "task_type": task_type})
        is_sent, is_in_backlog = cursor.fetchone()
    return Waiting(is_sent=is_sent, is_in_backlog=is_in_backlog)


def _limit_of(task_type: str) -> str:
    if settings.FILEMILL_USER_CONCURRENCY:
        return "of the user"
    return "of its type" if task_type in settings.FILEMILL_TYPE_CONCURRENCY else "none"


def is_limited() -> bool:
    """Say whether a limit is set at all; without one a claim takes no lock."""
    return bool(settings.FILEMILL_USER_CONCURRENCY or settings.FILEMILL_TYPE_CONCURRENCY)


def below_limits() -> Expression:
    """Return the condition that the limits put on a row, as more of a WHERE."""
    conditions, parameters = "", list[Any]()
    if settings.FILEMILL_USER_CONCURRENCY:
        conditions += f" AND {USER_BELOW_LIMIT}"
        parameters.append(settings.FILEMILL_USER_CONCURRENCY)
    if settings.FILEMILL_TYPE_CONCURRENCY:
        conditions += f" AND {TYPE_BELOW_LIMIT}"
        parameters.append(json.dumps(settings.FILEMILL_TYPE_CONCURRENCY))
    return conditions, parameters


def line_up(which: str, row_id: str) -> None:
    """Wait until no other claim of the same user or type is underway; the caller's transaction holds the place."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK.format(which=which), [LOCK_SPACE, row_id])
