"""`?cursor=`: a list read from page to page while tasks come in."""

from typing import Any

import pytest
from django.db import connection

from filemill.api.cursors import write_cursor
from filemill.tasks.models import TaskLog
from tests.integration.api.conftest import ApiClient, NewTask, problem_of

URL = "/api/tasks/"


def names(page: dict[str, Any]) -> list[str]:
    return [task["file_name"] for task in page["results"]]


def test_no_task_is_seen_twice_or_missed_while_tasks_come_in(as_alice: ApiClient, new_task: NewTask) -> None:
    for number in range(5):
        new_task(file_name=f"{number}.jpg")
    TaskLog.objects.update(created_at=TaskLog.objects.newest_first()[0].created_at)  # as those of a batch
    expected = list(TaskLog.objects.newest_first().values_list("file_name", flat=True))
    page = as_alice.get(URL, {"page_size": 2}).json()
    seen = names(page)
    while page["next_cursor"]:
        new_task(file_name="late.jpg")
        page = as_alice.get(URL, {"page_size": 2, "cursor": page["next_cursor"]}).json()
        seen += names(page)
    assert seen == expected
    assert page["next"] is None


def test_next_leads_on_with_the_filter(as_alice: ApiClient, new_task: NewTask) -> None:
    for number in range(3):
        new_task(file_name=f"{number}.jpg")
        new_task(task_type="video")
    first = as_alice.get(URL, {"page_size": 1, "task_type": "image"}).json()
    second = as_alice.get(URL, {"page_size": 1, "task_type": "image", "cursor": first["next_cursor"]}).json()
    third = as_alice.get(second["next"]).json()
    assert names(first) + names(second) + names(third) == ["2.jpg", "1.jpg", "0.jpg"]
    assert (third["count"], third["count_exact"], third["next"]) == (3, True, None)


@pytest.mark.parametrize("cursor", ["x", "AAAA", "%00", "=" * 32, "a" * 65, "ä", "_" * 32])
def test_a_bad_cursor_is_refused(as_alice: ApiClient, cursor: str) -> None:
    problem = problem_of(as_alice.get(URL, {"cursor": cursor}))
    assert [error["field"] for error in problem["errors"]] == ["cursor"]


def test_a_cursor_and_a_page_can_not_both_be_meant(as_alice: ApiClient, new_task: NewTask) -> None:
    task = new_task()
    problem = problem_of(as_alice.get(URL, {"cursor": write_cursor(task.created_at, task.pk), "page": 2}))
    assert [error["field"] for error in problem["errors"]] == ["page"]


@pytest.mark.parametrize("narrowed", [{}, {"status": "completed"}, {"task_type": "image"}])
def test_a_page_is_read_from_an_index_alone_in_its_order(completed: TaskLog, narrowed: dict[str, str]) -> None:
    """Ten million rows are read as ten: nothing is scanned whole, and nothing sorted."""
    owner = TaskLog.objects.filter(user=completed.user_id).order_by()
    page = owner.filter(**narrowed).older_than(completed.created_at, completed.pk).newest_first()[:21]
    with connection.cursor() as cursor:
        # A table of one row is read whole in any case; the question is what the indexes allow.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
    plan = page.explain()
    assert "Index" in plan
    for dear in ("Seq Scan", "Sort"):
        assert dear not in plan
    assert "ROW(created_at, id) <" in plan.split("Index Cond:")[1].split("\n")[0]
