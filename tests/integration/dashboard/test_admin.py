"""Django's admin over the tables of tasks."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from filemill.tasks.models import TaskLog
from filemill.tasks.statuses import Status
from tests.integration.dashboard.conftest import NewTask, complete, fail

TABLES = ["tasklog", "taskprogress", "taskeventlog", "batch", "workernode"]


def act(client: Client, action: str, *tasks: TaskLog) -> str:
    form = {"action": action, "_selected_action": [str(task.pk) for task in tasks]}
    return str(client.post("/admin/tasks/tasklog/", form, follow=True).content.decode())


def statuses(*tasks: TaskLog) -> list[str]:
    return [TaskLog.objects.get(pk=task.pk).status for task in tasks]


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_shown_and_searched(as_root: Client, new_task: NewTask, table: str) -> None:
    complete(new_task())
    assert as_root.get(f"/admin/tasks/{table}/").status_code == 200
    assert as_root.get(f"/admin/tasks/{table}/?q=photo").status_code == 200
    assert as_root.get(f"/admin/tasks/{table}/?q=%00").status_code == 200


@pytest.mark.parametrize("table", ["tasklog", "taskeventlog", "taskprogress"])
def test_a_whole_id_finds_its_task(as_root: Client, new_task: NewTask, table: str) -> None:
    task, other = new_task(file_name="wanted.jpg"), new_task(file_name="other.jpg")
    complete(task)
    complete(other)
    page = as_root.get(f"/admin/tasks/{table}/?q={task.pk}").content.decode()
    assert "wanted.jpg" in page
    assert "other.jpg" not in page


def test_the_events_of_a_task_are_a_click_away(as_root: Client, new_task: NewTask) -> None:
    task = new_task()
    fail(task)
    assert (
        f"/admin/tasks/taskeventlog/?task__id__exact={task.pk}"
        in as_root.get(f"/admin/tasks/tasklog/{task.pk}/change/").content.decode()
    )
    page = as_root.get(f"/admin/tasks/taskeventlog/?task__id__exact={task.pk}")
    assert "The file is cut short." in page.content.decode()


def test_nothing_can_be_edited_added_or_deleted(as_root: Client, new_task: NewTask) -> None:
    task = new_task()
    page = as_root.get(f"/admin/tasks/tasklog/{task.pk}/change/").content.decode()
    assert 'name="_save"' not in page
    assert "<select" not in page.split('id="content"')[1]
    assert as_root.post(f"/admin/tasks/tasklog/{task.pk}/change/", {"status": "completed"}).status_code == 403
    assert as_root.get("/admin/tasks/tasklog/add/").status_code == 403
    assert as_root.post(f"/admin/tasks/tasklog/{task.pk}/delete/", {"post": "yes"}).status_code == 403
    assert "delete_selected" not in as_root.get("/admin/tasks/tasklog/").content.decode()
    assert statuses(task) == [Status.PENDING]


def test_cancelling_goes_through_the_services_and_tells_what_was_refused(as_root: Client, new_task: NewTask) -> None:
    pending, done = new_task(), new_task(file_name="done.jpg")
    complete(done)
    page = act(as_root, "cancel_selected", pending, done)
    assert statuses(pending, done) == [Status.CANCELLED, Status.COMPLETED]
    assert "1 task cancelled." in page
    assert "1 task refused. done.jpg: The task is completed" in page
    assert pending.events.get(event_type="cancelled").metadata["by"] == "root"


def test_retrying_goes_through_the_services_and_tells_what_was_refused(as_root: Client, new_task: NewTask) -> None:
    failed, done = new_task(), new_task()
    fail(failed)
    complete(done)
    page = act(as_root, "retry_selected", failed, done)
    assert statuses(failed, done) == [Status.PENDING, Status.COMPLETED]
    assert "1 task put back to pending." in page
    assert "1 task refused." in page


def test_who_may_only_look_is_offered_no_move(new_task: NewTask) -> None:
    task = new_task()
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_tasklog"))
    client = Client()
    client.force_login(viewer)
    assert "cancel_selected" not in client.get("/admin/tasks/tasklog/").content.decode()
    act(client, "cancel_selected", task)
    assert statuses(task) == [Status.PENDING]


def test_a_long_list_takes_as_many_queries_as_a_short_one(
    as_root: Client, new_task: NewTask, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        fail(new_task())
    for table in ("tasklog", "taskeventlog", "taskprogress"):
        with django_assert_max_num_queries(6):
            as_root.get(f"/admin/tasks/{table}/")
