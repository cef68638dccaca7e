"""Moves of many tasks of a batch at once: part of `lifecycle`, and bounded like the moves of the sweeper.

Each statement moves as many tasks as it is told at most, and passes over those that a worker is just claiming or
settling: two statements that lock many rows in different orders would wait for each other.
"""

from datetime import datetime
from uuid import UUID

from filemill.tasks import statuses
from filemill.tasks.changes import CANCELLED, begun_anew
from filemill.tasks.statuses import Status
from filemill.tasks.transition import Ending, apply

# In the order of an index, or the planner may walk through whatever else is pending.
OF_BATCH = """id = ANY(ARRAY(SELECT id FROM tasks_tasklog WHERE batch_id = %s AND status = %s
                             ORDER BY finished_at LIMIT %s FOR UPDATE SKIP LOCKED))"""
RETRYABLE = """id = ANY(ARRAY(SELECT id FROM tasks_tasklog WHERE batch_id = %s AND status = 'failed'
                              AND finished_at <= %s AND (%s OR retry_count < max_retries)
                              ORDER BY finished_at LIMIT %s FOR UPDATE SKIP LOCKED))"""
# Back to how it travelled at first: in its slice, or alone if it is large.
LANE_IN_BATCH = """CASE WHEN task_type = 'video' AND (SELECT parallel FROM tasks_batch b WHERE b.id = batch_id)
                   THEN 'bulk' ELSE 'slice' END"""
# A file in whose run the cage died travels alone, as it did when it failed.
LANE_OF_RETRIED = f"CASE WHEN cage_deaths > 0 THEN lane ELSE {LANE_IN_BATCH} END"


def cancel_some(batch_id: UUID, status: Status, *, reason: str, by: str, limit: int) -> int:
    """End tasks of the batch that wait or are worked on; the workers of the latter are told to kill their cages."""
    moved = apply(
        statuses.CANCEL,
        OF_BATCH,
        [str(batch_id), status.value, limit],
        CANCELLED,
        message=f"Cancelled with its batch by {by}" + (f": {reason}" if reason else ""),
        metadata={"reason": reason, "by": by, "with_batch": True},
        ending=Ending(message=reason),
        notify=status == Status.PROCESSING,
    )
    return len(moved)


def retry_some_failed(batch_id: UUID, *, failed_until: datetime, force: bool, by: str, limit: int) -> int:
    """Begin a new generation of tasks of the batch that had failed by then: not of those that failed once more."""
    moved = apply(
        statuses.RETRY,
        RETRYABLE,
        [str(batch_id), failed_until, force, limit],
        begun_anew(lane=LANE_OF_RETRIED),
        message=f"Retried with its batch by {by}",
        metadata={"automatic": False, "force": force, "by": by, "with_batch": True},
    )
    return len(moved)
