"""What goes in and comes out."""

from pathlib import Path
from typing import Any

from rest_framework import serializers

from benchmarks.peers.naive.models import Job


def check_path(value: str) -> None:
    """Refuse a file that is not there."""
    if not Path(value).is_file():
        raise serializers.ValidationError(f"There is no file {value}.")


class JobSerializer(serializers.ModelSerializer[Job]):
    """A job; the client says its file, its type and its metadata."""

    file_path = serializers.CharField(validators=[check_path])

    class Meta:
        model = Job
        fields = "__all__"
        read_only_fields = [
            *("user", "celery_task_id", "status", "file_name", "file_size", "progress", "result", "error_message"),
            *("started_at", "completed_at"),
        ]

    def create(self, validated_data: dict[str, Any]) -> Job:
        path = Path(validated_data["file_path"])
        job: Job = super().create({**validated_data, "file_name": path.name, "file_size": path.stat().st_size})
        job.tell("created", "Created")
        return job


class BulkSerializer(serializers.Serializer[Any]):
    """Many files of one type."""

    file_paths = serializers.ListField(child=serializers.CharField(validators=[check_path]), max_length=100_000)
    task_type = serializers.CharField(max_length=16)
    metadata = serializers.JSONField(default=dict)
