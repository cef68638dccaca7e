"""The tables beside the tasks: workers, turns, prunings, pauses of queues, keys of requests, deaths of the cage."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class WorkerNode(models.Model):
    """A running worker, as it last reported itself."""

    id = models.UUIDField(primary_key=True, editable=False)
    name = models.CharField(max_length=255)
    concurrency = models.PositiveIntegerField(default=1)
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now(), db_index=True)

    def __str__(self) -> str:
        return self.name


class SweepTurn(models.Model):
    """When the last round of the sweeper began: the one row that a process moves on to take the next round."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    began_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.began_at}"


class EventPruning(models.Model):
    """How far events were pruned: who checks histories has to know it, whatever the settings say by then."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    until = models.DateTimeField()
    """Generations that ended before may lack the events between their begin and their end."""

    def __str__(self) -> str:
        return f"{self.until}"


class IdempotencyKey(models.Model):
    """A client's key for a request that must not be done twice, and what it was answered."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key


class QueuePause(models.Model):
    """A queue out of which nothing is sent or begun until somebody resumes it; tasks go on being created."""

    queue = models.CharField(max_length=16, primary_key=True)
    paused_by = models.CharField(max_length=150)
    reason = models.CharField(max_length=500, blank=True, default="")
    since = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.queue}, paused by {self.paused_by}"


class CageDeath(models.Model):
    """A file, by its content, in whose run the cage died."""

    file_size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    version = models.CharField(max_length=32)
    task = models.ForeignKey("tasks.TaskLog", on_delete=models.CASCADE, related_name="+")
    attempt = models.PositiveIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes: ClassVar = [models.Index(fields=["file_size", "sha256"], name="cage_death_content")]

    def __str__(self) -> str:
        return f"attempt {self.attempt} on {self.sha256[:12]}"
