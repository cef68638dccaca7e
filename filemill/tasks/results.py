"""The cache of finished tasks' results (contract D4)."""

from typing import Any
from uuid import UUID

from django.core.cache import cache

from filemill.tasks.models import TaskLog
from filemill.tasks.statuses import TERMINAL

TTL_SECONDS = 3600


def cache_key(task_id: UUID | str) -> str:
    return f"task:{task_id}"


def remember(task: TaskLog) -> None:
    """Put the result of a finished task into the cache; a cache that is down costs speed, nothing else."""
    cache.set(cache_key(task.pk), task.result, timeout=TTL_SECONDS)


def forget(task_id: UUID | str) -> None:
    cache.delete(cache_key(task_id))


def read(task: TaskLog) -> dict[str, Any] | None:
    """Return a task's result through the cache.

    The row may have been read without its `result` (`defer("result")`), which is what makes the cache worth having.
    """
    if task.status not in TERMINAL:
        return None
    cached = cache.get(cache_key(task.pk))
    if cached is None:
        cached = task.result
        remember(task)
    return cached  # type: ignore[no-any-return]  # the cache is untyped; only `remember` writes these keys
