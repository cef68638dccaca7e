"""Rows that the integration tests begin with."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User

from filemill.tasks import lifecycle
from filemill.tasks.models import TaskLog

NewTask = Callable[..., TaskLog]


def task_maker(owner: User) -> NewTask:
    """Return a maker of pending tasks with their `created` event, the owner's unless told otherwise."""

    def make(**given: Any) -> TaskLog:
        facts: dict[str, Any] = {
            "user": owner,
            "task_type": "image",
            "file_name": "photo.jpg",
            "file_size": 1000,
            "file_path": "/inbox/photo.jpg",
            "source": {"kind": "path", "path": "photo.jpg"},
            "media_type": "image/jpeg",
            "operation": "image.transform",
        }
        task = TaskLog(**{**facts, **given})
        lifecycle.create([task])
        return TaskLog.objects.get(pk=task.pk)

    return make
