"""A task that takes much, without capacity for it: handed back once, not claimed in vain, begun in time."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.db.models.functions import Now

from filemill.files.sources import Source
from filemill.processing.cage import Cage, Slice
from filemill.processing.errors import InputError
from filemill.processing.operations.planning import Cost
from filemill.tasks import (
    broker,
    capacity,
    dispatch,
    execution,
    lifecycle,
    passing_on,
    services,
    sweeping,
    waiting,
    work,
)
from filemill.tasks.drafts import Asked
from filemill.tasks.history import check, collect
from filemill.tasks.models import Batch, TaskEventLog, TaskLog
from filemill.tasks.node import Worker
from filemill.tasks.pulse import Pulse
from filemill.tasks.weighing import weigh
from tests.integration.rows import NewTask

pytestmark = pytest.mark.django_db(transaction=True)
MEGABYTE = 1024**2
MUCH = Cost(cpu_seconds=1.0, memory_bytes=600 * MEGABYTE)


@pytest.fixture(autouse=True)
def _small_machine(settings: Any, tmp_path: Path) -> None:
    settings.FILEMILL_HOME = tmp_path / "home"
    settings.FILEMILL_MEMORY_MB = 1000


@pytest.fixture
def started(alice: User, worker: Worker, photo: Path, sent: list[broker.Message]) -> TaskLog:
    del sent
    task = services.submit(user=alice, task_type="image", source=Source.from_path(photo.name))
    moved = lifecycle.start(task.pk, worker=worker)
    assert moved is not None
    return moved


@pytest.fixture
def photo(tmp_path: Path, settings: Any) -> Path:
    import pyvips  # noqa: PLC0415  only these tests need it

    settings.FILEMILL_ROOTS = [tmp_path]
    path = tmp_path / "photo.png"
    pyvips.Image.gaussnoise(700, 500).cast("uchar").pngsave(str(path))
    return path


def execute(task: TaskLog, monkeypatch: pytest.MonkeyPatch, *, cost: Cost = MUCH) -> TaskLog:
    monkeypatch.setattr(execution, "weigh", lambda *_: cost)
    with Cage() as cage, cage.open_slice() as cage_slice:
        (moved,) = execution.execute([task], cage_slice=cage_slice, pulse=Pulse())
    return moved


def test_without_room_it_goes_back_unbegun_and_keeps_what_it_takes(
    started: TaskLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    with capacity.take(MUCH):
        moved = execute(started, monkeypatch)

    assert moved.status == "pending"
    assert (moved.needed_bytes, moved.needed_seconds) == (600 * MEGABYTE, 1.0)
    assert moved.retry_count == 0
    assert moved.failures == 0
    explained = waiting.explain(moved)
    assert explained is not None
    assert explained.reason.code == "capacity"
    assert "600 MB" in explained.reason.message
    assert check(collect({started.pk}, settle_seconds=60.0)) == []


def test_a_claim_without_room_finds_nothing_and_leaves_no_trace(
    started: TaskLog, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with capacity.take(MUCH):
        moved = execute(started, monkeypatch)
        TaskLog.objects.filter(pk=moved.pk).update(run_after=Now(), published_at=Now())
        events = TaskEventLog.objects.filter(task=moved.pk).count()

        assert lifecycle.start(moved.pk, worker=worker) is None

        dispatch.put_back(str(moved.pk))
        assert TaskLog.objects.get(pk=moved.pk).published_at is None
        assert TaskEventLog.objects.filter(task=moved.pk).count() == events


def test_with_room_it_is_claimed_and_nothing_is_held_against_it_any_more(
    started: TaskLog, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with capacity.take(MUCH):
        moved = execute(started, monkeypatch)
    TaskLog.objects.filter(pk=moved.pk).update(run_after=Now())

    again = lifecycle.start(moved.pk, worker=worker)

    assert again is not None
    assert again.needed_bytes is None
    assert execute(again, monkeypatch).status == "completed"


def test_whoever_gives_room_back_sends_those_that_wait_for_it(
    started: TaskLog, new_task: NewTask, worker: Worker, sent: list[broker.Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    with capacity.take(MUCH):
        moved = execute(started, monkeypatch)
    sent.clear()
    other = services.submit(user=moved.user, task_type="image", source=Source.from_path("photo.png"))
    begun = lifecycle.start(other.pk, worker=worker)
    assert begun is not None

    execute(begun, monkeypatch)

    assert str(moved.pk) in {message.row_id for message in sent}


def test_the_sweeper_sends_what_waits_for_room_as_well(
    started: TaskLog, sent: list[broker.Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    with capacity.take(MUCH):
        moved = execute(started, monkeypatch)
    TaskLog.objects.filter(pk=moved.pk).update(run_after=Now())
    sent.clear()

    sweeping.send_unsent()

    assert [message.row_id for message in sent] == [str(moved.pk)]


def test_a_file_of_an_ordered_batch_keeps_its_place_and_its_slice_is_sent(
    alice: User, worker: Worker, photo: Path, sent: list[broker.Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    task = services.submit(user=alice, task_type="image", source=Source.from_path(photo.name))
    batch = Batch.objects.create(user=alice, task_type="image", files_count=1, parallel=False)
    TaskLog.objects.filter(pk=task.pk).update(batch=batch, batch_index=0, lane="slice")
    claimed = lifecycle.start_next_in_order(batch.pk, worker=worker)
    assert claimed is not None
    with capacity.take(MUCH):
        moved = execute(claimed, monkeypatch)
    sent.clear()

    passing_on.pass_capacity_on()

    assert moved.lane == "slice"
    assert [message.row_id for message in sent] == [str(batch.pk)]
    assert lifecycle.start_next_in_order(batch.pk, worker=worker) is not None


def weigh_with(task: TaskLog, path: Path) -> Cost:
    steps = work.steps_of(task)
    with Cage() as cage, cage.open_slice() as cage_slice, path.open("rb") as source:
        return weigh_in(cage_slice, task, steps, source.fileno(), path)


def weigh_in(cage_slice: Slice, task: TaskLog, steps: Any, source_fd: int, path: Path) -> Cost:
    scratch = path.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    with cage_slice.open_bench(
        source_fd=source_fd,
        media_type=task.media_type,
        file_name=path.name,
        scratch=scratch,
        limits=work.limits_of(steps),
    ) as bench:
        return weigh(task, steps, bench)


def test_a_large_picture_is_weighed_by_its_header(
    alice: User, tmp_path: Path, photo: Path, sent: list[broker.Message]
) -> None:
    import pyvips  # noqa: PLC0415  only these tests need it

    del sent
    large = tmp_path / "large.png"
    pyvips.Image.gaussnoise(9000, 9000).cast("uchar").pngsave(str(large), compression=0)
    asked = Asked(metadata={"format": "png", "rotate": 90})
    small_task, large_task = (
        services.submit(user=alice, task_type="image", source=Source.from_path(path.name), asked=asked)
        for path in (photo, large)
    )

    assert weigh_with(large_task, large).memory_bytes > 4 * weigh_with(small_task, photo).memory_bytes


def test_what_can_not_be_probed_is_light_so_that_the_work_says_what_is_wrong(
    alice: User, tmp_path: Path, photo: Path, sent: list[broker.Message]
) -> None:
    del sent
    task = services.submit(user=alice, task_type="image", source=Source.from_path(photo.name))
    broken = tmp_path / "broken.png"
    broken.write_bytes(photo.read_bytes()[:100] + b"\0" * 300_000)

    assert not capacity.is_heavy(weigh_with(task, broken))


def test_work_that_is_done_counts_though_nobody_could_be_told_of_the_capacity(
    started: TaskLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose_the_database() -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(passing_on, "pass_capacity_on", lose_the_database)

    assert execute(started, monkeypatch).status == "completed"


def test_work_that_fails_gives_its_capacity_back_too(
    started: TaskLog, worker: Worker, sent: list[broker.Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    with capacity.take(MUCH):
        moved = execute(started, monkeypatch)
    other = services.submit(user=moved.user, task_type="image", source=Source.from_path("photo.png"))
    begun = lifecycle.start(other.pk, worker=worker)
    assert begun is not None
    sent.clear()

    def break_off(*_: object) -> None:
        raise InputError("It is damaged.", code="corrupt_file")

    monkeypatch.setattr(execution, "_process", break_off)

    assert execute(begun, monkeypatch).status == "failed"
    assert str(moved.pk) in {message.row_id for message in sent}
