"""One attempt, when the database or the user comes between its work and its end; only the cage is stood in for."""

import errno
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from filemill.files import durability
from filemill.files.outputs import output_key, output_path
from filemill.files.sources import Source
from filemill.processing.bench import Output
from filemill.processing.errors import InputError
from filemill.tasks import broker, execution, lifecycle, services
from filemill.tasks.history import check, collect
from filemill.tasks.lifecycle import Completion
from filemill.tasks.models import TaskLog
from filemill.tasks.node import Worker
from filemill.tasks.progress import ProgressReporter
from filemill.tasks.pulse import Pulse

pytestmark = pytest.mark.django_db(transaction=True)


class Bench:
    """A bench on which one text output was made."""

    usage: dict[str, Any] = {}  # noqa: RUF012  never changed
    source_size = 2
    media_type = "application/json"

    def __init__(self, scratch: Path) -> None:
        path = scratch / "made.txt"
        path.write_text("made")
        self.outputs = [Output(name="made.txt", path=path, media_type="text/plain")]

    def kill(self) -> None:
        """Nothing runs here."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""


class Slice:
    """Opens that bench."""

    def open_bench(self, *, scratch: Path, **_: object) -> Bench:
        return Bench(scratch)


@pytest.fixture
def started(alice: User, worker: Worker, tmp_path: Path, settings: Any, sent: list[broker.Message]) -> TaskLog:
    settings.FILEMILL_ROOTS = [tmp_path]
    (tmp_path / "data.json").write_text("{}")
    task = services.submit(user=alice, task_type="document", source=Source.from_path("data.json"))
    moved = lifecycle.start(task.pk, worker=worker)
    assert moved is not None
    return moved


@pytest.fixture
def _nothing_to_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "_process", lambda *_: {})


def execute(task: TaskLog) -> TaskLog | None:
    moved = work_on([task])
    return moved[0] if moved else None


def work_on(tasks: list[TaskLog], **how: Any) -> list[TaskLog]:
    pulse = Pulse()
    worked = execution.work_on(tasks, cage_slice=Slice(), pulse=pulse, **how)  # type: ignore[arg-type]  # the stand-in
    return execution.settle(worked, pulse=pulse)


def is_stored(task: TaskLog) -> bool:
    path = output_path(output_key(task.pk, task.fence, "made.txt"))
    assert path is not None
    return path.is_file()


@pytest.mark.usefixtures("_nothing_to_process")
def test_outputs_stay_when_only_the_answer_to_the_commit_was_lost(
    started: TaskLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete = lifecycle.complete_all
    lost: list[OperationalError] = [OperationalError("server closed the connection unexpectedly")]

    def complete_and_lose_the_answer(completions: Sequence[Completion]) -> list[TaskLog]:
        moved = complete(completions)
        if lost:
            raise lost.pop()
        return moved

    monkeypatch.setattr(lifecycle, "complete_all", complete_and_lose_the_answer)

    moved = execute(started)

    assert moved is not None
    assert moved.status == "completed"
    assert is_stored(started)


@pytest.mark.usefixtures("_nothing_to_process")
def test_outputs_go_when_the_task_was_cancelled_in_the_last_moment(
    started: TaskLog, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete = lifecycle.complete_all

    def complete_too_late(completions: Sequence[Completion]) -> list[TaskLog]:
        services.cancel(completions[0].task, by=alice)
        return complete(completions)

    monkeypatch.setattr(lifecycle, "complete_all", complete_too_late)

    assert execute(started) is None
    assert not is_stored(started)
    assert TaskLog.objects.get(pk=started.pk).status == "cancelled"


def test_progress_keeps_a_message_that_is_no_unicode(started: TaskLog) -> None:
    reporter = ProgressReporter(started)
    reporter._stored_at = 0.0

    reporter.report(30, "page \ud800\x00")

    assert started.progress_history.get().progress == 30


# --- several files, settled together ---
@pytest.fixture
def claimed(alice: User, worker: Worker, tmp_path: Path, settings: Any, sent: list[broker.Message]) -> list[TaskLog]:
    """Three files of one batch, claimed together in its order."""
    settings.FILEMILL_ROOTS = [tmp_path]
    for name in "abc":
        (tmp_path / f"{name}.json").write_text("{}")
    paths = [f"{name}.json" for name in "abc"]
    outcome = services.submit_bulk(user=alice, task_type="document", file_paths=paths)
    return lifecycle.start_next_of_batch(outcome.batch.pk, worker=worker, limit=50)


def execute_all(tasks: list[TaskLog], **how: Any) -> dict[str, str]:
    """Work on them and tell what became of each file."""
    work_on(tasks, **how)
    return dict(TaskLog.objects.filter(pk__in=[task.pk for task in tasks]).values_list("file_name", "status"))


def count_writes(action: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        action()
    return sum("UPDATE tasks_tasklog" in query["sql"] for query in captured)


@pytest.mark.usefixtures("_nothing_to_process")
def test_files_that_were_claimed_together_end_in_one_statement_each_with_its_own_story(claimed: list[TaskLog]) -> None:
    assert [task.file_name for task in claimed] == ["a.json", "b.json", "c.json"]

    assert count_writes(lambda: execute_all(claimed)) == 1

    for task in TaskLog.objects.filter(pk__in=[task.pk for task in claimed]):
        assert (task.status, task.progress, len(task.outputs)) == ("completed", 100, 1)
        assert is_stored(task)
        assert list(task.events.order_by("pk").values_list("event_type", flat=True)) == [
            "created",
            "started",
            "completed",
        ]
        attempt = task.attempts.get()
        assert (attempt.outcome, attempt.ended_at is None) == ("completed", False)
    assert check(collect([task.pk for task in claimed], with_files=True)) == []


def test_a_file_that_fails_takes_no_other_of_its_slice_along(
    claimed: list[TaskLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    def process(task: TaskLog, *_: object) -> dict[str, Any]:
        if task.file_name == "b.json":
            raise InputError("It is cut short.", code="corrupt_file")
        return {}

    monkeypatch.setattr(execution, "_process", process)

    assert execute_all(claimed) == {"a.json": "completed", "b.json": "failed", "c.json": "completed"}


@pytest.mark.usefixtures("_nothing_to_process")
def test_a_file_that_is_cancelled_before_its_turn_stays_cancelled(claimed: list[TaskLog], alice: User) -> None:
    services.cancel(claimed[1], by=alice)

    assert execute_all(claimed) == {"a.json": "completed", "b.json": "cancelled", "c.json": "completed"}
    assert not is_stored(claimed[1])


@pytest.mark.usefixtures("_nothing_to_process")
def test_the_rest_of_a_slice_that_takes_too_long_is_handed_back_and_counts_as_no_retry(claimed: list[TaskLog]) -> None:
    told = execute_all(claimed, is_over=lambda: True)

    assert told == {"a.json": "completed", "b.json": "pending", "c.json": "pending"}
    for task in TaskLog.objects.filter(pk__in=[task.pk for task in claimed[1:]]):
        assert (task.retry_count, task.failures, task.lane) == (0, 0, "slice")
        assert task.attempts.get().error_code == "handed_back"
    assert check(collect([task.pk for task in claimed], with_files=True)) == []


@pytest.mark.usefixtures("_nothing_to_process")
def test_what_was_made_is_completed_also_when_the_next_file_meets_a_lost_database(
    claimed: list[TaskLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    def process(task: TaskLog, *_: object) -> dict[str, Any]:
        if task.file_name == "b.json":
            raise OperationalError("server closed the connection unexpectedly")
        return {}

    monkeypatch.setattr(execution, "_process", process)

    with pytest.raises(OperationalError):
        execute_all(claimed)

    statuses = list(TaskLog.objects.order_by("batch_index").values_list("status", flat=True))
    assert statuses == ["completed", "processing", "processing"]


@pytest.mark.usefixtures("_nothing_to_process")
def test_what_the_disk_did_not_take_is_no_result_and_is_tried_again(
    claimed: list[TaskLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(root: Path) -> None:
        raise OSError(errno.EIO, "Input/output error", str(root))

    monkeypatch.setattr(durability, "_sync_file_system", refuse)

    assert set(execute_all(claimed).values()) == {"pending"}
    for task in TaskLog.objects.filter(pk__in=[task.pk for task in claimed]):
        assert (task.result, task.attempts.get().error_code) == (None, "storage_error")
    assert not any(is_stored(task) for task in claimed)
    assert check(collect([task.pk for task in claimed], with_files=True)) == []


@pytest.mark.usefixtures("_nothing_to_process")
def test_no_row_refers_to_outputs_that_were_not_synced_yet(
    claimed: list[TaskLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []

    def look(_root: Path) -> None:
        assert all(is_stored(task) for task in claimed)
        seen.append(set(TaskLog.objects.values_list("status", flat=True)))

    monkeypatch.setattr(durability, "_sync_file_system", look)

    execute_all(claimed)
    assert seen == [{"processing"}]
