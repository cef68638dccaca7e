"""A worker is killed in the midst of a transcode: the next attempt goes on where it was, and nobody sees a seam."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from filemill.files.outputs import output_key, output_path
from filemill.launch.home import Home
from filemill.tasks import services
from filemill.tasks.drafts import Asked
from filemill.tasks.models import TaskLog
from tests.endtoend.conftest import StartWorker, Submit, reload, wait_for_status
from tests.endtoend.seed import wait_until

pytestmark = pytest.mark.timeout(240)
ASKED = {"format": "mp4", "encoder_preset": "superfast", "poster": False}


def kept_segments(home: Home, task: TaskLog) -> list[Path]:
    return sorted((home.path / "checkpoints" / str(task.pk)).glob("*/*/part-*"))


def test_a_transcode_goes_on_where_the_killed_worker_was(
    home: Home, long_video: Path, start_worker: StartWorker, submit: Submit
) -> None:
    first = start_worker(fault="checkpoint.kept:2")
    task = submit(long_video, "video", asked=Asked(metadata=ASKED))
    wait_until(lambda: "strikes at checkpoint.kept" in first.read_log(), seconds=60, what="the worker is killed")
    first.kill()
    assert len(kept_segments(home, task)) == 2
    start_worker()

    ended = wait_for_status(task, seconds=120)

    assert ended.status == "completed", (ended.error_code, ended.error_message)
    lost, last = task.attempts.order_by("number")
    assert (lost.outcome, last.outcome) == ("lost", "completed")
    assert last.evidence["resumed_after_segments"] == 2
    [output] = ended.outputs
    assert_plays_through(ended, output["name"], frames=1800)
    assert kept_segments(home, task) == []
    told = list(task.progress_history.filter(attempt=last.number))
    assert any("left" in row.message for row in told)
    assert any(row.data.get("eta_seconds", 0) > 0 for row in told)


def test_a_stream_goes_on_where_the_killed_worker_was(
    home: Home, long_video: Path, start_worker: StartWorker, submit: Submit
) -> None:
    asked = {"renditions": ["360p", "240p"], "single_file": True, "segment_format": "fmp4"}
    first = start_worker(fault="checkpoint.kept:3")
    task = submit(long_video, "video", asked=Asked(operation="video.hls", metadata=asked))
    wait_until(lambda: "strikes at checkpoint.kept" in first.read_log(), seconds=60, what="the worker is killed")
    first.kill()
    assert len(kept_segments(home, task)) == 3
    start_worker()

    ended = wait_for_status(task, seconds=120)

    assert ended.status == "completed", (ended.error_code, ended.error_message)
    lost, last = task.attempts.order_by("number")
    assert (lost.outcome, last.outcome) == ("lost", "completed")
    assert last.evidence["resumed_after_segments"] == 3
    for name in ("360p.mp4", "240p.mp4"):
        assert_plays_through(ended, name, frames=1800)
    assert kept_segments(home, task) == []


def test_a_cancelled_transcode_leaves_no_checkpoints(
    home: Home, long_video: Path, start_worker: StartWorker, submit: Submit
) -> None:
    start_worker()
    task = submit(long_video, "video", asked=Asked(metadata={**ASKED, "encoder_preset": "slow"}))
    wait_until(lambda: bool(kept_segments(home, task)), seconds=60, what="a segment is kept")
    services.cancel(reload(task), by=task.user, reason="enough")
    wait_until(lambda: not kept_segments(home, task), seconds=20, what="the checkpoints are gone")


def assert_plays_through(task: TaskLog, name: str, *, frames: int) -> None:
    path = output_path(output_key(task.pk, task.fence, name))
    assert path is not None
    with av.open(str(path)) as film:
        times = [(frame.pts or 0) * (frame.time_base or 0) for frame in film.decode(video=0)]
    assert len(times) == frames
    assert {later - earlier for earlier, later in pairwise(times)} == {Fraction(1, 30)}
