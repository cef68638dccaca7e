"""`manage.py verify_history` on sound and on damaged tables and files."""

import hashlib
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from filemill.files import outputs
from filemill.processing.bench import Output
from filemill.tasks import lifecycle
from filemill.tasks.history import check, collect
from filemill.tasks.management.commands import verify_history
from filemill.tasks.models import TaskEventLog, TaskLog
from filemill.tasks.node import Worker
from tests.integration.tasks.conftest import NewTask

pytestmark = pytest.mark.django_db


def run(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command("verify_history", *arguments, stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def completed(new_task: NewTask, worker: Worker, tmp_path: Path) -> TaskLog:
    """A completed task with a stored output."""
    task = lifecycle.start(new_task().pk, worker=worker)
    assert task is not None
    made = tmp_path / "text.txt"
    made.write_text("Hello")
    described = outputs.publish(
        task.pk, task.fence, [Output(name="text.txt", path=made, media_type="text/plain", facts={})]
    )
    done = lifecycle.complete(task, result={"outputs": described})
    assert done is not None
    return done


def stored_file(task: TaskLog) -> Path:
    path = outputs.output_path(outputs.output_key(task.pk, task.fence, "text.txt"))
    assert path is not None
    return path


def test_sound_tables_and_files_pass(completed: TaskLog, new_task: NewTask) -> None:
    new_task()

    assert run("--files") == "Tasks looked at: 2; violations: 0.\n"


def test_the_true_hash_of_a_stored_output_is_collected(completed: TaskLog) -> None:
    history = collect([completed.pk], with_files=True)

    assert history.files is not None
    assert [file.sha256 for file in history.files] == [hashlib.sha256(b"Hello").hexdigest()]


def test_a_missing_event_is_found(completed: TaskLog) -> None:
    TaskEventLog.objects.filter(task=completed, event_type="completed").delete()
    out = StringIO()

    with pytest.raises(CommandError, match="Tasks looked at: 1; violations: ") as failure:
        call_command("verify_history", stdout=out)

    assert failure.value.returncode == 1
    assert f"I2 {completed.pk}: generation 1 has 0 terminal events where 1 is right" in out.getvalue()


def test_a_damaged_output_is_found_only_with_files(completed: TaskLog) -> None:
    stored_file(completed).write_text("Hell")

    assert "violations: 0" in run()
    with pytest.raises(CommandError, match="violations: 1"):
        run("--files")


def test_a_lost_output_is_found(completed: TaskLog) -> None:
    stored_file(completed).unlink()

    assert [str(violation.message) for violation in check(collect([completed.pk], with_files=True))] == [
        "the output text.txt is not stored"
    ]


def test_json_is_one_object_per_line_with_the_verdict_last(completed: TaskLog) -> None:
    TaskLog.objects.filter(pk=completed.pk).update(fence=7)
    out = StringIO()

    with pytest.raises(CommandError):
        call_command("verify_history", "--json", stdout=out)

    *violations, verdict = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(violation["invariant"], violation["task_id"]) for violation in violations] == [("I10", str(completed.pk))]
    assert verdict == {"tasks": 1, "violations": 1}


def test_tasks_can_be_chosen_by_user_and_time(new_task: NewTask, bob: User) -> None:
    new_task()
    new_task(user=bob)

    assert run("--user", "bob") == "Tasks looked at: 1; violations: 0.\n"
    assert run("--since", "2020-01-01") == "Tasks looked at: 2; violations: 0.\n"
    assert run("--since", "2999-01-01T00:00:00+01:00") == "Tasks looked at: 0; violations: 0.\n"


def test_a_wrong_user_or_time_is_refused_with_a_sentence(db: None) -> None:
    with pytest.raises(CommandError, match="There is no user 'nobody'"):
        run("--user", "nobody")
    with pytest.raises(CommandError, match="no date or time of ISO 8601"):
        run("--since", "yesterday")


def test_all_batches_are_looked_at(new_task: NewTask) -> None:
    made = {new_task().pk for _ in range(5)}

    batches = list(verify_history.split_by_key(TaskLog.objects.all(), size=2))

    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert {key for batch in batches for key in batch} == made
