"""How far batches are: counts by status, how fast files end, and when the last one may."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Count

from filemill.tasks.models import Batch, TaskLog
from filemill.tasks.statuses import Status

RECENT_SECONDS: Final = 300
RECENT_FILES: Final = 500
"""The recent past: so many files at most, and none that ended longer ago."""

# The index of batch, status and time of end answers this by its last few hundred entries.
RECENT = """
    WITH ends AS (
        (SELECT finished_at FROM tasks_tasklog WHERE batch_id = %(batch)s AND status = 'completed'
           AND finished_at > statement_timestamp() - %(seconds)s * interval '1 second'
         ORDER BY finished_at DESC LIMIT %(files)s)
        UNION ALL
        (SELECT finished_at FROM tasks_tasklog WHERE batch_id = %(batch)s AND status = 'failed'
           AND finished_at > statement_timestamp() - %(seconds)s * interval '1 second'
         ORDER BY finished_at DESC LIMIT %(files)s)
    ), recent AS (SELECT finished_at FROM ends ORDER BY finished_at DESC LIMIT %(files)s)
    SELECT count(*), extract(epoch FROM statement_timestamp() - min(finished_at)) FROM recent"""


@dataclass(frozen=True, kw_only=True)
class BatchProgress:
    """How far a batch is."""

    counts: dict[Status, int] = field(default_factory=dict)
    throughput: float | None = None
    """Files per second that ended in the recent past; None while that can't be said."""

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def remaining(self) -> int:
        return self.counts.get(Status.PENDING, 0) + self.counts.get(Status.PROCESSING, 0)

    @property
    def is_active(self) -> bool:
        return self.remaining > 0

    @property
    def percent(self) -> int:
        """How many files of a hundred have ended, whatever their end; 100 only when all have."""
        return 100 * (self.total - self.remaining) // self.total if self.total else 100

    @property
    def eta_seconds(self) -> float | None:
        """How long the rest takes at the pace of the recent past; None while there is none, 0 at the end."""
        if not self.is_active:
            return 0.0
        return self.remaining / self.throughput if self.throughput else None


def read_progress(batch: Batch) -> BatchProgress:
    """Return how far a batch is, and how fast it goes while it does."""
    [counted] = count_tasks([batch.pk]).values()
    if not counted.is_active:
        return counted
    return BatchProgress(counts=counted.counts, throughput=_measure_throughput(batch.pk))


def count_tasks(batch_ids: Collection[UUID]) -> dict[UUID, BatchProgress]:
    """Count the tasks of batches by status; the index of batch and status answers alone."""
    counts: dict[UUID, dict[Status, int]] = {batch_id: {} for batch_id in batch_ids}
    rows = TaskLog.objects.filter(batch__in=batch_ids).order_by().values_list("batch_id", "status")
    for batch_id, status, count in rows.annotate(count=Count("*")):
        counts[batch_id][Status(status)] = count
    return {batch_id: BatchProgress(counts=found) for batch_id, found in counts.items()}


def _measure_throughput(batch_id: UUID) -> float | None:
    with connection.cursor() as cursor:
        cursor.execute(RECENT, {"batch": str(batch_id), "seconds": RECENT_SECONDS, "files": RECENT_FILES})
        ended, seconds = cursor.fetchone()
    # The first of them began the span, so it is not among those that ended within it.
    return (ended - 1) / float(seconds) if ended > 1 and seconds else None
