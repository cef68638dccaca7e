"""The queues' endpoints and command: for staff alone, and a resumed queue sends at once."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from filemill.tasks import broker
from filemill.tasks.models import QueuePause, TaskLog
from tests.integration.api.conftest import ApiClient, NewTask, problem_of

URL = "/api/queues/"


def test_staff_pause_a_queue_and_its_tasks_say_so(as_sven: ApiClient, as_alice: ApiClient, photo: Path) -> None:
    answer = as_sven.post(f"{URL}image/pause/", {"reason": "the storage is being moved"})
    assert answer.status_code == 200
    assert (answer.json()["is_paused"], answer.json()["paused_by"]) == (True, "sven")

    created = as_alice.post("/api/tasks/create_task/", {"file_path": str(photo), "task_type": "image"})
    assert created.status_code == 201
    shown = as_alice.get(f"/api/tasks/{created.json()['id']}/").json()
    assert shown["waiting_reason"]["code"] == "queue_paused"
    assert "the storage is being moved" in shown["waiting_reason"]["message"]
    assert (shown["ahead"], shown["ahead_exact"]) == (0, True)
    assert TaskLog.objects.get().published_at is None


@pytest.mark.django_db(transaction=True)
def test_a_resumed_queue_sends_what_waited(
    as_sven: ApiClient, new_task: NewTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    def record(messages: object) -> int:
        taken = [message.row_id for message in messages]  # type: ignore[attr-defined]
        sent.extend(taken)
        return len(taken)

    monkeypatch.setattr(broker, "send", record)
    task = new_task()
    as_sven.post(f"{URL}interactive/pause/")
    assert as_sven.post(f"{URL}interactive/resume/").json()["is_paused"] is False
    assert sent == [str(task.pk)]
    assert not QueuePause.objects.exists()


def test_only_staff_see_and_pause_queues(as_alice: ApiClient) -> None:
    problem_of(as_alice.get(URL), 403)
    problem_of(as_alice.post(f"{URL}image/pause/"), 403)
    problem_of(as_alice.post(f"{URL}image/resume/"), 403)
    assert not QueuePause.objects.exists()


def test_all_queues_are_listed_and_others_are_not_found(as_sven: ApiClient) -> None:
    assert {found["queue"] for found in as_sven.get(URL).json()["results"]} == {
        *("interactive", "bulk", "image", "video", "document")
    }
    problem_of(as_sven.post(f"{URL}pictures/pause/"), 404)


@pytest.mark.django_db
def test_the_command_pauses_lists_and_resumes() -> None:
    out = StringIO()
    call_command("queue", "pause", "video", "--reason", "night only", stdout=out)
    assert "night only" in out.getvalue()
    assert QueuePause.objects.get().queue == "video"
    call_command("queue", "resume", "video", stdout=out)
    assert not QueuePause.objects.exists()
    with pytest.raises(CommandError):
        call_command("queue", "pause", "films")
