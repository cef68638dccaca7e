"""One attempt, when the database or the user comes between its work and its end; only the cage is stood in for."""

from pathlib import Path
from typing import Any, Self

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError

from filemill.files.outputs import output_key, output_path
from filemill.files.sources import Source
from filemill.processing.bench import Output
from filemill.tasks import broker, execution, lifecycle, services
from filemill.tasks.lifecycle import Worker
from filemill.tasks.models import TaskLog
from filemill.tasks.progress import ProgressReporter
from filemill.tasks.pulse import Pulse

pytestmark = pytest.mark.django_db(transaction=True)


class Bench:
    """A bench on which one text output was made."""

    usage: dict[str, Any] = {}  # noqa: RUF012  never changed

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
    return execution.execute(task, cage_slice=Slice(), pulse=Pulse())  # type: ignore[arg-type]


def is_stored(task: TaskLog) -> bool:
    path = output_path(output_key(task.pk, task.fence, "made.txt"))
    assert path is not None
    return path.is_file()


@pytest.mark.usefixtures("_nothing_to_process")
def test_outputs_stay_when_only_the_answer_to_the_commit_was_lost(
    started: TaskLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete = lifecycle.complete
    lost: list[OperationalError] = [OperationalError("server closed the connection unexpectedly")]

    def complete_and_lose_the_answer(task: TaskLog, **given: Any) -> TaskLog | None:
        moved = complete(task, **given)
        if lost:
            raise lost.pop()
        return moved

    monkeypatch.setattr(lifecycle, "complete", complete_and_lose_the_answer)

    moved = execute(started)

    assert moved is not None
    assert moved.status == "completed"
    assert is_stored(started)


@pytest.mark.usefixtures("_nothing_to_process")
def test_outputs_go_when_the_task_was_cancelled_in_the_last_moment(
    started: TaskLog, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete = lifecycle.complete

    def complete_too_late(task: TaskLog, **given: Any) -> TaskLog | None:
        services.cancel(task, by=alice)
        return complete(task, **given)

    monkeypatch.setattr(lifecycle, "complete", complete_too_late)

    assert execute(started) is None
    assert not is_stored(started)
    assert TaskLog.objects.get(pk=started.pk).status == "cancelled"


def test_progress_keeps_a_message_that_is_no_unicode(started: TaskLog) -> None:
    reporter = ProgressReporter(started)
    reporter._stored_at = 0.0

    reporter.report(30, "page \ud800\x00")

    assert started.progress_history.get().progress == 30
