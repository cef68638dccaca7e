"""A real worker on work that takes much: large pictures one by one, and a process left free beside films."""

from itertools import pairwise
from pathlib import Path

import pytest
import pyvips

from filemill.tasks import waiting
from filemill.tasks.drafts import Asked
from filemill.tasks.models import TaskAttempt
from tests.endtoend.conftest import StartWorker, Submit, reload, wait_for_status
from tests.endtoend.seed import wait_until
from tests.endtoend.test_worker import wait_for_tool

pytestmark = pytest.mark.timeout(240)
FILM = Asked(metadata={"format": "mp4", "quality": "low", "resize": [320, 180]})


@pytest.fixture
def large_picture(inbox: Path) -> Path:
    """64 megapixels, which take 330 MB to be turned."""
    path = inbox / "large.png"
    noise = pyvips.Image.gaussnoise(250, 250, sigma=15, mean=128).cast("uchar")
    noise.resize(32, kernel="nearest").pngsave(str(path), compression=1)
    return path


def test_large_pictures_go_one_by_one_where_memory_is_short(
    large_picture: Path, start_worker: StartWorker, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILEMILL_MEMORY_MB", "400")
    start_worker(concurrency=2)
    asked = Asked(metadata={"rotate": 90, "format": "jpeg"})

    tasks = [submit(large_picture, "image", asked=asked) for _ in range(4)]

    for task in tasks:
        wait_for_status(task, "completed", seconds=90)
    done = TaskAttempt.objects.filter(task__in=tasks, outcome="completed").order_by("started_at")
    # Capacity is given back when the work is done, a moment before its end stands in the row.
    for before, after in pairwise(done):
        assert before.ended_at is not None
        assert after.started_at - before.started_at > (before.ended_at - before.started_at) / 2
    assert all(reload(task).failures == 0 for task in tasks)


def test_films_leave_a_process_to_quick_work(
    long_video: Path, photo: Path, start_worker: StartWorker, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILEMILL_LONG_SECONDS", "1")
    worker = start_worker(concurrency=2)
    films = [submit(long_video, "video", asked=FILM) for _ in range(2)]
    wait_for_tool(worker)
    wait_until(lambda: any(reload(film).needed_seconds for film in films), what="the second film waits for capacity")

    wait_for_status(submit(photo, "image"), "completed")

    waiting_film = next(film for film in map(reload, films) if film.status == "pending")
    explained = waiting.explain(waiting_film)
    assert explained is not None
    assert explained.reason.code == "capacity"
    for film in films:
        wait_for_status(film, "completed", seconds=120)
