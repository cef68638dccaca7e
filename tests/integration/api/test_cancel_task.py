"""POST /api/tasks/{id}/cancel/ (contract H6)."""

import pytest

from filemill.tasks import lifecycle
from filemill.tasks.models import TaskEventLog, TaskLog
from filemill.tasks.node import Worker
from tests.integration.api.conftest import ApiClient, NewTask


def url(task: TaskLog) -> str:
    return f"/api/tasks/{task.pk}/cancel/"


def test_a_pending_task_is_cancelled_with_its_reason(as_alice: ApiClient, new_task: NewTask) -> None:
    task = new_task()
    answer = as_alice.post(url(task), {"reason": "wrong file"})
    assert (answer.status_code, answer.json()) == (200, {"status": "cancelled"})
    task.refresh_from_db()
    assert task.status == "cancelled"
    event = TaskEventLog.objects.get(task=task, event_type="cancelled")
    assert event.metadata == {"reason": "wrong file", "by": "alice"}


def test_a_processing_task_is_cancelled_too(as_alice: ApiClient, new_task: NewTask, worker: Worker) -> None:
    task = new_task()
    lifecycle.start(task.pk, worker=worker)
    assert as_alice.post(url(task), {}).status_code == 200
    task.refresh_from_db()
    assert task.status == "cancelled"


def test_no_reason_and_no_body_are_needed(as_alice: ApiClient, new_task: NewTask) -> None:
    assert as_alice.send("POST", url(new_task())).status_code == 200


@pytest.mark.parametrize("reason", ["a\0b", "🙂 ünïcode", "x" * 500])
def test_a_reason_may_hold_any_characters(as_alice: ApiClient, new_task: NewTask, reason: str) -> None:
    assert as_alice.post(url(new_task()), {"reason": reason}).status_code == 200


def test_a_finished_task_is_a_conflict_that_tells_its_status(as_alice: ApiClient, completed: TaskLog) -> None:
    answer = as_alice.post(url(completed), {})
    assert answer.status_code == 409
    body = answer.json()
    assert (body["code"], body["task_status"], body["status"]) == ("not_cancellable", "completed", 409)


@pytest.mark.parametrize("reason", [7, None, [], {}, "x" * 501, "\ud800"])
def test_a_reason_of_the_wrong_kind_is_refused(as_alice: ApiClient, new_task: NewTask, reason: object) -> None:
    task = new_task()
    answer = as_alice.post(url(task), {"reason": reason})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "reason")
    task.refresh_from_db()
    assert task.status == "pending"


def test_an_unknown_key_is_refused_by_its_name(as_alice: ApiClient, new_task: NewTask) -> None:
    answer = as_alice.post(url(new_task()), {"why": "x"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "why")
