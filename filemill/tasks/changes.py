"""What the moves change in a row, as far as several of them change the same."""

from django.conf import settings

from filemill.processing.operations.planning import Cost
from filemill.tasks.transition import ENDED, NULL, Assignments, Ending, seconds_ahead, storable, value

NO_LEASE: Assignments = {"lease_owner": NULL, "lease_until": NULL}
NO_ERROR: Assignments = {"error_code": NULL, "error_message": NULL}
CANCELLED: Assignments = {**NO_LEASE, "cancelled_at": ENDED, "finished_at": ENDED}
BACK_TO_PENDING: Assignments = {
    **NO_LEASE,
    "progress": ("0", []),
    "started_at": NULL,
    "published_at": NULL,
    "retry_count": ("retry_count + 1", []),
}
WAITS_FOR_NOTHING: Assignments = {"run_after": NULL, "needed_bytes": NULL, "needed_seconds": NULL}
LOOK_FOR_CAPACITY_SECONDS = 2
"""At least, between two looks whether a task that takes much has capacity, unless somebody gives some back."""

TRAVELS_ALONE_IF_PARALLEL = """CASE WHEN lane = 'slice' AND (SELECT parallel FROM tasks_batch b WHERE b.id = batch_id)
                               THEN 'bulk' ELSE lane END"""

# What a person runs again after it expired, they want now.
RETRY_DEADLINE = """CASE WHEN expires_at > statement_timestamp() THEN expires_at
                    ELSE greatest(statement_timestamp(), run_at) + %s * interval '1 second' END"""


def begun_anew(*, lane: str) -> Assignments:
    """Return what changes in a task that a person runs again; `lane` is SQL."""
    return {
        **BACK_TO_PENDING,
        **NO_ERROR,
        **WAITS_FOR_NOTHING,
        "generation": ("generation + 1", []),
        "failures": ("0", []),
        "cage_deaths": ("0", []),
        "result": NULL,
        "completed_at": NULL,
        "cancelled_at": NULL,
        "finished_at": NULL,
        "run_after": ("CASE WHEN run_at > statement_timestamp() THEN run_at END", []),
        "deadline_at": (RETRY_DEADLINE, [settings.FILEMILL_DEADLINE_HOURS * 3600]),
        "lane": (lane, []),
    }


def handed_back(waits_for: Cost | None) -> Assignments:
    """Return what changes in a task that was claimed and not begun; `waits_for` is what there was no capacity for.

    What takes much travels alone from now on: it must not hold up its slice.
    """
    changes = {column: change for column, change in BACK_TO_PENDING.items() if column != "retry_count"}
    if waits_for is None:
        return changes
    return {
        **changes,
        "needed_bytes": value(waits_for.memory_bytes),
        "needed_seconds": value(waits_for.cpu_seconds),
        "run_after": seconds_ahead(LOOK_FOR_CAPACITY_SECONDS),
        "lane": (TRAVELS_ALONE_IF_PARALLEL, []),
    }


def error_of(ending: Ending) -> Assignments:
    """Return what an attempt's end by an error leaves in the row."""
    return {"error_code": value(ending.error_code), "error_message": value(storable(ending.message))}
