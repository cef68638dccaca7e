"""The use-cases, on real files and the real database."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache

from filemill.files.sources import Source
from filemill.tasks import broker, lifecycle, results, services
from filemill.tasks.drafts import Asked
from filemill.tasks.lifecycle import start
from filemill.tasks.models import TaskEventLog, TaskLog
from filemill.tasks.node import Worker
from filemill.tasks.refusals import Conflict, Refused
from tests.integration.tasks.conftest import NewTask

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def inbox(tmp_path: Path, settings: Any) -> Path:
    settings.FILEMILL_ROOTS = [tmp_path]
    (tmp_path / "data.json").write_text(json.dumps({"a": 1}))
    (tmp_path / "data.csv").write_text("a,b\n1,2\n")
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.7\n%mill\n")
    (tmp_path / "empty.txt").write_bytes(b"")
    return tmp_path


def submit(user: User, path: object, **given: Any) -> TaskLog:
    return services.submit(user=user, source=Source.from_path(str(path)), **{"task_type": "document", **given})


def refusal(user: User, path: object, **given: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as caught:
        submit(user, path, **given)
    assert not TaskLog.objects.exists()
    return [(problem.field, problem.code) for problem in caught.value.problems]


def test_a_file_becomes_a_pending_task_with_its_event_and_its_message(
    alice: User, inbox: Path, sent: list[broker.Message]
) -> None:
    task = submit(alice, inbox / "data.json", tags=["a", "a", "b"])

    stored = TaskLog.objects.get(pk=task.pk)
    assert (stored.status, stored.progress, stored.file_name, stored.file_size) == ("pending", 0, "data.json", 8)
    assert (stored.operation, stored.media_type, stored.tags) == ("document.read", "application/json", ["a", "b"])
    assert [event.event_type for event in TaskEventLog.objects.filter(task=task)] == ["created"]
    assert [(message.row_id, message.celery_task_id) for message in sent] == [(str(task.pk), task.celery_task_id)]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/etc/passwd", ("file_path", "path_outside_roots")),
        ("missing.txt", ("file_path", "file_not_found")),
        ("empty.txt", ("file_path", "empty_file")),
        ("../etc/passwd", ("file_path", "path_outside_roots")),
    ],
)
def test_a_path_that_can_not_be_taken_is_named(
    path: str, expected: tuple[str, str], alice: User, inbox: Path, sent: list[broker.Message]
) -> None:
    assert refusal(alice, path) == [expected]
    assert sent == []


def test_a_pdf_sent_as_an_image_is_a_mismatch(alice: User, inbox: Path) -> None:
    assert refusal(alice, inbox / "paper.pdf", task_type="image") == [("task_type", "type_mismatch")]


def test_every_problem_is_told_at_once(alice: User, inbox: Path) -> None:
    found = refusal(alice, "missing.png", task_type="image", asked=Asked(metadata={"quality": "best"}), tags=[""])
    assert found == [
        ("metadata.quality", "invalid_value"),
        ("tags", "invalid_tags"),
        ("file_path", "file_not_found"),
    ]


def test_unknown_metadata_is_kept_and_warned_of(alice: User, inbox: Path, sent: list[broker.Message]) -> None:
    task = submit(alice, inbox / "data.json", asked=Asked(metadata={"previw_rows": 3}))

    assert task.metadata == {"previw_rows": 3}
    assert task.warnings[0]["nearest"] == "preview_rows"


def test_unknown_metadata_is_refused_when_strict(alice: User, inbox: Path) -> None:
    found = refusal(alice, inbox / "data.json", asked=Asked(metadata={"previw_rows": 3}), strict=True)
    assert found == [("metadata.previw_rows", "unknown_option")]


@pytest.mark.parametrize("metadata", ["text", [1], {"x": "\x00"}, {"x": "\ud800"}, {"x": "y" * 70_000}])
def test_metadata_that_can_not_be_kept_is_refused(metadata: object, alice: User, inbox: Path) -> None:
    assert refusal(alice, inbox / "data.json", asked=Asked(metadata=metadata))[0][0] == "metadata"


def test_a_bulk_request_takes_what_it_can(alice: User, inbox: Path, sent: list[broker.Message]) -> None:
    paths = ["data.json", "missing.txt", "data.csv"]
    outcome = services.submit_bulk(user=alice, task_type="document", file_paths=paths, tags=["bulk"])

    assert outcome.batch.files_count == 2
    assert [(item.index, item.problem.code) for item in outcome.rejected] == [(1, "file_not_found")]
    assert [task.batch_index for task in TaskLog.objects.order_by("batch_index")] == [0, 2]
    assert {message.name for message in sent} == {broker.BULK_FILE_PROCESSING}


def test_a_bulk_request_of_which_nothing_can_be_taken_is_refused(alice: User, inbox: Path) -> None:
    with pytest.raises(Refused):
        services.submit_bulk(user=alice, task_type="document", file_paths=["missing.txt"])
    assert not TaskLog.objects.exists()


def test_cancelling_an_ended_task_is_a_conflict_that_tells_its_state(
    alice: User, new_task: NewTask, sent: list[broker.Message]
) -> None:
    task = services.cancel(new_task(), by=alice, reason="enough")
    assert task.status == "cancelled"

    with pytest.raises(Conflict) as caught:
        services.cancel(task, by=alice)
    assert (caught.value.code, caught.value.status) == ("not_cancellable", "cancelled")


def test_a_running_task_can_not_be_retried(alice: User, new_task: NewTask, worker: Worker) -> None:
    task = new_task()
    start(task.pk, worker=worker)

    with pytest.raises(Conflict) as caught:
        services.retry(task, by=alice, force=True)
    assert caught.value.code == "not_retryable"


def test_a_retry_sends_the_task_again_under_its_old_celery_id(
    alice: User, new_task: NewTask, sent: list[broker.Message]
) -> None:
    task = services.cancel(new_task(), by=alice)

    retried = services.retry(task, by=alice)

    assert (retried.status, retried.generation) == ("pending", 2)
    assert sent[-1].celery_task_id == task.celery_task_id


def test_a_committed_task_is_answered_even_when_sending_it_breaks(
    alice: User, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> int:
        raise RuntimeError("the broker's library has a defect")

    monkeypatch.setattr(broker, "send", break_down)

    task = submit(alice, inbox / "data.json")

    assert TaskLog.objects.get(pk=task.pk).status == "pending"


def complete(task: TaskLog, worker: Worker) -> TaskLog:
    started = start(task.pk, worker=worker)
    assert started is not None
    done = lifecycle.complete(started, result={"outputs": []})
    assert done is not None
    return done


def test_a_result_is_read_through_the_cache(new_task: NewTask, worker: Worker) -> None:
    done = complete(new_task(), worker)

    assert results.read(done) == {"outputs": []}
    assert cache.get(f"task:{done.pk}") == {"outputs": []}


def test_a_result_that_is_remembered_late_does_not_outlive_a_retry(
    alice: User, new_task: NewTask, worker: Worker, sent: list[broker.Message]
) -> None:
    done = complete(new_task(), worker)
    services.retry(done, by=alice, force=True)
    results.remember([done])

    assert cache.get(f"task:{done.pk}") is None


def test_a_cancelled_task_has_no_result_whatever_the_cache_says(
    alice: User, new_task: NewTask, worker: Worker, sent: list[broker.Message]
) -> None:
    done = complete(new_task(), worker)
    cancelled = services.cancel(services.retry(done, by=alice, force=True), by=alice)
    cache.set(f"task:{done.pk}", {"outputs": ["old"]})

    assert results.read(cancelled) is None
