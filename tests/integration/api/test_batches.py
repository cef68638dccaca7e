"""/api/batches/: lists, counts, cancel and retry_failed of whole batches."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection

from filemill.tasks import batch_services, broker, lifecycle
from filemill.tasks.models import Batch, TaskAttempt, TaskEventLog, TaskLog
from filemill.tasks.node import Worker
from filemill.tasks.statuses import Status
from filemill.tasks.transition import Ending
from tests.integration.api.conftest import ApiClient, NewTask, problem_of

NewBatch = Callable[..., Batch]


@pytest.fixture
def new_batch(alice: User, new_task: NewTask) -> NewBatch:
    """Return a maker of batches of pending files, Alice's unless told otherwise."""

    def make(files: int = 3, *, user: User = alice, parallel: bool = True, task_type: str = "image") -> Batch:
        batch = Batch.objects.create(user=user, task_type=task_type, parallel=parallel, files_count=files)
        lane = "bulk" if task_type == "video" and parallel else "slice"
        for index in range(files):
            new_task(
                user=user, task_type=task_type, batch=batch, batch_index=index, lane=lane, file_name=f"{index}.jpg"
            )
        return Batch.objects.get(pk=batch.pk)

    return make


def start(batch: Batch, worker: Worker) -> TaskLog:
    [task] = lifecycle.start_next_of_batch(batch.pk, worker=worker)
    return task


def complete(task: TaskLog) -> None:
    assert lifecycle.complete(task, result={}) is not None


def fail(task: TaskLog) -> None:
    assert lifecycle.fail(task, ending=Ending(error_code="corrupt_file", message="Cut short")) is not None


def url(batch: Batch, rest: str = "") -> str:
    return f"/api/batches/{batch.pk}/{rest}"


def test_a_batch_tells_how_far_it_is(as_alice: ApiClient, new_batch: NewBatch, worker: Worker) -> None:
    batch = new_batch(6)
    complete(start(batch, worker))
    fail(start(batch, worker))
    start(batch, worker)
    lifecycle.cancel(TaskLog.objects.get(batch_index=5).pk, reason="", by="alice")
    body = as_alice.get(url(batch)).json()
    counts = {name: body[name] for name in ("total", *Status.values)}
    assert counts == {"total": 6, "pending": 2, "processing": 1, "completed": 1, "failed": 1, "cancelled": 1}
    assert (body["id"], body["files_count"], body["status"], body["progress"]) == (str(batch.pk), 6, "processing", 50)
    assert (body["celery_task_id"], body["parallel"]) == (batch.celery_task_id, True)
    assert body["url"] == f"http://testserver{url(batch)}"


def test_pace_and_remaining_time_come_from_the_recent_past(
    as_alice: ApiClient, new_batch: NewBatch, worker: Worker
) -> None:
    batch = new_batch(12)
    tasks = [start(batch, worker) for _ in range(8)]
    for task in tasks[:6]:
        complete(task)
    # Five files in the last ten seconds after the first of them, and one long before.
    for number, task in enumerate(tasks[:6]):
        seconds = 1000 if number == 0 else 10 - number
        with connection.cursor() as cursor:
            cursor.execute(
                """UPDATE tasks_tasklog SET started_at = now() - interval '2000 s',
                       finished_at = statement_timestamp() - %s * interval '1 s' WHERE id = %s""",
                [seconds, str(task.pk)],
            )
    body = as_alice.get(url(batch)).json()
    assert body["throughput"] == pytest.approx(4 / 9, rel=0.2)
    assert body["eta_seconds"] == pytest.approx(6 / body["throughput"], rel=0.01)


def test_what_is_not_known_of_the_pace_is_null(as_alice: ApiClient, new_batch: NewBatch, worker: Worker) -> None:
    batch = new_batch(3)
    complete(start(batch, worker))
    body = as_alice.get(url(batch)).json()
    assert (body["throughput"], body["eta_seconds"]) == (None, None)


def test_a_batch_of_which_all_has_ended_is_finished(as_alice: ApiClient, new_batch: NewBatch, worker: Worker) -> None:
    batch = new_batch(2)
    complete(start(batch, worker))
    fail(start(batch, worker))
    body = as_alice.get(url(batch)).json()
    assert (body["status"], body["progress"], body["eta_seconds"]) == ("finished", 100, 0.0)


def test_batches_are_listed_newest_first_and_only_ones_own(
    as_alice: ApiClient, bob: User, new_batch: NewBatch, worker: Worker
) -> None:
    older, newer = new_batch(1), new_batch(2)
    new_batch(1, user=bob)
    complete(start(older, worker))
    body = as_alice.get("/api/batches/").json()
    assert [row["id"] for row in body["results"]] == [str(newer.pk), str(older.pk)]
    assert [(row["pending"], row["completed"], row["status"]) for row in body["results"]] == [
        (2, 0, "processing"),
        (0, 1, "finished"),
    ]
    first = as_alice.get("/api/batches/", {"page_size": 1}).json()
    assert (first["count"], [row["id"] for row in first["results"]]) == (2, [str(newer.pk)])
    assert as_alice.get(first["next"]).json()["results"][0]["id"] == str(older.pk)


def test_tasks_of_a_batch_come_in_the_order_of_the_request(
    as_alice: ApiClient, new_batch: NewBatch, new_task: NewTask
) -> None:
    batch = new_batch(5)
    new_task(file_name="not of the batch.jpg")
    first = as_alice.get(url(batch, "tasks/"), {"page_size": 3}).json()
    second = as_alice.get(first["next"]).json()
    assert [task["file_name"] for task in first["results"] + second["results"]] == [f"{n}.jpg" for n in range(5)]
    assert first["count"] == 5


def test_tasks_of_a_batch_are_narrowed_by_status(as_alice: ApiClient, new_batch: NewBatch, worker: Worker) -> None:
    batch = new_batch(4)
    one, two, three = (start(batch, worker) for _ in range(3))
    fail(two)
    fail(one)
    complete(three)
    failed = as_alice.get(url(batch, "tasks/"), {"status": "failed"}).json()["results"]
    assert [task["id"] for task in failed] == [str(two.pk), str(one.pk)]  # as they ended
    pending = as_alice.get(url(batch, "tasks/"), {"status": "pending"}).json()["results"]
    assert [task["file_name"] for task in pending] == ["3.jpg"]
    assert problem_of(as_alice.get(url(batch, "tasks/"), {"status": "lost"}))["errors"][0]["field"] == "status"


@pytest.mark.parametrize(
    ("method", "rest"), [("get", ""), ("get", "tasks/"), ("post", "cancel/"), ("post", "retry_failed/")]
)
def test_somebody_elses_batch_is_not_there(as_bob: ApiClient, new_batch: NewBatch, method: str, rest: str) -> None:
    batch = new_batch(1)
    assert problem_of(getattr(as_bob, method)(url(batch, rest)), 404)["code"] == "not_found"
    assert TaskLog.objects.get().status == Status.PENDING
    unknown = f"/api/batches/{uuid4()}/{rest}"
    assert getattr(as_bob, method)(unknown).json() == getattr(as_bob, method)(url(batch, rest)).json()


@pytest.mark.parametrize("rest", ["", "tasks/", "cancel/", "retry_failed/"])
def test_nobody_gets_in(as_nobody: ApiClient, new_batch: NewBatch, rest: str) -> None:
    assert as_nobody.get(url(new_batch(1), rest)).status_code == 401
    assert as_nobody.get("/api/batches/").status_code == 401


def test_cancel_ends_what_waits_and_what_is_worked_on(
    as_alice: ApiClient, new_batch: NewBatch, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_services, "BITE", 2)
    batch = new_batch(7)
    complete(start(batch, worker))
    fail(start(batch, worker))
    running = start(batch, worker)
    answer = as_alice.post(url(batch, "cancel/"), {"reason": "wrong folder"})
    assert answer.status_code == 200
    assert answer.json() == {"status": "cancelled", "cancelled": 5, "completed": 1, "failed": 1}
    assert lifecycle.complete(running, result={}) is None
    attempt = TaskAttempt.objects.get(task=running)
    assert (attempt.outcome, attempt.ended_at is not None) == ("cancelled", True)
    events = TaskEventLog.objects.filter(event_type="cancelled")
    assert {event.message for event in events} == {"Cancelled with its batch by alice: wrong folder"}
    assert len(events) == 5
    body = as_alice.get(url(batch)).json()
    assert (body["status"], body["cancelled"], body["cancelled_at"] is not None) == ("finished", 5, True)


def test_cancel_of_a_batch_that_has_ended_changes_nothing(
    as_alice: ApiClient, new_batch: NewBatch, worker: Worker
) -> None:
    batch = new_batch(1)
    complete(start(batch, worker))
    assert as_alice.post(url(batch, "cancel/")).json() == {
        "status": "cancelled",
        "cancelled": 0,
        "completed": 1,
        "failed": 0,
    }
    assert TaskLog.objects.get().status == Status.COMPLETED


def test_no_slice_begins_a_file_of_a_batch_that_is_being_cancelled(new_batch: NewBatch, worker: Worker) -> None:
    parallel, ordered = new_batch(2), new_batch(2, parallel=False)
    Batch.objects.update(cancelled_at=parallel.created_at)
    assert lifecycle.start_next_of_batch(parallel.pk, worker=worker) == []
    assert lifecycle.start_next_in_order(ordered.pk, worker=worker) is None


def test_failed_files_run_again_within_their_batch(
    as_alice: ApiClient, new_batch: NewBatch, worker: Worker, sent: list[broker.Message]
) -> None:
    batch = new_batch(4)
    for _ in range(2):
        fail(start(batch, worker))
    complete(start(batch, worker))
    sent.clear()
    answer = as_alice.post(url(batch, "retry_failed/"))
    assert (answer.status_code, answer.json()) == (200, {"status": "retrying", "retried": 2, "left": 0})
    again = list(TaskLog.objects.filter(generation=2).order_by("batch_index"))
    assert [(task.batch_index, task.status, task.lane, task.error_code) for task in again] == [
        (0, "pending", "slice", None),
        (1, "pending", "slice", None),
    ]
    assert {message.name for message in sent} == {broker.BULK_FILE_PROCESSING}
    assert start(batch, worker).batch_index == 0
    assert as_alice.post(url(batch, "retry_failed/")).json()["retried"] == 0


def test_failed_videos_travel_alone_again(
    as_alice: ApiClient, new_batch: NewBatch, worker: Worker, sent: list[broker.Message]
) -> None:
    batch = new_batch(1, task_type="video")
    task = lifecycle.start(TaskLog.objects.get().pk, worker=worker)
    assert task is not None
    fail(task)
    as_alice.post(url(batch, "retry_failed/"))
    assert TaskLog.objects.get().lane == "bulk"
    assert [message.name for message in sent] == [broker.FILE_PROCESSING]


def test_files_that_were_retried_as_often_as_allowed_want_force(
    as_alice: ApiClient, new_batch: NewBatch, worker: Worker
) -> None:
    batch = new_batch(2)
    for _ in range(2):
        fail(start(batch, worker))
    TaskLog.objects.filter(batch_index=0).update(retry_count=3)
    assert as_alice.post(url(batch, "retry_failed/")).json() == {"status": "retrying", "retried": 1, "left": 1}
    forced = as_alice.post(url(batch, "retry_failed/"), {"force": True}).json()
    assert forced == {"status": "retrying", "retried": 1, "left": 0}


def test_a_cancelled_batch_can_have_its_failed_files_retried(
    as_alice: ApiClient, new_batch: NewBatch, worker: Worker
) -> None:
    batch = new_batch(3)
    fail(start(batch, worker))
    as_alice.post(url(batch, "cancel/"))
    as_alice.post(url(batch, "retry_failed/"))
    assert start(batch, worker).batch_index == 0
    assert as_alice.get(url(batch)).json()["cancelled"] == 2


@pytest.mark.parametrize(
    ("rest", "body", "field"),
    [
        ("cancel/", {"why": "x"}, "why"),
        ("cancel/", {"reason": 7}, "reason"),
        ("cancel/", {"reason": "x" * 501}, "reason"),
        ("retry_failed/", {"force": "yes"}, "force"),
        ("retry_failed/", {"failed": True}, "failed"),
    ],
)
def test_wrong_bodies_are_refused(
    as_alice: ApiClient, new_batch: NewBatch, rest: str, body: dict[str, Any], field: str
) -> None:
    problem = problem_of(as_alice.post(url(new_batch(1), rest), body))
    assert problem["errors"][0]["field"] == field
    assert TaskLog.objects.get().status == Status.PENDING


def test_an_interrupted_cancel_is_finished_by_the_next_slice(new_batch: NewBatch) -> None:
    batch = new_batch(3)
    Batch.objects.update(cancelled_at=batch.created_at + timedelta(seconds=1))
    cancelled = batch_services.finish_cancel(Batch.objects.get())
    assert cancelled == 3
    assert set(TaskLog.objects.values_list("status", flat=True)) == {Status.CANCELLED}


def test_a_page_of_a_long_batch_is_read_by_an_index(as_alice: ApiClient, new_batch: NewBatch) -> None:
    batch = new_batch(2)
    statuses = (None, Status.PENDING, Status.FAILED)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
        plans = {status: TaskLog.objects.of_batch(batch, status)[:20].explain() for status in statuses}
    assert "task_user_newest" in plans[None]
    assert "task_batch_active" in plans[Status.PENDING]
    assert "task_batch_status" in plans[Status.FAILED]


def test_ids_are_uuids(as_alice: ApiClient, new_batch: NewBatch) -> None:
    batch = new_batch(1)
    assert UUID(as_alice.get(url(batch)).json()["id"]) == batch.pk
    assert as_alice.get("/api/batches/7/").status_code == 404
