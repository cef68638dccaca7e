"""A real worker on real files: what completes, what fails, and what survives when something is killed."""

import os
import signal
import time
from pathlib import Path

import pytest
from celery import Celery
from celery.exceptions import TaskRevokedError
from django.db import connection
from django.db.models import Max

from filemill.files.outputs import output_key, output_path
from filemill.launch.home import Home
from filemill.tasks import batch_services, broker, services
from filemill.tasks.drafts import Asked
from filemill.tasks.models import Batch, TaskAttempt, TaskLog, WorkerNode
from tests.endtoend.conftest import (
    RunningWorker,
    StartWorker,
    Submit,
    events_of,
    flush_broker,
    reload,
    wait_for_status,
)
from tests.endtoend.seed import ROOT, wait_until

pytestmark = pytest.mark.timeout(180)
SAMPLES = ROOT / "samples"


def wait_for_tool(worker: RunningWorker) -> Path:
    """Wait until FFmpeg runs somewhere below the worker; return its place in /proc."""
    found: list[Path] = []

    def runs() -> bool:
        found[:] = [place for place in descendants(worker.process.pid) if "ffmpeg" in read(place / "comm")]
        return bool(found)

    wait_until(runs, what="FFmpeg runs")
    return found[0]


def list_backends() -> set[int]:
    """The database's processes for everybody but this test."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return {pid for (pid,) in cursor.fetchall()}


def descendants(pid: int) -> list[Path]:
    parents = {
        int(place.name): int(read(place / "stat").rpartition(")")[2].split()[1])
        for place in Path("/proc").iterdir()
        if place.name.isdecimal() and read(place / "stat")
    }

    def is_below(child: int) -> bool:
        parent = parents.get(child, 0)
        return parent == pid or (parent > 1 and is_below(parent))

    return [Path("/proc") / str(child) for child in parents if is_below(child)]


def read(place: Path) -> str:
    try:
        return place.read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


@pytest.mark.parametrize(
    ("pattern", "task_type"),
    [
        ("*.jpg", "image"),
        ("*.mp4", "video"),
        ("*.pdf", "document"),
        ("*.txt", "document"),
        ("*.csv", "document"),
        ("*.json", "document"),
    ],
)
def test_every_sample_completes_without_options(
    pattern: str, task_type: str, start_worker: StartWorker, submit: Submit
) -> None:
    start_worker()
    task = wait_for_status(submit(next(SAMPLES.glob(pattern)), task_type))

    assert task.status == "completed", (task.error_code, task.error_message)
    assert events_of(task) == ["created", "started", "completed"]
    for output in task.outputs:
        path = output_path(output_key(task.pk, task.fence, output["name"]))
        assert path is not None
        assert path.stat().st_size == output["size"] > 0


def test_a_broken_file_fails_with_its_code_and_the_worker_lives(
    inbox: Path, photo: Path, start_worker: StartWorker, submit: Submit
) -> None:
    broken = inbox / "broken.jpg"
    broken.write_bytes(photo.read_bytes()[:400])
    start_worker()

    task = wait_for_status(submit(broken, "image"))
    assert (task.status, task.error_code) == ("failed", "corrupt_file")
    assert task.retry_count == 0
    assert wait_for_status(submit(photo, "image")).status == "completed"


def test_cancelling_kills_the_running_tool_within_moments(
    long_video: Path, start_worker: StartWorker, submit: Submit
) -> None:
    worker = start_worker()
    task = submit(long_video, "video", asked=Asked(metadata={"format": "webm", "quality": "high"}))
    tool = wait_for_tool(worker)

    assert services.cancel(reload(task), by=task.user, reason="enough").status == "cancelled"

    wait_until(lambda: not tool.exists(), seconds=5, what="FFmpeg is gone")
    assert events_of(task) == ["created", "started", "cancelled"]
    assert task.attempts.get().outcome == "cancelled"


def test_a_task_of_a_killed_worker_is_finished_by_another_attempt_once(
    long_video: Path, start_worker: StartWorker, submit: Submit
) -> None:
    first = start_worker()
    task = submit(long_video, "video", asked=Asked(metadata={"format": "mp4", "quality": "low", "resize": [320, 180]}))
    tool = wait_for_tool(first)
    first.kill()
    wait_until(lambda: not tool.exists(), seconds=5, what="FFmpeg died with its worker")
    start_worker()

    ended = wait_for_status(task, seconds=120)

    assert ended.status == "completed"
    assert events_of(task) == ["created", "started", "retried", "started", "completed"]
    assert [attempt.outcome for attempt in task.attempts.order_by("number")] == ["lost", "completed"]
    assert task.events.get(event_type="retried").metadata["reason"] == "worker_lost"


def test_a_flushed_broker_loses_no_task(home: Home, photo: Path, start_worker: StartWorker, submit: Submit) -> None:
    tasks = [submit(photo, "image") for _ in range(200)]
    flush_broker(home)
    start_worker()

    wait_until(lambda: TaskLog.objects.filter(status="completed").count() == len(tasks), what="all tasks are completed")
    assert all(events_of(task) == ["created", "started", "completed"] for task in tasks)


def test_what_is_created_while_the_broker_is_away_runs_when_it_is_back(
    photo: Path, start_worker: StartWorker, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.breaker.trip()
    task = submit(photo, "image")
    assert reload(task).published_at is None
    start_worker()

    assert wait_for_status(task).status == "completed"


def test_a_batch_in_order_works_one_file_after_another_and_goes_on_after_a_failure(
    inbox: Path, photo: Path, start_worker: StartWorker, submit: Submit
) -> None:
    broken = inbox / "broken.jpg"
    broken.write_bytes(photo.read_bytes()[:400])
    user = submit(photo, "image").user
    paths = [str(photo), str(broken), str(photo), str(photo)]
    outcome = services.submit_bulk(user=user, task_type="image", file_paths=paths, parallel=False)
    start_worker(concurrency=4)

    batch = TaskLog.objects.filter(batch=outcome.batch).order_by("batch_index")
    wait_until(lambda: not batch.filter(finished_at=None).exists(), what="the batch ends")
    assert [task.status for task in batch] == ["completed", "failed", "completed", "completed"]
    starts = [task.started_at for task in batch if task.started_at]
    ends = [task.finished_at for task in batch if task.finished_at]
    assert len(starts) == len(ends) == 4
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))


def test_a_parallel_batch_completes_every_file_once(photo: Path, start_worker: StartWorker, submit: Submit) -> None:
    user = submit(photo, "image").user
    outcome = services.submit_bulk(user=user, task_type="image", file_paths=[str(photo)] * 60)
    start_worker(concurrency=2)

    batch = TaskLog.objects.filter(batch=outcome.batch)
    wait_until(lambda: not batch.filter(finished_at=None).exists(), what="the batch ends")
    assert {task.status for task in batch} == {"completed"}
    # On a busy machine a process may claim more than it has time for, and hand it back before it is begun.
    begun = TaskAttempt.objects.filter(task__batch=outcome.batch).exclude(error_code="handed_back")
    assert sorted(begun.values_list("task_id", flat=True)) == sorted(task.pk for task in batch)


def test_a_running_batch_is_dead_within_a_second_of_its_cancel(
    photo: Path, start_worker: StartWorker, submit: Submit
) -> None:
    user = submit(photo, "image").user
    outcome = services.submit_bulk(user=user, task_type="image", file_paths=[str(photo)] * 3000)
    batch = TaskLog.objects.filter(batch=outcome.batch)
    start_worker(concurrency=2)
    wait_until(lambda: batch.filter(status="completed").count() >= 3, what="the batch runs")

    began = time.monotonic()
    batch_services.cancel(outcome.batch, by=user)
    cancelled_after = time.monotonic() - began
    starts = batch.exclude(started_at=None).aggregate(last=Max("started_at"))["last"]
    marked_at = Batch.objects.get(pk=outcome.batch.pk).cancelled_at
    assert marked_at is not None
    assert starts is not None
    assert (starts - marked_at).total_seconds() < 1
    assert not batch.filter(finished_at=None).exists()
    ends = batch.filter(status="completed").count()
    assert wait_for_status(submit(photo, "image")).status == "completed"
    assert batch.filter(status="completed").count() == ends, f"work went on after {cancelled_after:.2f} s"


def test_a_worker_told_to_stop_hands_back_what_it_can_not_finish(
    long_video: Path, start_worker: StartWorker, submit: Submit
) -> None:
    worker = start_worker()
    task = submit(long_video, "video", asked=Asked(metadata={"format": "webm", "quality": "high"}))
    wait_for_tool(worker)
    worker.process.terminate()

    wait_for_status(task, "pending", seconds=15)
    assert task.events.get(event_type="retried").metadata["reason"] == "worker_stopped"
    assert os.waitpid(worker.process.pid, 0)[0] == worker.process.pid
    assert not WorkerNode.objects.exists()


def test_a_running_task_outlives_the_loss_of_every_database_connection(
    long_video: Path, start_worker: StartWorker, submit: Submit
) -> None:
    worker = start_worker()
    task = submit(long_video, "video", asked=Asked(metadata={"format": "mp4", "quality": "low", "resize": [320, 180]}))
    wait_for_tool(worker)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchone()[0] > 0

    assert wait_for_status(task, seconds=120).status == "completed"
    assert events_of(task) == ["created", "started", "completed"]


def test_a_worker_keeps_its_connections_from_task_to_task(
    photo: Path, start_worker: StartWorker, submit: Submit
) -> None:
    start_worker(concurrency=1)
    wait_for_status(submit(photo, "image"), "completed")
    # Its work's, its pulse's and its settler's, which opens its own when the first task has ended.
    wait_until(lambda: len(list_backends()) == 3, what="the worker has its three connections")
    before = list_backends()

    for _ in range(3):
        wait_for_status(submit(photo, "image"), "completed")

    assert list_backends() == before


def test_a_worker_whose_idle_connections_were_closed_works_on(
    photo: Path, start_worker: StartWorker, submit: Submit
) -> None:
    start_worker(concurrency=1)
    wait_for_status(submit(photo, "image"), "completed")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s) AS pid", [list(list_backends())])

    task = submit(photo, "image")

    wait_for_status(task, "completed")
    assert reload(task).attempt == 1


def test_what_a_frozen_worker_held_is_done_by_another(
    long_video: Path, start_worker: StartWorker, submit: Submit
) -> None:
    frozen = start_worker()
    task = submit(long_video, "video", asked=Asked(metadata={"format": "mp4", "quality": "low", "resize": [320, 180]}))
    wait_for_tool(frozen)
    os.killpg(frozen.process.pid, signal.SIGSTOP)
    start_worker()

    ended = wait_for_status(task, seconds=120)
    os.killpg(frozen.process.pid, signal.SIGCONT)

    assert ended.status == "completed"
    assert [attempt.outcome for attempt in task.attempts.order_by("number")] == ["lost", "completed"]


def test_the_result_backend_tells_how_each_task_ended(
    home: Home, photo: Path, start_worker: StartWorker, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELERY_RESULT_BACKEND", home.broker_url(1))
    app = Celery(backend=home.broker_url(1), set_as_current=False)
    later = photo.with_name("later.jpg")
    later.write_bytes(photo.read_bytes())
    cancelled = submit(photo, "image")
    services.cancel(cancelled, by=cancelled.user)
    start_worker()
    completed = submit(later, "image")

    def tells(task: TaskLog, state: str) -> None:
        wait_until(lambda: str(app.AsyncResult(task.celery_task_id).state) == state, what=f"Celery tells {state}")

    tells(cancelled, "REVOKED")
    tells(completed, "SUCCESS")
    later.write_bytes(b"no picture any more")
    services.retry(wait_for_status(completed), by=completed.user, force=True)
    tells(completed, "FAILURE")
    with pytest.raises(TaskRevokedError):
        app.AsyncResult(cancelled.celery_task_id).get(timeout=1)


def test_a_process_that_dies_is_told_of_with_the_id_of_its_task(
    long_video: Path, start_worker: StartWorker, submit: Submit
) -> None:
    worker = start_worker()
    task = submit(long_video, "video", asked=Asked(metadata={"format": "mp4", "quality": "low", "resize": [320, 180]}))
    tool = wait_for_tool(worker)
    os.kill(int(task.attempts.get().worker.rpartition("/")[2]), signal.SIGKILL)
    wait_until(lambda: not tool.exists(), seconds=5, what="FFmpeg died with its process")

    def is_told() -> bool:
        return any(f"task_id={task.pk}" in line and "WorkerLostError" in line for line in worker.read_log().split("\n"))

    wait_until(is_told, what="the log tells of it")
    assert wait_for_status(task, seconds=120).status == "completed"
