"""What the endpoints of batches take and answer."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field
from rest_framework.request import Request
from rest_framework.reverse import reverse

from filemill.api.representations import Page, Representation, represent
from filemill.api.requests import RetryTask
from filemill.tasks.batch_progress import BatchProgress
from filemill.tasks.models import Batch
from filemill.tasks.statuses import Status, TaskType


class BatchSummary(Representation):
    """A batch in a list."""

    id: UUID
    celery_task_id: str = Field(description="The batch's own; each of its tasks has another.")
    url: str
    status: Literal["processing", "finished"] = Field(description="`finished` once every task has ended, however.")
    task_type: TaskType
    parallel: bool
    files_count: int = Field(description="How many files were accepted.")
    total: int
    pending: int
    processing: int
    completed: int
    failed: int
    cancelled: int
    progress: int = Field(description="How many tasks of a hundred have ended.", ge=0, le=100)
    created_at: datetime
    cancelled_at: datetime | None = Field(description="When a person cancelled it as a whole.")


class BatchDetail(BatchSummary):
    """A batch, with its pace."""

    throughput: float | None = Field(
        description="Files per second that ended in the recent past; null when that can't be said."
    )
    eta_seconds: float | None = Field(
        description="How long the rest takes at that pace, 0 at the end; null when that can't be said."
    )


class BatchPage(Page[BatchSummary]):
    """A page of batches, the newest first."""


class BatchCancelled(Representation):
    """None of the batch's tasks will complete any more."""

    status: Literal["cancelled"]
    cancelled: int = Field(description="How many tasks this request ended.")
    completed: int = Field(description="How many had completed before.")
    failed: int = Field(description="How many had failed before.")


class BatchRetrying(Representation):
    """The failed tasks of the batch are pending again."""

    status: Literal["retrying"]
    retried: int = Field(description="How many tasks run again.")
    left: int = Field(description="How many were retried as often as allowed; `force` takes them as well.")


class RetryFailed(RetryTask):
    """How the failed tasks of a batch are run again."""


class TaskStatusQuery(BaseModel):
    """Which tasks of a batch."""

    status: Status | None = Field(None, json_schema_extra={"x-valid": f"one of {', '.join(Status.values)}"})


def represent_batch(batch: Batch, progress: BatchProgress, request: Request) -> dict[str, object]:
    """Return a batch as a list shows it."""
    return represent(BatchSummary, _facts(batch, progress, request))


def represent_batch_detail(batch: Batch, progress: BatchProgress, request: Request) -> dict[str, object]:
    """Return all of a batch."""
    pace = {"throughput": _round(progress.throughput), "eta_seconds": _round(progress.eta_seconds)}
    return represent(BatchDetail, {**_facts(batch, progress, request), **pace})


def url_of(batch: Batch, request: Request) -> str:
    return reverse("api:batch", kwargs={"batch_id": batch.pk}, request=request)


def _facts(batch: Batch, progress: BatchProgress, request: Request) -> dict[str, object]:
    counts = {status.value: progress.counts.get(status, 0) for status in Status}
    own = ("id", "celery_task_id", "task_type", "parallel", "files_count", "created_at", "cancelled_at")
    return {
        **{name: getattr(batch, name) for name in own},
        **counts,
        "url": url_of(batch, request),
        "status": "processing" if progress.is_active else "finished",
        "total": progress.total,
        "progress": progress.percent,
    }


def _round(number: float | None) -> float | None:
    return None if number is None else round(number, 3)
