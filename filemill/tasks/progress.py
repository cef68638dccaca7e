"""Progress on its way from the cage to the rows: monotonic within an attempt, throttled, never part of the state."""

import json
import time

from django.db import connection

from filemill.tasks.models import TaskLog
from filemill.tasks.transition import storable

EVERY_SECONDS = 0.5
"""At most this often per task; what comes in between is replaced by what comes later."""
HIGHEST = 99
"""100 is reached with the completion and not before."""
QUARTER = 25
LEAST_PACE_PERCENT = 1.0
"""How far the work must have come before its pace says when it will end."""

STORE = """
    WITH moved AS (
        UPDATE tasks_tasklog SET progress = %(progress)s
        WHERE id = %(id)s AND fence = %(fence)s AND status = 'processing' AND progress < %(progress)s
        RETURNING id, attempt, generation
    ), kept AS (
        INSERT INTO tasks_taskprogress (task_id, attempt, progress, message, data, created_at)
        SELECT id, attempt, %(progress)s, %(message)s, %(data)s::jsonb, statement_timestamp() FROM moved
    ), told AS (
        INSERT INTO tasks_taskeventlog (task_id, event_type, generation, attempt, message, metadata, created_at)
        SELECT id, 'progress', generation, attempt, %(message)s, %(metadata)s::jsonb, statement_timestamp()
        FROM moved WHERE %(tells)s
    )
    SELECT 1 FROM moved"""


def estimate_left(*, first_percent: float, percent: float, elapsed_seconds: float) -> float | None:
    """Estimate the seconds left from the pace since the attempt's first progress; None while that says too little.

    What was done before the first progress, by an earlier attempt or by reading headers, tells nothing of the pace.
    """
    done = percent - first_percent
    if done < LEAST_PACE_PERCENT or elapsed_seconds < EVERY_SECONDS:
        return None
    return elapsed_seconds * (100 - percent) / done


class ProgressReporter:
    """Stores the progress of one attempt; a passed quarter also becomes an event."""

    def __init__(self, task: TaskLog) -> None:
        self._task = task
        self._stored = 0
        self._stored_at = time.monotonic()  # so that work of an instant stores nothing but its end
        self._first: tuple[float, float] | None = None

    def report(self, percent: float, message: str = "") -> None:
        progress = min(HIGHEST, max(0, int(percent)))
        now = time.monotonic()
        if self._first is None and percent > 0:
            self._first = (percent, now)
        if progress <= self._stored or now - self._stored_at < EVERY_SECONDS:
            return
        tells = progress // QUARTER > self._stored // QUARTER
        self._stored, self._stored_at = progress, now
        text = storable(message or f"{progress} %")[:255]
        with connection.cursor() as cursor:
            cursor.execute(
                STORE,
                {
                    "progress": progress,
                    "id": str(self._task.pk),
                    "fence": self._task.fence,
                    "message": text,
                    "data": json.dumps(self._estimate(percent, now)),
                    "metadata": json.dumps({"progress": progress}),
                    "tells": tells,
                },
            )

    def _estimate(self, percent: float, now: float) -> dict[str, float]:
        first_percent, began_at = self._first or (percent, now)
        left = estimate_left(first_percent=first_percent, percent=percent, elapsed_seconds=now - began_at)
        return {} if left is None else {"eta_seconds": round(left, 1)}
