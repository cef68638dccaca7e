"""How many tasks each user has: kept by triggers of the database, so that nobody has to count rows."""

from typing import ClassVar

from django.db import models


class TaskCount(models.Model):
    """How many tasks of a user have a status and a type, but for the changes that are not folded in yet."""

    # No foreign key: tasks that go with their user are counted down after the user's row is gone.
    user_id = models.BigIntegerField()
    status = models.CharField(max_length=16)
    task_type = models.CharField(max_length=16)
    count = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user_id", "status", "task_type"], name="task_count_once")
        ]

    def __str__(self) -> str:
        return f"{self.count} {self.status} {self.task_type} tasks"


class TaskCountChange(models.Model):
    """By how much a statement changed a count; only added, so that no two transactions wait for each other."""

    user_id = models.BigIntegerField()
    status = models.CharField(max_length=16)
    task_type = models.CharField(max_length=16)
    change = models.IntegerField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["user_id"], name="task_count_change_user")]

    def __str__(self) -> str:
        return f"{self.change:+} {self.status} {self.task_type} tasks"
