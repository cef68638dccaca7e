"""F34, and the bars of cancelling: tools that will not go, and tools that are cancelled, are gone in time."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import imageio_ffmpeg
import pytest

from filemill.processing.bench import Limits
from filemill.processing.cage import Cage
from filemill.processing.cage.families import list_children, list_descendants, measure
from filemill.processing.errors import LimitError
from filemill.tasks.statuses import Status
from tests.chaos.figures import FIGURES
from tests.chaos.mill import Mill, Service
from tests.chaos.test_worker_faults import TOOL_SECONDS, list_ancestors
from tests.chaos.verdict import conclude, find_processes_at_work, read_name, statuses
from tests.endtoend.seed import wait_until

pytestmark = pytest.mark.timeout(240)

NAME = f"wild-{os.getpid()}"
"""No other run's: a process is found by it wherever it has gone."""
SOURCE = Path(__file__).parent / "wild_tool.c"
RESIZE = {"resize": [320, 180]}
LONG = {"format": "webm", "quality": "high"}
"""Encodes for far longer than it takes to find the tool and to cancel it."""
OFFICE_BUSY_SECONDS = 3.0
"""More than it takes LibreOffice to start: one that has computed for so long is at its document."""
GONE_SECONDS = 2.0
"""R7: so soon after a cancel the tool is gone, 95 times of 100."""


class Switch:
    """What the workers take for FFmpeg: the wild tool, or FFmpeg itself."""

    def __init__(self, directory: Path) -> None:
        self.place = directory / "ffmpeg"
        self.wild = directory / "wild"
        subprocess.run(["cc", "-O1", f'-DNAME="{NAME}"', "-o", str(self.wild), str(SOURCE)], check=True)

    def point_to(self, program: Path) -> None:
        self.place.unlink(missing_ok=True)
        self.place.symlink_to(program)

    def turn_wild(self) -> None:
        self.point_to(self.wild)

    def turn_good(self) -> None:
        self.point_to(Path(imageio_ffmpeg.get_ffmpeg_exe()))


@pytest.fixture
def switch() -> Iterator[Switch]:
    """Build the wild tool where everybody may execute it: the cage runs tools as nobody."""
    with tempfile.TemporaryDirectory(prefix="wild-tool-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        yield Switch(directory)


def find_wild() -> list[int]:
    """Return every process of the tool, whatever group, session or parent it has by now."""
    return [int(place.name) for place in Path("/proc").glob("[0-9]*") if read_name(int(place.name)).strip() == NAME]


# --- what may happen to a worker while the tool runs; it is given the worker and the task ---
def cancel(mill: Mill, _worker: Service, task_id: UUID) -> None:
    assert mill.client.cancel(task_id) == 200


def kill_pool_child(_mill: Mill, worker: Service, _task_id: UUID) -> None:
    above = list_ancestors(find_wild()[0])
    os.kill(next(child for child in worker.list_children() if child in above), signal.SIGKILL)


def kill_main_process(_mill: Mill, worker: Service, _task_id: UUID) -> None:
    worker.process.kill()


def kill_all_of_it(_mill: Mill, worker: Service, _task_id: UUID) -> None:
    worker.signal_all(signal.SIGKILL)


def tell_to_stop(_mill: Mill, worker: Service, _task_id: UUID) -> None:
    worker.process.terminate()


STRIKES = {
    "cancelled": cancel,
    "pool child killed": kill_pool_child,
    "worker's main process killed": kill_main_process,
    "worker killed with all children": kill_all_of_it,
    "worker told to stop": tell_to_stop,
}
WORKERS_LOST = 3
"""So many of these strikes end their worker."""


@pytest.mark.needs_cc
@pytest.mark.parametrize("how", [["cancelled"], pytest.param(list(STRIKES), marks=pytest.mark.chaos)], ids=len)
def test_a_tool_that_will_not_go_is_gone_in_time(mill: Mill, slow_clip: str, switch: Switch, how: list[str]) -> None:
    mill.dismiss_workers()
    variables = {"IMAGEIO_FFMPEG_EXE": str(switch.place)}
    mill.start_workers(1 if len(how) == 1 else WORKERS_LOST + 1, concurrency=1, variables=variables)
    for name in how:
        strike_a_wild_tool(mill, slow_clip, switch, name)

    mill.strike()
    conclude(mill, "F34", "tool that ignores signals, forks and leaves its session")
    told = statuses(mill)
    assert (told[Status.CANCELLED], told.get(Status.COMPLETED, 0)) == (1, len(how) - 1)
    assert find_wild() == []


def strike_a_wild_tool(mill: Mill, slow_clip: str, switch: Switch, how: str) -> None:
    """Let the tool run for a task, strike, see it gone; then the task is done with FFmpeg itself."""
    switch.turn_wild()
    task_id = mill.client.create(slow_clip, "video", metadata=RESIZE)
    assert task_id is not None
    mill.wait_until(lambda: find_wild() != [], what="the tool runs")
    above = list_ancestors(find_wild()[0])
    worker = next(worker for worker in mill.workers if worker.process.pid in above)
    switch.turn_good()
    STRIKES[how](mill, worker, task_id)
    mill.strike()
    mill.wait_until(lambda: find_wild() == [], seconds=TOOL_SECONDS, what="the tool is gone")
    FIGURES.took("R6", f"a tool that will not go: {how}", time.monotonic() - mill.struck_at)
    mill.wait_until_ended(seconds=60)


@pytest.mark.needs_cc
def test_a_tool_that_will_not_go_is_gone_once_its_limit_is_broken(
    switch: Switch, tmp_path: Path, clip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch.turn_wild()
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(switch.place))
    with (
        Path(clip).open("rb") as source,
        Cage(libraries=(), packages=()) as cage,
        cage.open_slice() as work,
        work.open_bench(
            source_fd=source.fileno(),
            media_type="video/mp4",
            file_name="clip.mp4",
            scratch=tmp_path,
            limits=Limits(wall_seconds=1.0),
            on_progress=None,
        ) as bench,
    ):
        with pytest.raises(LimitError) as caught:
            bench.run_tool("ffmpeg", ["-progress", "pipe:4"])
        broken_at = time.monotonic()
        wait_until(lambda: find_wild() == [], seconds=TOOL_SECONDS, what="the tool is gone")
        FIGURES.took("R6", "a tool that will not go: limit broken", time.monotonic() - broken_at)
    assert caught.value.code == "time_limit"
    assert "leave the session" in str(caught.value.evidence["stderr_tail"]), "it has tried what its name says"


@pytest.mark.parametrize("count", [3, pytest.param(20, marks=pytest.mark.chaos)])
def test_a_cancelled_tool_is_gone_at_once(mill: Mill, slow_clip: str, count: int) -> None:
    mill.need_worker()

    def encodes() -> list[int]:
        has_begun = mill.count("status = 'processing' AND progress >= 10") == 1
        return [pid for pid in find_processes_at_work(mill) if has_begun and "ffmpeg" in read_name(pid)]

    cancel_running_tools(mill, count, "tool", lambda: mill.client.create(slow_clip, "video", metadata=LONG), encodes)


@pytest.mark.needs_soffice
@pytest.mark.parametrize("count", [1, pytest.param(20, marks=pytest.mark.chaos)])
def test_a_cancelled_libreoffice_is_gone_at_once(mill: Mill, long_story: str, count: int) -> None:
    worker = mill.need_worker()

    def converts() -> list[int]:
        caged = list_caged(worker.process.pid)
        return [pid for pid in caged if measure([pid]).cpu_seconds >= OFFICE_BUSY_SECONDS]

    cancel_running_tools(
        mill,
        count,
        "LibreOffice",
        lambda: mill.client.create(long_story, "document", operation="document.convert"),
        converts,
    )


def cancel_running_tools(
    mill: Mill, count: int, name: str, create: Callable[[], UUID | None], find_busy: Callable[[], list[int]]
) -> None:
    """Cancel one running tool after the other; all but one of twenty must be gone in time."""
    answers, ends = zip(*(cancel_a_running_tool(mill, create, find_busy) for _ in range(count)), strict=True)
    mill.strike()

    conclude(mill, "F34", f"{count} times a running {name} cancelled", expects="cancelled")
    late = sorted(ends)[int(count * 0.95) - 1 if count >= 20 else -1]
    FIGURES.took("R7", f"the {name} is gone, {'the 19th of 20' if count >= 20 else f'the last of {count}'}", late)
    FIGURES.took("R7", "the service answers that it is cancelled", max(answers))
    assert late <= GONE_SECONDS, ends


def cancel_a_running_tool(
    mill: Mill, create: Callable[[], UUID | None], find_busy: Callable[[], list[int]]
) -> tuple[float, float]:
    """Cancel a task whose tool is at work; return the seconds until the answer and until its tool was gone."""
    task_id = create()
    assert task_id is not None
    tools: list[int] = []

    def is_busy() -> bool:
        tools[:] = find_busy()
        return bool(tools)

    mill.wait_until(is_busy, what="the tool is at work")
    began = time.monotonic()
    assert mill.client.cancel(task_id) == 200
    answered_after = time.monotonic() - began
    assert mill.client.read(task_id) == "cancelled"
    mill.wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in tools), what="the tool is gone")
    return answered_after, time.monotonic() - began


def list_caged(worker_pid: int) -> list[int]:
    """Return what runs below the zygotes of a worker, which are its pool children's children."""
    zygotes = [zygote for child in list_children(worker_pid) for zygote in list_children(child)]
    return [found for zygote in zygotes for found in list_descendants(zygote) if found != zygote]
