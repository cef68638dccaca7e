"""Cancelling and retrying from a task's page."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from filemill.tasks.models import TaskLog
from filemill.tasks.statuses import Status
from tests.integration.dashboard.conftest import NewTask, complete, fail, start


def reload(task: TaskLog) -> TaskLog:
    return TaskLog.objects.get(pk=task.pk)


@pytest.mark.parametrize("is_started", [False, True])
def test_cancelling_ends_the_task_and_keeps_the_reason(as_alice: Client, new_task: NewTask, is_started: bool) -> None:
    task = start(new_task()) if is_started else new_task()
    page = as_alice.post(f"/tasks/{task.pk}/cancel/", {"reason": "wrong\0 file"}, follow=True)
    assert reload(task).status == Status.CANCELLED
    assert task.events.get(event_type="cancelled").metadata == {"reason": "wrong file", "by": "alice"}
    assert "Cancelled by alice: wrong file" in page.content.decode()


def test_cancelling_what_has_ended_is_refused_with_the_true_state(as_alice: Client, new_task: NewTask) -> None:
    task = new_task()
    complete(task)
    page = as_alice.post(f"/tasks/{task.pk}/cancel/", follow=True)
    assert "The task is completed and can&#x27;t be cancelled any more" in page.content.decode()
    assert reload(task).status == Status.COMPLETED


def test_a_failed_task_is_retried(as_alice: Client, new_task: NewTask) -> None:
    task = new_task()
    fail(task)
    assert ">Retry</button>" in as_alice.get(f"/tasks/{task.pk}/").content.decode()
    as_alice.post(f"/tasks/{task.pk}/retry/")
    assert reload(task).status == Status.PENDING


def test_a_completed_task_is_run_again_after_an_explanation(as_alice: Client, new_task: NewTask) -> None:
    task = new_task()
    complete(task)
    page = as_alice.get(f"/tasks/{task.pk}/").content.decode()
    assert ">Run again</button>" in page
    assert "replaces its outputs" in page
    assert 'name="force" value="true"' in page
    as_alice.post(f"/tasks/{task.pk}/retry/", {"force": "true"})
    assert reload(task).status == Status.PENDING


def test_beyond_the_limit_a_retry_needs_force_and_the_page_says_so(as_alice: Client, new_task: NewTask) -> None:
    task = new_task(max_retries=0)
    fail(task)
    page = as_alice.post(f"/tasks/{task.pk}/retry/", follow=True).content.decode()
    assert "as often as allowed" in page
    assert ">Retry anyway</button>" in page
    assert reload(task).status == Status.FAILED
    as_alice.post(f"/tasks/{task.pk}/retry/", {"force": "true"})
    assert reload(task).status == Status.PENDING


@pytest.mark.parametrize("move", ["cancel", "retry"])
def test_nobody_moves_anothers_task(as_bob: Client, new_task: NewTask, move: str) -> None:
    task = new_task()
    assert as_bob.post(f"/tasks/{task.pk}/{move}/").status_code == 404
    assert reload(task).status == Status.PENDING


@pytest.mark.parametrize("move", ["cancel", "retry"])
def test_a_move_takes_a_post_with_the_forms_own_token(alice: User, new_task: NewTask, move: str) -> None:
    task = new_task()
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.get(f"/tasks/{task.pk}/{move}/").status_code == 405
    assert client.post(f"/tasks/{task.pk}/{move}/").status_code == 403
    assert reload(task).status == Status.PENDING
