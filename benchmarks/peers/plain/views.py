"""Creating a task with a Celery message after the commit, and listing by a ModelSerializer."""

from pathlib import Path
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from rest_framework import generics, serializers
from rest_framework.serializers import BaseSerializer

from filemill.processing import media
from filemill.tasks.models import TaskEventLog, TaskLog

QUEUE = "plain"


class TaskSerializer(serializers.ModelSerializer[TaskLog]):
    """A task, with the fields that the product's list shows."""

    file_path = serializers.CharField(write_only=True)

    class Meta:
        model = TaskLog
        fields = [
            *("id", "celery_task_id", "task_type", "status", "file_name", "file_size", "file_path", "progress"),
            *("error_message", "error_code", "retry_count", "max_retries", "tags", "metadata", "operation"),
            *("media_type", "created_at", "started_at", "completed_at"),
        ]
        read_only_fields = [
            *("celery_task_id", "status", "file_name", "file_size", "progress", "error_message", "error_code"),
            *("retry_count", "media_type", "operation", "created_at", "started_at", "completed_at"),
        ]

    def validate_file_path(self, value: str) -> str:
        """Refuse a path outside of the roots, and one where there is no file."""
        path = Path(value).resolve()
        if not path.is_file() or not any(path.is_relative_to(root) for root in settings.FILEMILL_ROOTS):
            raise serializers.ValidationError("There is no such file.")
        return str(path)

    def create(self, validated_data: dict[str, Any]) -> TaskLog:
        path = Path(validated_data["file_path"])
        with path.open("rb") as file:
            media_type = media.sniff(file.read(4096), path.name) or ""
        facts = {"file_name": path.name, "file_size": path.stat().st_size, "media_type": media_type, "source": {}}
        task: TaskLog = super().create({**validated_data, **facts, "operation": "image.transform"})
        TaskEventLog.objects.create(task=task, event_type="created", message="Created")
        return task


class TasksView(generics.ListCreateAPIView[TaskLog]):
    """The user's tasks, the newest first."""

    serializer_class = TaskSerializer

    def get_queryset(self) -> QuerySet[TaskLog]:
        return TaskLog.objects.filter(user_id=self.request.user.pk or 0).order_by("-created_at")

    def perform_create(self, serializer: BaseSerializer[TaskLog]) -> None:
        with transaction.atomic():
            task = serializer.save(user=self.request.user)
            transaction.on_commit(
                lambda: current_app.send_task(
                    "plain.process", args=[str(task.pk)], task_id=task.celery_task_id, queue=QUEUE
                )
            )
