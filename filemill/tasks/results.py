"""The cache of finished tasks' results (contract D4)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.cache import cache

from filemill.tasks.models import TaskLog
from filemill.tasks.statuses import Status

TTL_SECONDS = 3600


def cache_key(task_id: UUID | str) -> str:
    return f"task:{task_id}"


def remember(tasks: Sequence[TaskLog]) -> None:
    """Put the results of completed tasks into the cache; a cache that is down costs speed, nothing else.

    A retry may have come since a task was read, and its `forget` may have come before this: so the rows are asked once
    more afterwards. Whichever is last then leaves nothing stale.
    """
    completed = {task.pk: task for task in tasks if task.status == Status.COMPLETED}
    if not completed:
        return
    cache.set_many({cache_key(pk): task.result for pk, task in completed.items()}, timeout=TTL_SECONDS)
    standing = TaskLog.objects.filter(pk__in=completed, status=Status.COMPLETED).values_list("pk", "fence")
    fences = dict(standing)
    for pk, task in completed.items():
        if fences.get(pk) != task.fence:
            forget(pk)


def forget(task_id: UUID | str) -> None:
    cache.delete(cache_key(task_id))


def read(task: TaskLog) -> dict[str, Any] | None:
    """Return a completed task's result through the cache; no other task has one.

    The row may have been read without its `result` (`defer("result")`), which is what makes the cache worth having.
    """
    if task.status != Status.COMPLETED:
        return None
    cached = cache.get(cache_key(task.pk))
    if cached is None:
        cached = task.result
        remember([task])
    return cached  # type: ignore[no-any-return]  # the cache is untyped; only `remember` writes these keys
