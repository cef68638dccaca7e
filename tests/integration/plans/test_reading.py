"""What people read costs what they are shown, however long the tables are: each statement goes by its own index."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from filemill.api.cursors import write_cursor
from filemill.tasks import waiting
from filemill.tasks.history import check, collect
from filemill.tasks.models import Batch, TaskLog
from filemill.tasks.statuses import Status, TaskType
from filemill.tasks.waiting import MOST_COUNTED
from tests.integration.api.conftest import ApiClient
from tests.integration.plans.conftest import FILES, QUEUES, TABLES
from tests.integration.plans.explained import Reading, watch

pytestmark = pytest.mark.django_db

ADDRESS = "/api/tasks/"
PAGE = 20
FOUND = PAGE + 1
"""One row more than is shown tells whether there is a next page."""
COUNTS = len(TaskType) * len(Status)


def read(user: User, address: str, **query: Any) -> tuple[Any, Reading]:
    client = ApiClient(user)
    with watch() as reading:
        answer = client.get(address, query)
    assert answer.status_code == 200, answer.content
    return answer.json(), reading


def test_page_1_is_read_past_what_others_have_handed_in_since(alice: User) -> None:
    page, reading = read(alice, ADDRESS)

    assert len(page["results"]) == PAGE
    assert reading.of(*TABLES) == {"task_user_newest": FOUND, "task_count_once": COUNTS}


def test_without_its_index_page_1_would_be_read_in_another_way(alice: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX task_user_newest")
    _, reading = read(alice, ADDRESS)

    assert sum(reading.of("tasks_tasklog").values()) > 1000


def test_a_page_after_a_cursor_is_read_from_there_on(alice: User) -> None:
    last = TaskLog.objects.filter(user=alice).newest_first()[12_000]
    page, reading = read(alice, ADDRESS, cursor=write_cursor(last.created_at, last.pk))

    assert len(page["results"]) == PAGE
    assert reading.of(*TABLES) == {"task_user_newest": FOUND, "task_count_once": COUNTS}


def test_a_page_of_everyone_s_tasks_has_an_index_of_its_own(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    page, reading = read(User.objects.get(pk=alice.pk), ADDRESS, all=True)

    assert len(page["results"]) == PAGE
    assert reading.of("tasks_tasklog") == {"task_newest_of_all": FOUND}


@pytest.mark.parametrize(
    ("narrowed", "index"),
    [({"status": "failed"}, "task_user_status_newest"), ({"task_type": "document"}, "task_user_type_newest")],
)
def test_a_page_of_a_status_or_of_a_type_has_an_index_of_its_own(
    alice: User, narrowed: dict[str, str], index: str
) -> None:
    page, reading = read(alice, ADDRESS, **narrowed)

    assert len(page["results"]) == PAGE
    assert reading.of("tasks_tasklog") == {index: FOUND}


def test_a_page_of_a_status_and_a_type_passes_over_a_few_of_other_types(alice: User) -> None:
    page, reading = read(alice, ADDRESS, status="failed", task_type="image")

    assert len(page["results"]) == PAGE
    assert set(reading.of("tasks_tasklog")) == {"task_user_status_newest"}
    assert reading.rows["task_user_status_newest"] <= 3 * PAGE


def test_the_summary_is_read_from_the_counts_alone(alice: User) -> None:
    _, reading = read(alice, f"{ADDRESS}progress/")

    assert reading.of(*TABLES) == {"task_count_once": COUNTS}


def test_one_task_is_found_by_its_key(alice: User) -> None:
    task = TaskLog.objects.filter(user=alice, status="completed").newest_first()[5_000]
    _, reading = read(alice, f"{ADDRESS}{task.pk}/")

    assert set(reading.of(*TABLES)) == {"tasks_tasklog_pkey"}
    assert reading.rows["tasks_tasklog_pkey"] <= 3  # its parts, as they are needed


@pytest.mark.parametrize(
    ("what", "index"),
    [
        ("events", "tasks_taskeventlog_task_id"),
        ("attempts", "attempt_number_once"),
        ("progress_history", "tasks_taskprogress_task_id"),
    ],
)
def test_what_hangs_on_a_task_is_found_by_the_task(alice: User, what: str, index: str) -> None:
    task = TaskLog.objects.filter(user=alice, status="completed").newest_first()[0]
    page, reading = read(alice, f"{ADDRESS}{task.pk}/{what}/")

    assert page["results"]
    [(name, rows)] = reading.of("tasks_taskeventlog", "tasks_taskattempt", "tasks_taskprogress").items()
    assert name.startswith(index)
    assert rows == len(page["results"])


def test_a_list_of_batches_reads_its_page_and_counts_the_user_s(alice: User) -> None:
    page, reading = read(alice, "/api/batches/")

    assert len(page["results"]) == PAGE
    assert reading.of("tasks_batch") == {"batch_user_newest": FOUND + page["count"]}


def test_a_batch_is_counted_in_one_index_without_the_table(long_batch: Batch) -> None:
    answer, reading = read(long_batch.user, f"/api/batches/{long_batch.pk}/")

    assert answer["total"] == FILES + 1
    assert set(reading.of("tasks_tasklog")) == {"task_batch_status"}
    assert reading.rows["task_batch_status"] <= FILES + 1 + 500  # the recent ends tell the pace
    assert "Index Only Scan" in next(plan for plan in reading.plans if "task_batch_status" in plan)


@pytest.mark.parametrize(
    ("status", "index"),
    [
        (None, "task_user_newest"),
        (Status.PENDING, "task_batch_active"),
        (Status.COMPLETED, "task_batch_status"),
    ],
)
def test_a_page_of_a_batch_is_read_in_the_order_of_an_index(
    long_batch: Batch, status: Status | None, index: str
) -> None:
    with watch() as reading:
        assert len(TaskLog.objects.of_batch(long_batch, status)[:FOUND]) == FOUND

    assert set(reading.of(*TABLES)) == {index}
    assert reading.rows[index] <= FOUND + 1  # two that ended in one moment are told apart


def test_a_waiting_task_counts_who_is_before_it_up_to_a_bound(bob: User) -> None:
    last = TaskLog.objects.filter(user=bob, run_after=None).order_by("-turn_at")[0]
    answer, reading = read(bob, f"{ADDRESS}{last.pk}/")

    assert (answer["ahead"], answer["ahead_exact"]) == (MOST_COUNTED, False)
    assert reading.rows["task_backlog"] <= len(TaskType) * (MOST_COUNTED + 1)
    assert set(reading.of("tasks_tasklog")) <= {"tasks_tasklog_pkey", "task_backlog", *QUEUES}


def test_a_sent_task_counts_who_was_sent_before_it_up_to_a_bound(alice: User) -> None:
    last = TaskLog.objects.filter(published_at__isnull=False, status=Status.PENDING).order_by("-published_at")[0]
    with watch() as reading:
        waiting.explain(last)

    assert reading.rows["task_sent"] <= MOST_COUNTED + 1
    assert set(reading.of("tasks_tasklog")) <= QUEUES


def test_a_file_of_a_batch_counts_those_before_it_up_to_a_bound(long_batch: Batch) -> None:
    last = TaskLog.objects.filter(batch=long_batch).order_by("-batch_index")[0]
    with watch() as reading:
        waiting.explain(last)

    assert reading.rows["task_batch_active"] <= MOST_COUNTED + 1
    assert set(reading.of("tasks_tasklog")) <= {"task_batch_active", *QUEUES}


def test_what_was_filled_in_could_be_the_service_s_own(alice: User) -> None:
    one_in_fifty = TaskLog.objects.filter(user=alice, finished_at__isnull=False).newest_first()[::50]

    assert check(collect([task.pk for task in one_in_fifty])) == []
