"""Why a pending task waits, and how many are before it: counted in indexes, and only up to a bound."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from django.conf import settings
from django.db import connection

from filemill.tasks.dispatch import SEEN_SECONDS
from filemill.tasks.models import TaskLog
from filemill.tasks.statuses import Lane, Status, TaskType

MOST_COUNTED: Final = 1000
"""Further than this nobody's place in the queue is counted."""

SITUATION = """
    SELECT statement_timestamp(),
           (SELECT row_to_json(p) FROM tasks_queuepause p WHERE queue IN (%(queue)s, %(task_type)s)
            ORDER BY since LIMIT 1),
           (SELECT count(*) FROM tasks_tasklog WHERE user_id = %(user_id)s AND status = 'processing'),
           CASE WHEN %(type_limit)s > 0 THEN
               (SELECT count(*) FROM tasks_tasklog WHERE task_type = %(task_type)s AND status = 'processing') END,
           EXISTS (SELECT 1 FROM tasks_workernode
                   WHERE seen_at > statement_timestamp() - %(seen)s * interval '1 second'),
           (SELECT username FROM auth_user WHERE id = %(user_id)s)"""
AHEAD_IN_BROKER = """
    SELECT count(*) FROM (SELECT 1 FROM tasks_tasklog
        WHERE status = 'pending' AND published_at IS NOT NULL AND published_at < %(published_at)s
        ORDER BY published_at LIMIT %(most)s) AS before"""
AHEAD_IN_BATCH = """
    SELECT count(*) FROM (SELECT 1 FROM tasks_tasklog
        WHERE batch_id = %(batch_id)s AND batch_index < %(batch_index)s AND status IN ('pending', 'processing')
        ORDER BY batch_index LIMIT %(most)s) AS before"""
# In the order of an index, or the planner may read the whole table for them. Each type of file apart, since the
# backlog's index has the types before the turns.
AHEAD_IN_BACKLOG = """
    SELECT (SELECT coalesce(sum(before.count), 0) FROM unnest(%(types)s::text[]) AS kind(name) CROSS JOIN LATERAL (
                SELECT count(*) FROM (SELECT 1 FROM tasks_tasklog
                    WHERE user_id = %(user_id)s AND lane = %(lane)s AND task_type = kind.name
                      AND status = 'pending' AND published_at IS NULL AND run_after IS NULL
                      AND (turn_at, id) < (%(turn_at)s, %(id)s)
                    ORDER BY turn_at, id LIMIT %(most)s) AS counted) AS before)
         + (SELECT count(*) FROM (SELECT 1 FROM tasks_tasklog
                WHERE user_id = %(user_id)s AND lane = %(lane)s AND status = 'pending' AND published_at IS NOT NULL
                LIMIT %(most)s) AS sent)"""


class WaitingCode(StrEnum):
    """What a task waits for."""

    QUEUE_PAUSED = "queue_paused"
    RUN_AT = "run_at"
    RETRY_AT = "retry_at"
    CAPACITY = "capacity"
    USER_LIMIT = "user_limit"
    TYPE_LIMIT = "type_limit"
    NO_WORKER = "no_worker"
    BEHIND_OTHERS = "behind_others"
    TO_BE_SENT = "to_be_sent"
    NEXT = "next"


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A code for programs and a sentence for people."""

    code: WaitingCode
    message: str


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Why a task waits and how many are before it; `ahead_exact` is off where more were not counted."""

    reason: Reason
    ahead: int | None
    ahead_exact: bool


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What the service looks like to a waiting task."""

    now: datetime
    pause: dict[str, Any] | None
    user_at_work: int
    type_at_work: int | None
    has_worker: bool
    owner: str


def explain(task: TaskLog) -> Waiting | None:
    """Say why a task waits; None unless it is pending."""
    if task.status != Status.PENDING:
        return None
    situation = _look(task)
    is_scheduled = task.run_after is not None and task.run_after > situation.now
    counted = None if is_scheduled else _count_ahead(task)
    reason = tell_reason(task, situation, ahead=counted or 0)
    if counted is None:
        return Waiting(reason=reason, ahead=None, ahead_exact=True)
    return Waiting(reason=reason, ahead=min(counted, MOST_COUNTED), ahead_exact=counted <= MOST_COUNTED)


def tell_reason(task: TaskLog, situation: Situation, *, ahead: int) -> Reason:
    """Choose what holds the task up most, from what can't pass by itself to what soon does; pure."""
    return (
        _tell_pause(situation)
        or _tell_time(task, situation)
        or _tell_limits(task, situation)
        or _tell_crowd(task, situation, ahead)
    )


def _tell_pause(situation: Situation) -> Reason | None:
    pause = situation.pause
    if pause is None:
        return None
    why = f": {pause['reason']}" if pause["reason"] else ""
    message = f"The queue {pause['queue']} was paused by {pause['paused_by']}{why}."
    return Reason(code=WaitingCode.QUEUE_PAUSED, message=message)


def _tell_time(task: TaskLog, situation: Situation) -> Reason | None:
    due = task.run_after
    if due is None or due <= situation.now:
        return None
    at = due.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if due == task.run_at:
        return Reason(code=WaitingCode.RUN_AT, message=f"It is to begin at {at}, as asked for.")
    if task.needed_bytes is not None:
        needed = f"{task.needed_bytes / 1024**2:,.0f} MB of memory and {task.needed_seconds or 0:,.0f} s"
        message = f"It takes about {needed}, for which its last worker had no capacity left; it is soon tried again."
        return Reason(code=WaitingCode.CAPACITY, message=message)
    return Reason(
        code=WaitingCode.RETRY_AT, message=f"Its last attempt failed in a way that may pass; the next is due at {at}."
    )


def _tell_limits(task: TaskLog, situation: Situation) -> Reason | None:
    most = settings.FILEMILL_USER_CONCURRENCY
    if most and situation.user_at_work >= most:
        message = f"{situation.owner} has {situation.user_at_work} of {most} tasks at work (FILEMILL_USER_CONCURRENCY)."
        return Reason(code=WaitingCode.USER_LIMIT, message=message)
    most = settings.FILEMILL_TYPE_CONCURRENCY.get(task.task_type, 0)
    if most and (situation.type_at_work or 0) >= most:
        message = f"{situation.type_at_work} of {most} {task.task_type} tasks are at work (FILEMILL_TYPE_CONCURRENCY)."
        return Reason(code=WaitingCode.TYPE_LIMIT, message=message)
    return None


def _tell_crowd(task: TaskLog, situation: Situation, ahead: int) -> Reason:
    if not situation.has_worker:
        return Reason(code=WaitingCode.NO_WORKER, message="No worker is running; it begins once one does.")
    if ahead:
        count = f"{ahead}" if ahead <= MOST_COUNTED else f"More than {MOST_COUNTED}"
        where = "of the same batch " if task.lane == Lane.SLICE else ""
        verb = "is" if ahead == 1 else "are"
        return Reason(code=WaitingCode.BEHIND_OTHERS, message=f"{count} {where}{verb} before it.")
    if task.published_at is None and task.lane != Lane.SLICE:
        return Reason(code=WaitingCode.TO_BE_SENT, message="It is the next of its user to be sent to a worker.")
    return Reason(code=WaitingCode.NEXT, message="The next worker that is free takes it.")


def _look(task: TaskLog) -> Situation:
    given: dict[str, Any] = {
        "queue": Lane.INTERACTIVE if task.lane == Lane.INTERACTIVE else Lane.BULK,
        "task_type": task.task_type,
        "user_id": task.user_id,
        "type_limit": settings.FILEMILL_TYPE_CONCURRENCY.get(task.task_type, 0),
        "seen": SEEN_SECONDS,
    }
    with connection.cursor() as cursor:
        cursor.execute(SITUATION, given)
        now, pause, user_at_work, type_at_work, has_worker, owner = cursor.fetchone()
    return Situation(
        now=now,
        pause=pause,
        user_at_work=user_at_work,
        type_at_work=type_at_work,
        has_worker=has_worker,
        owner=owner,
    )


def _count_ahead(task: TaskLog) -> int:
    statement, given = place_in_line(task)
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return int(cursor.fetchone()[0])


def place_in_line(task: TaskLog) -> tuple[str, dict[str, Any]]:
    """Return the statement that counts who is before the task where it waits, and its values."""
    given: dict[str, Any] = {"most": MOST_COUNTED + 1}
    if task.lane == Lane.SLICE:
        return AHEAD_IN_BATCH, {**given, "batch_id": task.batch_id, "batch_index": task.batch_index}
    if task.published_at is not None:
        return AHEAD_IN_BROKER, {**given, "published_at": task.published_at}
    owner = {"user_id": task.user_id, "lane": task.lane, "types": TaskType.values}
    return AHEAD_IN_BACKLOG, {**given, **owner, "turn_at": task.turn_at, "id": task.pk}
