"""Why a pending task waits, and how many are before it; the choice and the count read their indexes alone."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from filemill.tasks import dispatch, waiting
from filemill.tasks.lifecycle import start
from filemill.tasks.models import Batch, QueuePause, TaskLog, WorkerNode
from filemill.tasks.node import Worker
from filemill.tasks.statuses import TaskType
from filemill.tasks.waiting import Waiting
from tests.integration.tasks.conftest import NewTask

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_worker(db: None) -> None:
    WorkerNode.objects.create(id=uuid4(), name="mill:1", concurrency=2)


def in_an_hour() -> datetime:
    return timezone.now() + timedelta(hours=1)


def explain(task: TaskLog) -> Waiting:
    found = waiting.explain(TaskLog.objects.get(pk=task.pk))
    assert found is not None
    return found


def code_of(task: TaskLog) -> str:
    return explain(task).reason.code


def test_the_first_waits_to_be_sent_and_others_behind_it(new_task: NewTask) -> None:
    first, second, urgent = new_task(), new_task(), new_task(priority=1, task_type="document")

    assert (code_of(urgent), explain(urgent).ahead) == ("to_be_sent", 0)
    assert explain(first).ahead == 1
    assert (explain(second).reason.message, explain(second).ahead_exact) == ("2 are before it.", True)


def test_a_sent_task_counts_what_was_sent_before_it_by_anybody(bob: User, new_task: NewTask) -> None:
    first, second = new_task(user=bob), new_task()
    TaskLog.objects.filter(pk=first.pk).update(published_at=Now() - timedelta(seconds=1))
    TaskLog.objects.filter(pk=second.pk).update(published_at=Now())

    assert (code_of(first), explain(first).ahead) == ("next", 0)
    assert explain(second).ahead == 1


def test_a_file_of_a_batch_counts_those_before_it_in_the_batch(alice: User, new_task: NewTask) -> None:
    batch = Batch.objects.create(user=alice, task_type="image", files_count=3)
    files = [new_task(batch=batch, batch_index=index, lane="slice") for index in range(3)]
    assert [explain(file).ahead for file in files] == [0, 1, 2]


def test_times_are_told(new_task: NewTask) -> None:
    scheduled, failed = new_task(run_at=in_an_hour()), new_task()
    TaskLog.objects.filter(pk=failed.pk).update(run_after=in_an_hour(), retry_count=1)

    assert (code_of(scheduled), explain(scheduled).ahead) == ("run_at", None)
    assert code_of(failed) == "retry_at"


def test_limits_are_told_with_their_figures(new_task: NewTask, worker: Worker, settings: Any) -> None:
    start(new_task().pk, worker=worker)
    waits = new_task()
    settings.FILEMILL_TYPE_CONCURRENCY = {"image": 1}
    assert explain(waits).reason.message.startswith("1 of 1 image tasks are at work")
    settings.FILEMILL_USER_CONCURRENCY = 1
    assert explain(waits).reason.message.startswith("alice has 1 of 1 tasks at work")


def test_a_pause_is_told_before_all_else_and_a_lack_of_workers_as_well(new_task: NewTask) -> None:
    task = new_task()
    WorkerNode.objects.update(seen_at=Now() - timedelta(minutes=1))
    assert code_of(task) == "no_worker"
    QueuePause.objects.create(queue="image", paused_by="sven", reason="the storage is being moved")
    assert explain(task).reason.message == "The queue image was paused by sven: the storage is being moved."


def test_what_does_not_wait_has_no_reason(new_task: NewTask, worker: Worker) -> None:
    task = start(new_task().pk, worker=worker)
    assert task is not None
    assert waiting.explain(task) is None


@pytest.fixture
def backlog(alice: User, new_task: NewTask) -> TaskLog:
    """A backlog of 20,000 tasks, and the last of them."""
    one = new_task()
    columns = [str(field.column) for field in TaskLog._meta.concrete_fields]
    columns = [column for column in columns if column not in {"id", "celery_task_id"}]
    changed = {"turn_at": "turn_at + n * interval '1 ms'"}
    values = ", ".join(changed.get(column, column) for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO tasks_tasklog (id, celery_task_id, {', '.join(columns)}) "
            f"SELECT gen_random_uuid(), gen_random_uuid()::text, {values} "
            "FROM tasks_tasklog, generate_series(1, 20000) AS n WHERE id = %s",
            [one.pk],
        )
        cursor.execute("ANALYZE tasks_tasklog")
    return TaskLog.objects.order_by("-turn_at")[0]


def scans(statement: str, given: dict[str, Any]) -> dict[str, float]:
    """Return how many rows each index gave, and fail where the table was read without one."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", given)
        found = cursor.fetchone()[0]
    plans = [(json.loads(found) if isinstance(found, str) else found)[0]["Plan"]]
    read: dict[str, float] = {}
    while plans:
        plan = plans.pop()
        plans += plan.get("Plans", [])
        if plan.get("Relation Name") == "tasks_tasklog":
            assert plan["Node Type"] != "Seq Scan", plan
        if "Index Name" in plan:
            rows = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
            read[plan["Index Name"]] = read.get(plan["Index Name"], 0) + rows
    return read


def test_the_choice_reads_a_window_of_a_long_backlog(alice: User, backlog: TaskLog) -> None:
    read = scans(dispatch.write_choice(), dispatch.choice(alice.pk, "interactive"))
    assert 0 < read["task_backlog"] <= 3 * 16


def test_the_count_of_those_before_stops_at_its_bound(backlog: TaskLog) -> None:
    found = explain(backlog)
    assert (found.ahead, found.ahead_exact) == (1000, False)
    assert found.reason.message == "More than 1000 are before it."

    read = scans(*waiting.place_in_line(backlog))
    # EXPLAIN rounds the rows of each of the loops, one for each type.
    assert read["task_backlog"] <= 1001 + len(TaskType.values)
