"""GET /api/tasks/{id}/events/, attempts/, progress_history/ and outputs/."""

import pytest

from filemill.tasks.models import TaskLog, TaskProgress
from tests.integration.api.conftest import ApiClient, NewTask


def test_events_tell_the_story_from_its_beginning(as_alice: ApiClient, failed: TaskLog) -> None:
    page = as_alice.get(f"/api/tasks/{failed.pk}/events/").json()
    assert [event["event_type"] for event in page["results"]] == ["created", "started", "failed"]
    assert page["results"][2]["metadata"] == {"error_code": "corrupt_file"}
    assert all(event["created_at"].endswith("Z") for event in page["results"])


def test_attempts_show_what_they_left(as_alice: ApiClient, failed: TaskLog) -> None:
    [attempt] = as_alice.get(f"/api/tasks/{failed.pk}/attempts/").json()["results"]
    assert (attempt["number"], attempt["worker"], attempt["outcome"]) == (1, "mill:1/2", "failed")
    assert (attempt["error_code"], attempt["error_message"]) == ("corrupt_file", "The file is cut short")
    assert attempt["ended_at"].endswith("Z")


def test_the_progress_of_a_task_is_kept_with_its_times(as_alice: ApiClient, completed: TaskLog) -> None:
    [point] = as_alice.get(f"/api/tasks/{completed.pk}/progress_history/").json()["results"]
    assert (point["progress"], point["attempt"]) == (100, 1)


def test_a_long_story_comes_in_pages(as_alice: ApiClient, new_task: NewTask) -> None:
    task = new_task()
    TaskProgress.objects.bulk_create(TaskProgress(task=task, progress=percent) for percent in range(50))
    first = as_alice.get(f"/api/tasks/{task.pk}/progress_history/").json()
    assert (first["count"], len(first["results"]), first["results"][0]["progress"]) == (50, 20, 0)
    second = as_alice.get(first["next"]).json()
    assert second["results"][0]["progress"] == 20


def test_outputs_are_listed_with_their_addresses(as_alice: ApiClient, completed: TaskLog) -> None:
    [output] = as_alice.get(f"/api/tasks/{completed.pk}/outputs/").json()["results"]
    assert output["url"].endswith(f"/api/tasks/{completed.pk}/outputs/photo.webp")


def test_a_task_that_has_not_ended_has_no_outputs(as_alice: ApiClient, new_task: NewTask) -> None:
    assert as_alice.get(f"/api/tasks/{new_task().pk}/outputs/").json() == {"results": []}


def test_an_output_that_there_is_not_is_a_404(as_alice: ApiClient, completed: TaskLog) -> None:
    for name in ("nothing.webp", "%00", "%2E%2E", "photo.webp%00"):
        answer = as_alice.get(f"/api/tasks/{completed.pk}/outputs/{name}")
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("part", ["events", "attempts", "progress_history"])
def test_a_bad_page_is_refused_naming_its_parameter(as_alice: ApiClient, completed: TaskLog, part: str) -> None:
    answer = as_alice.get(f"/api/tasks/{completed.pk}/{part}/", {"page": "9"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "page")
