"""Of tasks that ended long ago the progress is forgotten, and what lay between begin and end; of others nothing is."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from filemill.tasks import pruning
from filemill.tasks.history import check, collect
from filemill.tasks.lifecycle import complete, fail, retry, start
from filemill.tasks.models import EventPruning, TaskEventLog, TaskLog, TaskProgress
from filemill.tasks.node import Worker
from filemill.tasks.overdue_moves import rescue
from filemill.tasks.transition import Ending
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


# --- events ---
def ended(new_task: NewTask, worker: Worker, *, days_ago: int) -> TaskLog:
    """Make a task that lost its worker, failed, was retried by a person, and completed so long ago."""
    task = start(new_task().pk, worker=worker)
    assert task is not None
    TaskEventLog.objects.create(task=task, event_type="progress", attempt=1, message="25 %")
    TaskLog.objects.filter(pk=task.pk).update(lease_until=Now() - timedelta(seconds=1))
    [lost] = rescue(1)
    again = start(lost.pk, worker=worker)
    assert again is not None
    failed = fail(again, ending=Ending(error_code="corrupt_file", message="It is cut short"))
    assert failed is not None
    assert retry(failed, by="alice", force=False) is not None
    return work(task, worker, days_ago=days_ago)


def work(task: TaskLog, worker: Worker, *, days_ago: int) -> TaskLog:
    """Complete a task, and let all of its story have happened so long ago."""
    last = start(task.pk, worker=worker)
    assert last is not None
    assert complete(last, result={"outputs": []}) is not None
    shift = timedelta(days=days_ago)
    TaskEventLog.objects.filter(task=task).update(created_at=F("created_at") - shift)
    times = ("created_at", "started_at", "completed_at", "finished_at")
    TaskLog.objects.filter(pk=task.pk).update(**{name: F(name) - shift for name in times})
    return TaskLog.objects.get(pk=task.pk)


def story_of(task: TaskLog) -> list[str]:
    return list(task.events.order_by("id").values_list("event_type", flat=True))


WHOLE = ["created", "started", "progress", "retried", "started", "failed", "retried", "started", "completed"]
PRUNED = ["created", "failed", "retried", "completed"]


@pytest.fixture
def _kept_for_30_days(settings: Any) -> None:
    settings.FILEMILL_EVENT_DAYS = 30


@pytest.mark.usefixtures("_kept_for_30_days")
def test_old_events_go_bite_by_bite_but_for_begins_and_ends(
    new_task: NewTask, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "BITE", 2)
    old, young = ended(new_task, worker, days_ago=31), ended(new_task, worker, days_ago=29)

    assert pruning.prune_events() == len(WHOLE) - len(PRUNED)
    assert (story_of(old), story_of(young)) == (PRUNED, WHOLE)
    assert old.attempts.count() == 3
    assert check(collect([old.pk, young.pk])) == []
    assert pruning.prune_events() == 0


def test_no_event_goes_by_default(new_task: NewTask, worker: Worker) -> None:
    old = ended(new_task, worker, days_ago=9999)

    assert pruning.prune_events() == 0
    assert story_of(old) == WHOLE
    assert not EventPruning.objects.exists()


@pytest.mark.usefixtures("_kept_for_30_days")
def test_of_a_task_that_goes_on_nothing_goes(new_task: NewTask, worker: Worker) -> None:
    old = ended(new_task, worker, days_ago=31)
    assert retry(old, by="alice", force=True) is not None

    assert pruning.prune_events() == 0
    assert story_of(old) == [*WHOLE, "retried"]


@pytest.mark.usefixtures("_kept_for_30_days")
def test_a_pruned_task_can_be_retried_and_has_to_tell_all_of_that(new_task: NewTask, worker: Worker) -> None:
    old = ended(new_task, worker, days_ago=31)
    pruning.prune_events()
    assert retry(old, by="alice", force=True) is not None
    last = start(old.pk, worker=worker)
    assert last is not None
    assert check(collect([old.pk])) == []
    assert complete(last, result={"outputs": []}) is not None

    assert story_of(old) == [*PRUNED, "retried", "started", "completed"]
    assert check(collect([old.pk])) == []
    TaskEventLog.objects.filter(task=old, event_type="started").delete()
    assert {violation.invariant for violation in check(collect([old.pk]))} == {"I7", "I10"}


@pytest.mark.usefixtures("_kept_for_30_days")
def test_the_database_goes_on_refusing_a_second_end(new_task: NewTask, worker: Worker) -> None:
    old = ended(new_task, worker, days_ago=31)
    pruning.prune_events()

    for generation in (1, 2):
        with pytest.raises(IntegrityError, match="one_terminal_event_per_generation"), transaction.atomic():
            TaskEventLog.objects.create(task=old, event_type="cancelled", generation=generation)


@pytest.mark.usefixtures("_kept_for_30_days")
def test_what_was_pruned_stays_no_violation_when_events_are_kept_for_longer(
    new_task: NewTask, worker: Worker, settings: Any
) -> None:
    old = ended(new_task, worker, days_ago=31)
    pruning.prune_events()
    for days in (365, 0):
        settings.FILEMILL_EVENT_DAYS = days
        pruning.prune_events()

        assert check(collect([old.pk])) == []


@pytest.mark.usefixtures("_kept_for_30_days")
def test_a_young_task_that_lost_an_event_is_still_found(new_task: NewTask, worker: Worker) -> None:
    young = ended(new_task, worker, days_ago=29)
    pruning.prune_events()
    TaskEventLog.objects.filter(task=young, event_type="started", attempt=3).delete()

    with pytest.raises(CommandError, match="Tasks looked at: 1; violations: "):
        call_command("verify_history", stdout=StringIO())


@pytest.mark.usefixtures("_kept_for_30_days")
def test_an_old_task_that_lost_its_begin_or_its_end_is_still_found(new_task: NewTask, worker: Worker) -> None:
    for kind in ("created", "failed", "completed"):
        old = ended(new_task, worker, days_ago=31)
        pruning.prune_events()
        TaskEventLog.objects.filter(task=old, event_type=kind).delete()

        assert check(collect([old.pk])) != [], kind
