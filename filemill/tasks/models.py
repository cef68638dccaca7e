"""The tables that hold the truth about every task. `lifecycle` alone writes `status`."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Now

from filemill.tasks.count_models import TaskCount, TaskCountChange
from filemill.tasks.ids import celery_id, uuid7
from filemill.tasks.querysets import BatchQuerySet, TaskQuerySet
from filemill.tasks.service_models import CageDeath, EventPruning, IdempotencyKey, QueuePause, SweepTurn, WorkerNode
from filemill.tasks.statuses import ACTIVE, TERMINAL, TERMINAL_EVENTS, EventType, Lane, Outcome, Status, TaskType

__all__ = [
    "Batch",
    "CageDeath",
    "EventPruning",
    "IdempotencyKey",
    "QueuePause",
    "SweepTurn",
    "TaskAttempt",
    "TaskCount",
    "TaskCountChange",
    "TaskEventLog",
    "TaskLog",
    "TaskProgress",
    "WorkerNode",
]
PRUNABLE = Q(event_type__in=(EventType.STARTED, EventType.PROGRESS)) | Q(
    event_type=EventType.RETRIED, metadata__automatic=True
)
"""The events between the begin of a generation and its end."""
OF_EVERYONE = Q(max_retries__gte=0)
"""True of every task: the index of everyone's newest tasks is open only to who says so. Else the planner takes it for
the list of one user who has many tasks, and passes by all that others have handed in since."""
UPLOAD_PREFIX = "upload:"
"""How the file_path of an uploaded file begins; its id follows."""


MOST_URGENT = 10
"""Priorities go from -10 to 10, 0 is usual, and higher ones go first."""


class Batch(models.Model):
    """One bulk_create: many files of one user with the same type and metadata."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    celery_task_id = models.CharField(max_length=64, unique=True, default=celery_id)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="batches", db_index=False)
    task_type = models.CharField(max_length=16, choices=TaskType.choices)
    parallel = models.BooleanField(default=True)
    priority = models.SmallIntegerField(default=0, db_default=0)
    files_count = models.PositiveIntegerField()
    slices_sent_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    """While it is set no slice claims a file of it; a retry of its failed files sets it back."""
    created_at = models.DateTimeField(db_default=Now())

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "batches"
        indexes: ClassVar = [models.Index(fields=["user", "-created_at", "-id"], name="batch_user_newest")]

    def __str__(self) -> str:
        return f"{self.files_count} {self.task_type} files"


REQUESTED = ("metadata", "source", "options", "steps", "inputs", "warnings")
"""What was asked for: columns that can be long, and that a list does not show."""


class TaskLog(models.Model):
    """One request to process one file (contract D1)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    celery_task_id = models.CharField(max_length=64, unique=True, default=celery_id)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tasks", db_index=False)
    task_type = models.CharField(max_length=16, choices=TaskType.choices, db_index=True)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PENDING, db_index=True)
    file_name = models.CharField(max_length=255)
    file_size = models.BigIntegerField()
    file_path = models.TextField()
    source = models.JSONField()
    media_type = models.CharField(max_length=100)
    progress = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(100)])
    result = models.JSONField(null=True, blank=True)
    error_message = models.TextField(null=True, blank=True)  # noqa: DJ001  null is the contract's "no error"
    error_code = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001
    retry_count = models.PositiveIntegerField(default=0)
    max_retries = models.PositiveIntegerField(default=3)
    tags = ArrayField(models.CharField(max_length=128), default=list, blank=True, size=10)
    metadata = models.JSONField(default=dict, blank=True)
    options = models.JSONField(default=dict, blank=True)
    operation = models.CharField(max_length=64)
    # The defaults stand in the database as well: while an upgrade rolls out, older processes still insert rows.
    steps = models.JSONField(default=list, db_default=Value([], models.JSONField()), blank=True)
    """Empty for a single operation, whose options stand in `options`."""
    inputs = models.JSONField(default=list, db_default=Value([], models.JSONField()), blank=True)
    """The further files of operations that take several: each its source, name, size and media type."""
    warnings = models.JSONField(default=list, blank=True)
    priority = models.SmallIntegerField(default=0, db_default=0)
    run_at = models.DateTimeField(null=True, blank=True)
    """Not before this, as asked for; `run_after` is what the next claim heeds."""
    expires_at = models.DateTimeField(null=True, blank=True)
    """Not started later than this, as asked for; `deadline_at` is what holds."""

    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    attempt = models.PositiveIntegerField(default=0)
    fence = models.BigIntegerField(default=0)
    generation = models.PositiveIntegerField(default=1)
    failures = models.PositiveIntegerField(default=0)
    cage_deaths = models.PositiveIntegerField(default=0)
    lease_owner = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    run_after = models.DateTimeField(null=True, blank=True)
    deadline_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    turn_at = models.DateTimeField(db_default=Now())
    """Its place among its user's tasks: when it could be worked on, earlier or later by its priority."""
    lane = models.CharField(max_length=16, choices=Lane.choices, default=Lane.INTERACTIVE)
    needed_bytes = models.BigIntegerField(null=True, blank=True)
    """Set while it waits for capacity of a machine: the memory that it was foreseen to take."""
    needed_seconds = models.FloatField(null=True, blank=True)
    batch = models.ForeignKey(
        Batch, null=True, blank=True, on_delete=models.CASCADE, related_name="tasks", db_index=False
    )
    batch_index = models.PositiveIntegerField(null=True, blank=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        verbose_name = "task"
        indexes: ClassVar = [
            models.Index(fields=["status", "created_at"], name="task_status_created"),
            models.Index(fields=["user", "status"], name="task_user_status"),
            models.Index(fields=["user", "-created_at", "-id"], name="task_user_newest"),
            models.Index(fields=["user", "status", "-created_at", "-id"], name="task_user_status_newest"),
            models.Index(fields=["user", "task_type", "-created_at", "-id"], name="task_user_type_newest"),
            models.Index(fields=["-created_at", "-id"], name="task_newest_of_all", condition=OF_EVERYONE),
            models.Index(
                fields=["user", "lane", "task_type", "turn_at", "id"],
                name="task_backlog",
                condition=Q(status=Status.PENDING, published_at=None, run_after=None),
            ),
            models.Index(
                fields=["user", "lane", "run_after"],
                name="task_scheduled",
                condition=Q(status=Status.PENDING, published_at=None, run_after__isnull=False),
            ),
            models.Index(
                fields=["turn_at"],
                name="task_waits_for_capacity",
                condition=Q(status=Status.PENDING, published_at=None, needed_bytes__isnull=False),
            ),
            models.Index(
                fields=["published_at"],
                name="task_sent",
                include=["user", "lane"],
                condition=Q(status=Status.PENDING, published_at__isnull=False),
            ),
            models.Index(
                fields=["user", "lane", "task_type"],
                name="task_in_flight",
                condition=Q(status=Status.PROCESSING) | Q(status=Status.PENDING, published_at__isnull=False),
            ),
            models.Index(fields=["lease_until"], name="task_lease", condition=Q(status=Status.PROCESSING)),
            models.Index(fields=["deadline_at"], name="task_deadline", condition=Q(status=Status.PENDING)),
            models.Index(
                fields=["batch", "batch_index"], name="task_batch_active", condition=Q(status__in=sorted(ACTIVE))
            ),
            models.Index(
                fields=["batch", "status", "finished_at"], name="task_batch_status", condition=Q(batch__isnull=False)
            ),
            models.Index(fields=["file_path"], name="task_upload", condition=Q(file_path__startswith=UPLOAD_PREFIX)),
            GinIndex(fields=["tags"], name="task_tags"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(name="task_status_known", condition=Q(status__in=Status.values)),
            models.CheckConstraint(
                name="task_priority_in_range", condition=Q(priority__gte=-MOST_URGENT, priority__lte=MOST_URGENT)
            ),
            models.CheckConstraint(name="task_progress_in_range", condition=Q(progress__gte=0, progress__lte=100)),
            models.CheckConstraint(
                name="task_completed_at_exactly_when_completed",
                condition=Q(status=Status.COMPLETED, completed_at__isnull=False, progress=100)
                | (~Q(status=Status.COMPLETED) & Q(completed_at=None)),
            ),
            models.CheckConstraint(
                name="task_cancelled_at_exactly_when_cancelled",
                condition=Q(status=Status.CANCELLED, cancelled_at__isnull=False)
                | (~Q(status=Status.CANCELLED) & Q(cancelled_at=None)),
            ),
            models.CheckConstraint(
                name="task_finished_at_exactly_when_terminal",
                condition=Q(status__in=sorted(TERMINAL), finished_at__isnull=False)
                | Q(status__in=sorted(ACTIVE), finished_at=None),
            ),
            models.CheckConstraint(
                name="task_leased_exactly_when_processing",
                condition=Q(status=Status.PROCESSING, lease_until__isnull=False, lease_owner__isnull=False)
                | (~Q(status=Status.PROCESSING) & Q(lease_until=None, lease_owner=None)),
            ),
            models.CheckConstraint(
                name="task_error_code_exactly_when_failed",
                condition=Q(status=Status.FAILED, error_code__isnull=False)
                | (~Q(status=Status.FAILED) & Q(error_code=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.status})"

    @property
    def is_cancellable(self) -> bool:
        return self.status in ACTIVE

    @property
    def is_retryable(self) -> bool:
        """Whether a retry without `force` would be accepted."""
        return self.status in {Status.FAILED, Status.CANCELLED} and self.retry_count < self.max_retries

    @property
    def outputs(self) -> list[dict[str, Any]]:
        return list((self.result or {}).get("outputs", []))


class TaskAttempt(models.Model):
    """One execution of a task by one worker, with the evidence it left."""

    task = models.ForeignKey(TaskLog, on_delete=models.CASCADE, related_name="attempts", db_index=False)
    number = models.PositiveIntegerField()
    generation = models.PositiveIntegerField()
    fence = models.BigIntegerField()
    worker = models.CharField(max_length=255)
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, blank=True, default="")
    error_code = models.CharField(max_length=64, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    evidence = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["task", "number"], name="attempt_number_once")]

    def __str__(self) -> str:
        return f"attempt {self.number}: {self.outcome or 'running'}"


class TaskProgress(models.Model):
    """The history of a task's progress (contract D2)."""

    task = models.ForeignKey(TaskLog, on_delete=models.CASCADE, related_name="progress_history")
    attempt = models.PositiveIntegerField(default=0)
    progress = models.PositiveSmallIntegerField(validators=[MaxValueValidator(100)])
    message = models.CharField(max_length=255, blank=True, default="")
    data = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        verbose_name_plural = "task progress"

    def __str__(self) -> str:
        return f"{self.progress} %"


class TaskEventLog(models.Model):
    """The audit trail: what happened to a task, written in the transaction that made it happen (contract D3)."""

    task = models.ForeignKey(TaskLog, on_delete=models.CASCADE, related_name="events")
    event_type = models.CharField(max_length=16, choices=EventType.choices)
    generation = models.PositiveIntegerField(default=1)
    attempt = models.PositiveIntegerField(default=0)
    message = models.TextField(blank=True, default="")
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        verbose_name = "task event"
        indexes: ClassVar = [models.Index(fields=["created_at"], name="event_prunable", condition=PRUNABLE)]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["task", "generation"],
                name="one_terminal_event_per_generation",
                condition=Q(event_type__in=TERMINAL_EVENTS),
            )
        ]

    def __str__(self) -> str:
        return f"{self.event_type}: {self.message}"
