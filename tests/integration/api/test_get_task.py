"""GET /api/tasks/{id}/ (contract H5, D4)."""

from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from filemill.tasks import lifecycle, results
from filemill.tasks.models import TaskLog
from filemill.tasks.node import Worker
from tests.integration.api.conftest import ApiClient, NewTask

FIELDS = {
    *("id", "celery_task_id", "status", "progress", "file_name", "file_size", "error_message", "retry_count"),
    *("created_at", "started_at", "completed_at", "is_cancellable", "is_retryable", "elapsed_time"),
    *("task_type", "result", "metadata", "error_code", "tags", "warnings", "finished_at"),
}


def look(client: ApiClient, task: TaskLog) -> dict[str, Any]:
    answer = client.get(f"/api/tasks/{task.pk}/")
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    assert body.keys() >= FIELDS
    return body


def test_a_pending_task_has_not_begun(as_alice: ApiClient, new_task: NewTask) -> None:
    body = look(as_alice, new_task(metadata={"quality": "high"}, tags=["sea"]))
    assert (body["status"], body["progress"], body["elapsed_time"]) == ("pending", 0, 0.0)
    assert isinstance(body["elapsed_time"], float)
    assert body["error_message"] is body["error_code"] is body["result"] is body["started_at"] is None
    assert (body["is_cancellable"], body["is_retryable"]) == (True, False)
    assert (body["metadata"], body["tags"], body["warnings"]) == ({"quality": "high"}, ["sea"], [])


def test_a_processing_task_is_timed_until_now(as_alice: ApiClient, new_task: NewTask, worker: Worker) -> None:
    task = new_task()
    lifecycle.start(task.pk, worker=worker)
    body = look(as_alice, task)
    assert body["status"] == "processing"
    assert body["started_at"].endswith("Z")
    assert 0.0 <= body["elapsed_time"] < look(as_alice, task)["elapsed_time"]


def test_a_completed_task_shows_its_result_and_where_its_outputs_are(as_alice: ApiClient, completed: TaskLog) -> None:
    body = look(as_alice, completed)
    assert (body["status"], body["progress"], body["result"]["format"]) == ("completed", 100, "webp")
    [output] = body["result"]["outputs"]
    assert output["url"] == f"http://testserver/api/tasks/{completed.pk}/outputs/photo.webp"
    assert (output["name"], output["size"], output["width"]) == ("photo.webp", 4, 2)
    assert body["completed_at"] == body["finished_at"]
    assert body["elapsed_time"] == look(as_alice, completed)["elapsed_time"]
    assert (body["is_cancellable"], body["is_retryable"]) == (False, False)


def test_a_failed_task_says_why(as_alice: ApiClient, failed: TaskLog) -> None:
    body = look(as_alice, failed)
    assert (body["status"], body["error_code"]) == ("failed", "corrupt_file")
    assert body["error_message"] == "The file is cut short"
    assert body["completed_at"] is None
    assert body["finished_at"].endswith("Z")
    assert body["is_retryable"] is True


def test_a_result_is_read_through_the_cache(as_alice: ApiClient, completed: TaskLog) -> None:
    look(as_alice, completed)
    with CaptureQueriesContext(connection) as queries:
        look(as_alice, completed)
    assert not any('"result"' in query["sql"] for query in queries)
    cache.set(results.cache_key(completed.pk), {"format": "from the cache", "outputs": []})
    assert look(as_alice, completed)["result"]["format"] == "from the cache"
    results.forget(completed.pk)
    assert look(as_alice, completed)["result"]["format"] == "webp"


def test_staff_may_look_at_anybodys_task(as_sven: ApiClient, new_task: NewTask) -> None:
    look(as_sven, new_task())


@pytest.mark.parametrize(
    "name", ["not-a-uuid", "1", "01890000-0000-7000-8000-00000000000", "%00", "%FF", "..%2F", "a" * 3000]
)
def test_an_id_that_can_not_be_is_a_404(as_alice: ApiClient, name: str) -> None:
    answer = as_alice.get(f"/api/tasks/{name}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_an_id_that_nobody_has_is_a_404(as_alice: ApiClient) -> None:
    answer = as_alice.get("/api/tasks/01890000-0000-7000-8000-000000000000/")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
