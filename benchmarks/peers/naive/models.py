"""A task, its history of progress, and its audit trail."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class Job(models.Model):
    """One file to process."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="naive_jobs")
    celery_task_id = models.CharField(max_length=64, blank=True, db_index=True)
    task_type = models.CharField(max_length=16)
    status = models.CharField(max_length=16, default="pending", db_index=True)
    file_name = models.CharField(max_length=255)
    file_path = models.TextField()
    file_size = models.BigIntegerField()
    progress = models.PositiveSmallIntegerField(default=0)
    metadata = models.JSONField(default=dict)
    result = models.JSONField(null=True)
    error_message = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["Job"]] = models.Manager()

    class Meta:
        app_label = "naive"

    def __str__(self) -> str:
        return f"{self.file_name} ({self.status})"

    def start(self, celery_task_id: str) -> None:
        self.status, self.started_at, self.celery_task_id = "processing", timezone.now(), celery_task_id
        self.save(update_fields=["status", "started_at", "celery_task_id"])
        self.tell("started", "Processing started")

    def reach(self, progress: int, message: str) -> None:
        self.progress = progress
        self.save(update_fields=["progress"])
        JobProgress.objects.create(job=self, progress=progress, message=message)

    def complete(self, result: dict[str, Any]) -> None:
        self.status, self.completed_at, self.progress, self.result = "completed", timezone.now(), 100, result
        self.save(update_fields=["status", "completed_at", "progress", "result"])
        JobProgress.objects.create(job=self, progress=100, message="Completed")
        self.tell("completed", "Processing completed")

    def fail(self, message: str) -> None:
        self.status, self.error_message = "failed", message
        self.save(update_fields=["status", "error_message"])
        self.tell("failed", message)

    def tell(self, event_type: str, message: str) -> None:
        JobEvent.objects.create(job=self, event_type=event_type, message=message)


class JobProgress(models.Model):
    """How far a job was, and when."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="progress_history")
    progress = models.PositiveSmallIntegerField()
    message = models.CharField(max_length=255)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager["JobProgress"]] = models.Manager()

    class Meta:
        app_label = "naive"

    def __str__(self) -> str:
        return f"{self.progress} %"


class JobEvent(models.Model):
    """What happened to a job."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="events")
    event_type = models.CharField(max_length=16)
    message = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager["JobEvent"]] = models.Manager()

    class Meta:
        app_label = "naive"

    def __str__(self) -> str:
        return f"{self.event_type}: {self.message}"
