"""GET /api/tasks/ (contract H2, H3)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from filemill.api import pagination
from filemill.tasks.models import TaskLog
from tests.integration.api.conftest import ApiClient, NewTask

URL = "/api/tasks/"


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [task["file_name"] for task in answer.json()["results"]]


def test_an_empty_list_is_a_page_of_nothing(as_alice: ApiClient) -> None:
    assert as_alice.get(URL).json() == {
        "count": 0,
        "count_exact": True,
        "next": None,
        "previous": None,
        "next_cursor": None,
        "results": [],
    }


def test_a_task_in_the_list_has_the_promised_fields(as_alice: ApiClient, new_task: NewTask) -> None:
    task = new_task(tags=["holiday"])
    [found] = as_alice.get(URL).json()["results"]
    assert found == {
        "id": str(task.pk),
        "celery_task_id": task.celery_task_id,
        "status": "pending",
        "task_type": "image",
        "file_name": "photo.jpg",
        "file_size": 1000,
        "progress": 0,
        "tags": ["holiday"],
        "created_at": task.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "completed_at": None,
    }


def test_the_newest_task_comes_first(as_alice: ApiClient, new_task: NewTask) -> None:
    for name in ("first.jpg", "second.jpg", "third.jpg"):
        new_task(file_name=name)
    assert names(as_alice.get(URL)) == ["third.jpg", "second.jpg", "first.jpg"]


def test_a_list_holds_ones_own_tasks_only(as_bob: ApiClient, new_task: NewTask, bob: User) -> None:
    new_task(file_name="alices.jpg")
    new_task(file_name="bobs.jpg", user=bob)
    assert names(as_bob.get(URL)) == ["bobs.jpg"]
    assert names(as_bob.get(URL, {"all": "true"})) == ["bobs.jpg"]


def test_staff_see_everyones_tasks_when_they_ask(as_sven: ApiClient, new_task: NewTask) -> None:
    new_task()
    assert names(as_sven.get(URL)) == []
    assert names(as_sven.get(URL, {"all": "true"})) == ["photo.jpg"]


def test_pages_lead_to_each_other(as_alice: ApiClient, new_task: NewTask) -> None:
    for number in range(5):
        new_task(file_name=f"{number}.jpg")
    first = as_alice.get(URL, {"page_size": 2, "task_type": "image"})
    assert names(first) == ["4.jpg", "3.jpg"]
    assert (first.json()["count"], first.json()["previous"]) == (5, None)
    second = as_alice.get(first.json()["next"])
    assert names(second) == ["2.jpg", "1.jpg"]
    assert names(as_alice.get(second.json()["previous"])) == ["4.jpg", "3.jpg"]
    last = as_alice.get(second.json()["next"])
    assert names(last) == ["0.jpg"]
    assert (last.json()["count"], last.json()["next"]) == (5, None)


def test_a_page_holds_twenty_unless_told(as_alice: ApiClient, new_task: NewTask) -> None:
    for _ in range(21):
        new_task()
    assert len(as_alice.get(URL).json()["results"]) == 20
    assert len(as_alice.get(URL, {"page_size": 200}).json()["results"]) == 21


def test_beyond_its_limit_the_count_is_an_estimate_and_says_so(
    as_alice: ApiClient, new_task: NewTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(6):
        new_task()
    monkeypatch.setattr(pagination, "EXACT_LIMIT", 4)
    page = as_alice.get(URL, {"page_size": 2, "search": "photo"}).json()
    assert page["count_exact"] is False
    assert page["count"] >= 5


@pytest.mark.parametrize("narrowed", [{}, {"status": "pending"}, {"task_type": "image"}])
def test_without_search_tag_or_days_the_count_is_exact_at_any_length(
    as_alice: ApiClient, new_task: NewTask, monkeypatch: pytest.MonkeyPatch, narrowed: dict[str, str]
) -> None:
    for _ in range(6):
        new_task()
    new_task(task_type="video")
    monkeypatch.setattr(pagination, "EXACT_LIMIT", 4)
    page = as_alice.get(URL, {"page_size": 2, **narrowed}).json()
    assert (page["count"], page["count_exact"]) == (6 if "task_type" in narrowed else 7, True)


def test_the_number_of_queries_does_not_grow_with_the_page(as_alice: ApiClient, new_task: NewTask) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            as_alice.get(URL)
        return len(queries)

    new_task()
    with_one = count()
    for _ in range(10):
        new_task()
    assert count() == with_one <= 2


@pytest.mark.parametrize("status", ["pending", "processing", "completed", "failed", "cancelled"])
def test_a_status_narrows_the_list(as_alice: ApiClient, completed: TaskLog, status: str) -> None:
    assert len(names(as_alice.get(URL, {"status": status}))) == (status == "completed")


def test_a_task_type_narrows_the_list(as_alice: ApiClient, new_task: NewTask) -> None:
    new_task()
    new_task(task_type="video", file_name="film.mp4")
    assert names(as_alice.get(URL, {"task_type": "video"})) == ["film.mp4"]


def test_days_narrow_the_list_and_the_last_one_counts_whole(as_alice: ApiClient, new_task: NewTask) -> None:
    for name, moment in {
        "before.jpg": datetime(2023, 12, 31, 23, 59, 59, 999999, UTC),
        "first.jpg": datetime(2024, 1, 1, tzinfo=UTC),
        "last.jpg": datetime(2024, 1, 31, 23, 59, 59, 999999, UTC),
        "after.jpg": datetime(2024, 2, 1, tzinfo=UTC),
    }.items():
        TaskLog.objects.filter(pk=new_task(file_name=name).pk).update(created_at=moment)
    assert names(as_alice.get(URL, {"from_date": "2024-01-01", "to_date": "2024-01-31"})) == ["last.jpg", "first.jpg"]


def test_a_search_looks_for_a_part_of_the_name_in_any_case(as_alice: ApiClient, new_task: NewTask) -> None:
    new_task(file_name="Summer_100%.jpg")
    new_task(file_name="winter.jpg")
    assert names(as_alice.get(URL, {"search": "summer"})) == ["Summer_100%.jpg"]
    assert names(as_alice.get(URL, {"search": "0%"})) == ["Summer_100%.jpg"]


def test_a_tag_narrows_the_list(as_alice: ApiClient, new_task: NewTask) -> None:
    new_task(file_name="tagged.jpg", tags=["holiday", "sea"])
    new_task()
    assert names(as_alice.get(URL, {"tag": "sea"})) == ["tagged.jpg"]
    assert names(as_alice.get(URL, {"tag": "se"})) == []


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("status", "finished"),
        ("task_type", "audio"),
        ("from_date", "yesterday"),
        ("from_date", "2024-02-30"),
        ("from_date", "1700000000"),
        ("to_date", "9999-12-31"),
        ("to_date", "20240101"),
        ("search", "a\0b"),
        ("search", "a" * 256),
        ("tag", "\0"),
        ("page", "0"),
        ("page", "-1"),
        ("page", "two"),
        ("page", "2"),
        ("page", "9" * 400),
        ("page_size", "0"),
        ("page_size", "201"),
        ("page_size", "many"),
        ("all", "perhaps"),
    ],
)
def test_a_bad_value_is_refused_naming_its_parameter(as_alice: ApiClient, parameter: str, value: str) -> None:
    answer = as_alice.get(URL, {parameter: value})
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [parameter]
    assert parameter in answer.json()["detail"]


def test_all_bad_values_are_named_at_once(as_alice: ApiClient) -> None:
    problem = as_alice.get(URL, {"status": "x", "task_type": "y"}).json()
    assert [error["field"] for error in problem["errors"]] == ["status", "task_type"]


def test_parameters_that_the_list_does_not_know_are_left_alone(as_alice: ApiClient, new_task: NewTask) -> None:
    new_task()
    assert names(as_alice.get(URL, {"utm_source": "mail", "format": "xml"})) == ["photo.jpg"]


def test_an_empty_value_is_as_good_as_none(as_alice: ApiClient, new_task: NewTask) -> None:
    new_task()
    assert names(as_alice.get(URL, {"status": "", "page": ""})) == ["photo.jpg"]


def test_the_plans_estimate_is_a_number(db: None) -> None:
    assert pagination.estimate_rows(TaskLog.objects.all()) >= 0
