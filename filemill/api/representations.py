"""What the endpoints answer: one model per body, which also is its place in the API's schema."""

from datetime import UTC, datetime
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from filemill.tasks.models import TaskLog
from filemill.tasks.statuses import EventType, Outcome, Status, TaskType
from filemill.tasks.waiting import WaitingCode

Row = TypeVar("Row")


class Representation(BaseModel):
    """A body made of a row's attributes; times come out as ISO 8601 in UTC, ending in Z."""

    model_config = ConfigDict(from_attributes=True)


class TaskSummary(Representation):
    """A task in a list."""

    id: UUID
    celery_task_id: str
    status: Status
    task_type: TaskType
    file_name: str = Field(examples=["photo.jpg"])
    file_size: int = Field(description="Bytes.", examples=[1048576])
    progress: int = Field(description="Per cent.", ge=0, le=100)
    tags: list[str]
    created_at: datetime
    completed_at: datetime | None


class Warned(Representation):
    """Something in `metadata` that is kept but has no effect."""

    code: str = Field(examples=["unknown_option"])
    option: str = Field(examples=["qualty"])
    message: str = Field(examples=["Unknown option 'qualty': did you mean 'quality'?"])
    nearest: str | None = Field(examples=["quality"])


class CreatedTask(TaskSummary):
    """A task that was just accepted."""

    warnings: list[Warned]


class OutputFile(Representation):
    """A file that a task made; width, height, duration and pages are there where they apply."""

    model_config = ConfigDict(from_attributes=True, extra="allow")

    name: str = Field(examples=["photo.webp"])
    media_type: str = Field(examples=["image/webp"])
    size: int = Field(description="Bytes.")
    sha256: str
    url: str = Field(description="Where to download it; takes Range requests, and `?inline=true` to show it.")


class OutputList(Representation):
    """The files that a task made."""

    results: list[OutputFile]


class TaskStep(Representation):
    """One step of a task's work."""

    id: str
    op: str = Field(examples=["image.resize"])
    use: list[str] = Field(description="What it works on.", examples=[["original"]])
    keep: bool = Field(description="Whether its outputs are the task's.")
    options: dict[str, Any]


class TaskInput(Representation):
    """A further file of a task."""

    file_name: str
    file_size: int = Field(description="Bytes.")
    media_type: str


class WaitingReason(Representation):
    """Why a task waits."""

    code: WaitingCode
    message: str = Field(examples=["The queue image was paused by anna: the storage is being moved."])


class TaskDetail(TaskSummary):
    """All of a task."""

    waiting_reason: WaitingReason | None = Field(description="Why it waits; null unless it is pending.")
    ahead: int | None = Field(
        description="How many are before it where it waits; null unless it is pending and due.", examples=[12]
    )
    ahead_exact: bool | None = Field(description="Whether that is all of them; more than 1,000 are not counted.")

    warnings: list[Warned]
    metadata: dict[str, Any]
    operation: str = Field(
        description="Its name; `pipeline` for steps of several operations.", examples=["image.transform"]
    )
    steps: list[TaskStep] = Field(description="Empty for a single operation.")
    inputs: list[TaskInput] = Field(description="The further files of operations that take several.")
    media_type: str = Field(description="What the file's content is.", examples=["image/jpeg"])
    result: dict[str, Any] | None = Field(
        description="What was found and made, once completed; `outputs` lists the files."
    )
    error_code: str | None = Field(description="Of the documented list; set exactly when failed.")
    error_message: str | None
    retry_count: int
    max_retries: int
    priority: int = Field(description="Higher ones go first among the user's own tasks.", ge=-10, le=10)
    run_at: datetime | None = Field(description="Not begun before this, as asked for.")
    expires_at: datetime | None = Field(description="Fails as `expired` if not begun by then, as asked for.")
    started_at: datetime | None
    finished_at: datetime | None = Field(description="Set in every final status.")
    cancelled_at: datetime | None
    is_cancellable: bool
    is_retryable: bool = Field(description="Whether a retry without `force` would be accepted.")
    elapsed_time: float = Field(description="Seconds from start to now or to the end; 0.0 while pending.")


class TaskEvent(Representation):
    """Something that happened to a task."""

    id: int
    event_type: EventType
    message: str
    metadata: dict[str, Any]
    generation: int = Field(description="Grows when a person retries.")
    attempt: int
    created_at: datetime


class Attempt(Representation):
    """One execution of a task, with the evidence it left."""

    number: int
    generation: int
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: Outcome | Literal[""] = Field(description="Empty while it runs.")
    error_code: str
    error_message: str
    evidence: dict[str, Any] = Field(
        description="Exit code or signal, peak memory, CPU seconds, the tool's last lines."
    )


class ProgressPoint(Representation):
    """The progress of a task at a moment."""

    id: int
    attempt: int
    progress: int = Field(ge=0, le=100)
    message: str
    data: dict[str, Any]
    created_at: datetime


class ProgressSummary(Representation):
    """How many tasks there are, by status."""

    pending: int
    processing: int
    completed: int
    failed: int
    cancelled: int
    total: int = Field(description="All of them.")


class RejectedPath(Representation):
    """A path of a bulk request that was not accepted."""

    index: int = Field(description="Its place in `file_paths`, from 0.")
    file_path: str
    code: str = Field(examples=["file_not_found"])
    message: str


class CreatedBatch(Representation):
    """A bulk request that was accepted, if not all of it."""

    id: UUID = Field(description="The batch's own, for `GET /api/batches/{id}/`.")
    url: str = Field(description="Where to look at the batch.")
    celery_task_id: str = Field(description="The batch's own; each of its files has another.")
    status: Literal["processing"]
    files_count: int = Field(description="How many files were accepted.")
    errors: list[RejectedPath]


class Cancelled(Representation):
    """The task will never complete."""

    status: Literal["cancelled"]


class Retrying(Representation):
    """The task is pending again."""

    status: Literal["retrying"]


class Page(Representation, Generic[Row]):
    """A page of a list."""

    count: int = Field(description="Exact, or beyond 10,000 possibly an estimate; `count_exact` says which.")
    count_exact: bool
    next: str | None
    previous: str | None
    results: list[Row]


class TaskPage(Page[TaskSummary]):
    """A page of tasks, the newest first."""

    next_cursor: str | None = Field(description="Send it as `cursor` for the tasks after these; null at the end.")


class BatchTaskPage(Page[TaskSummary]):
    """A page of a batch's tasks."""


class EventPage(Page[TaskEvent]):
    """A page of events, the oldest first."""


class AttemptPage(Page[Attempt]):
    """A page of attempts, the first first."""


class ProgressPage(Page[ProgressPoint]):
    """A page of the history of a task's progress, the oldest first."""


class FieldProblem(Representation):
    """What is wrong with one field."""

    field: str = Field(examples=["metadata.quality"])
    code: str = Field(examples=["invalid_value"])
    message: str
    valid: Any = Field(None, description="What would be right, where that can be said.")


class ProblemBody(Representation):
    """An error, as RFC 9457 describes it."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Bad Request"])
    status: int = Field(description="The HTTP status.", examples=[400])
    code: str = Field(description="Stable; made for programs.", examples=["invalid_value"])
    detail: str = Field(description="Made for people.")
    errors: list[FieldProblem]


class ConflictBody(ProblemBody):
    """The task's status does not allow it."""

    task_status: Status


def represent(model: type[Representation], row: object) -> dict[str, Any]:
    """Return a row as a body."""
    return model.model_validate(row).model_dump(mode="json", by_alias=True)


def list_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return a task of a list as `represent` would: what stands in the row is right, so nothing is checked again."""
    for name, value in row.items():
        if isinstance(value, datetime):
            row[name] = value.isoformat().removesuffix("+00:00") + "Z"
        elif isinstance(value, UUID):
            row[name] = str(value)
    return row


def elapsed_seconds(task: TaskLog) -> float:
    """Return how long a task has run or ran; 0.0 while it is pending or if it never started."""
    if task.status == Status.PENDING or task.started_at is None:
        return 0.0
    until = task.finished_at or datetime.now(UTC)
    return max(0.0, (until - task.started_at).total_seconds())
