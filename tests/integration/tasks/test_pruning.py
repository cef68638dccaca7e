"""The progress of tasks that ended long ago is forgotten; that of others, and what is told of their lives, is not."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from filemill.tasks import pruning
from filemill.tasks.history import check, collect
from filemill.tasks.lifecycle import complete, start
from filemill.tasks.models import TaskProgress
from filemill.tasks.node import Worker
from tests.integration.tasks.conftest import NewTask

pytestmark = pytest.mark.django_db


def reach(new_task: NewTask, worker: Worker, *, days_ago: int, ends: bool) -> Any:
    """Make a task that told of its progress so long ago."""
    task = start(new_task().pk, worker=worker)
    assert task is not None
    TaskProgress.objects.create(task=task, attempt=1, progress=50)
    if ends:
        assert complete(task, result={"outputs": []}) is not None
    TaskProgress.objects.filter(task=task).update(created_at=Now() - timedelta(days=days_ago))
    return task


def kept() -> set[Any]:
    return set(TaskProgress.objects.values_list("task_id", flat=True))


def test_old_progress_of_ended_tasks_goes_bite_by_bite(
    new_task: NewTask, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "BITE", 2)
    old = [reach(new_task, worker, days_ago=91, ends=True) for _ in range(3)]
    recent = reach(new_task, worker, days_ago=89, ends=True)
    at_work = reach(new_task, worker, days_ago=91, ends=False)

    assert pruning.prune_progress() == 6  # of each its own line, and the last one
    assert kept() == {recent.pk, at_work.pk}
    assert check(collect([task.pk for task in (*old, recent, at_work)])) == []
    assert pruning.prune_progress() == 0


def test_nothing_goes_where_it_is_kept_for_ever(new_task: NewTask, worker: Worker, settings: Any) -> None:
    settings.FILEMILL_PROGRESS_DAYS = 0
    task = reach(new_task, worker, days_ago=9999, ends=True)
    assert pruning.prune_progress() == 0
    assert kept() == {task.pk}
