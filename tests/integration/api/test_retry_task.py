"""POST /api/tasks/{id}/retry/ (contract H7)."""

import pytest

from filemill.tasks.models import TaskEventLog, TaskLog
from tests.integration.api.conftest import ApiClient, NewTask


def url(task: TaskLog) -> str:
    return f"/api/tasks/{task.pk}/retry/"


def test_a_failed_task_is_pending_again_and_keeps_its_story(as_alice: ApiClient, failed: TaskLog) -> None:
    answer = as_alice.post(url(failed), {"force": False})
    assert (answer.status_code, answer.json()) == (200, {"status": "retrying"})
    failed.refresh_from_db()
    assert (failed.status, failed.retry_count, failed.error_code) == ("pending", 1, None)
    told = TaskEventLog.objects.filter(task=failed).order_by("id").values_list("event_type", flat=True)
    assert list(told) == ["created", "started", "failed", "retried"]


def test_no_body_is_needed(as_alice: ApiClient, failed: TaskLog) -> None:
    assert as_alice.send("POST", url(failed)).status_code == 200


def test_a_task_that_was_retried_often_enough_needs_force(as_alice: ApiClient, failed: TaskLog) -> None:
    TaskLog.objects.filter(pk=failed.pk).update(retry_count=3)
    answer = as_alice.post(url(failed), {})
    assert (answer.status_code, answer.json()["code"]) == (409, "retry_limit_reached")
    assert as_alice.post(url(failed), {"force": True}).status_code == 200


def test_a_completed_task_needs_force_and_then_shows_no_old_result(as_alice: ApiClient, completed: TaskLog) -> None:
    assert as_alice.get(f"/api/tasks/{completed.pk}/").json()["result"] is not None
    assert as_alice.post(url(completed), {}).json()["task_status"] == "completed"
    assert as_alice.post(url(completed), {"force": True}).status_code == 200
    assert as_alice.get(f"/api/tasks/{completed.pk}/").json()["result"] is None


def test_a_pending_task_is_a_conflict_that_tells_its_status(as_alice: ApiClient, new_task: NewTask) -> None:
    answer = as_alice.post(url(new_task()), {"force": True})
    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["task_status"]) == ("not_retryable", "pending")


@pytest.mark.parametrize("force", ["true", 1, None, [], {}])
def test_a_force_that_is_not_true_or_false_is_refused(as_alice: ApiClient, failed: TaskLog, force: object) -> None:
    answer = as_alice.post(url(failed), {"force": force})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "force")
