"""Moves of tasks whose time is over, a lease's or their own: part of `lifecycle`, made by the sweeper and workers."""

from typing import Any
from uuid import UUID

from filemill.tasks import admission, statuses
from filemill.tasks.changes import BACK_TO_PENDING, error_of
from filemill.tasks.models import TaskLog
from filemill.tasks.transition import ENDED, Assignments, Ending, apply


def rescue(limit: int) -> list[TaskLog]:
    """Put back the tasks whose worker has not renewed its lease."""
    where = _chosen("status = 'processing'", "lease_until")
    ending = Ending(error_code="worker_lost", message="The worker stopped renewing its lease")
    metadata = {"automatic": True, "reason": "worker_lost"}
    return apply(
        statuses.RESCUE, where, [limit], BACK_TO_PENDING, message=ending.message, metadata=metadata, ending=ending
    )


def expire(limit: int) -> list[TaskLog]:
    """Fail the tasks that nobody started before their deadline."""
    return _expire(_chosen("status = 'pending'", "deadline_at"), [limit])


def expire_one(task_id: UUID | str) -> TaskLog | None:
    """Fail a task that was not started before its deadline; None for any other."""
    return next(iter(_expire(f"id = %s AND NOT {admission.NOT_EXPIRED}", [str(task_id)])), None)


def _expire(where: str, parameters: list[Any]) -> list[TaskLog]:
    ending = Ending(error_code="expired", message="The task was not started before its deadline")
    changes: Assignments = {**error_of(ending), "finished_at": ENDED}
    metadata = {"error_code": "expired"}
    return apply(statuses.EXPIRE, where, parameters, changes, message=ending.message, metadata=metadata)


def _chosen(condition: str, until: str) -> str:
    # As an array the choice is made once; as a join the planner may make it anew for every row it looks at.
    # In the order of an index: else the planner may read the table, where it believes that enough of it is overdue.
    # Nothing but literals of this module comes in here.
    overdue = f"{condition} AND {until} < statement_timestamp() ORDER BY {until}"
    chosen = f"SELECT id FROM tasks_tasklog WHERE {overdue} LIMIT %s FOR UPDATE SKIP LOCKED"  # noqa: S608
    return f"id = ANY(ARRAY({chosen}))"
