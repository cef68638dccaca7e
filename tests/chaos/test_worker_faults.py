"""F12–F15, F33: workers and their children are killed, frozen, told to stop, or work on poison."""

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from filemill.tasks.statuses import Status
from tests.chaos.figures import FIGURES
from tests.chaos.mill import SHIPPED_PACE, Mill
from tests.chaos.verdict import conclude, find_processes_at_work, held_tool, read_name, statuses

pytestmark = pytest.mark.timeout(400)

TOOL_SECONDS = 3.0
"""R6: so soon after the kill of its worker no tool lives."""
AGAIN_SECONDS, SHIPPED_AGAIN_SECONDS = 8.0, 75.0
"""R2: so soon after the kill of its worker a task runs again, with these tests' lease and with the shipped one."""
HAND_BACK_SECONDS = 5.0
"""F33: so soon after SIGTERM a worker has handed back what it can't finish."""


@pytest.mark.chaos
def test_a_killed_pool_child_takes_its_tool_along_and_costs_an_attempt(mill: Mill, slow_clip: str, photo: str) -> None:
    worker = mill.need_worker()
    mill.client.create(slow_clip, "video", metadata={"resize": [320, 180]})
    mill.client.create(photo, "image")
    with held_tool(mill):
        tools = find_processes_at_work(mill)
        busy = [pid for pid in worker.list_children() if pid in tools or is_above(pid, tools)]
        for child in busy:
            os.kill(child, signal.SIGKILL)
        mill.strike()
        mill.wait_until(lambda: not find_processes_at_work(mill), seconds=TOOL_SECONDS, what="the tool is dead")
        FIGURES.took("R6", "a tool's death after its pool child's", time.monotonic() - mill.struck_at)

    conclude(mill, "F12", "pool child killed with a tool running", expects="completed")
    assert worker.is_running()


def is_above(pid: int, others: list[int]) -> bool:
    """Whether a process is an ancestor of one of the others."""
    return any(pid in list_ancestors(other) for other in others)


def list_ancestors(pid: int) -> list[int]:
    found = []
    while pid > 1:
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            break
        found.append(pid)
    return found


@pytest.mark.prefetching
def test_a_killed_worker_leaves_no_tool_and_its_task_runs_within_a_lease(mill: Mill, slow_clip: str) -> None:
    seconds = kill_a_worker_at_work(mill, slow_clip, {})

    FIGURES.took("R2", "with a lease of 3 s", seconds)
    assert seconds <= AGAIN_SECONDS
    conclude(mill, "F13", "worker killed with a tool running", expects="completed")


@pytest.mark.chaos
@pytest.mark.shipped
def test_a_killed_worker_s_task_runs_again_soon_with_the_shipped_settings(mill: Mill, slow_clip: str) -> None:
    seconds = kill_a_worker_at_work(mill, slow_clip, SHIPPED_PACE)

    FIGURES.took("R2", "with the shipped settings", seconds)
    assert seconds <= SHIPPED_AGAIN_SECONDS
    conclude(mill, "F13", "worker killed with a tool running, the shipped settings", expects="completed")


def kill_a_worker_at_work(mill: Mill, slow_clip: str, variables: Mapping[str, str]) -> float:
    """Kill the one worker that works while another is there; return the seconds until its task runs again."""
    mill.dismiss_workers()
    worker, _ = mill.start_workers(2, concurrency=1, variables=variables)
    mill.client.create(slow_clip, "video", metadata={"resize": [320, 180]})
    with held_tool(mill) as tools:
        if worker.process.pid not in list_ancestors(tools[0]):
            worker = mill.workers[1]
        worker.process.kill()
        mill.strike()
        mill.wait_until(lambda: not find_processes_at_work(mill), seconds=TOOL_SECONDS, what="the tool is dead")
        FIGURES.took("R6", "a tool's death after its worker's", time.monotonic() - mill.struck_at)
    mill.wait_until(lambda: mill.count("attempt = 2") == 1, seconds=90, what="the task runs again")
    return time.monotonic() - mill.struck_at


@pytest.mark.parametrize("place", ["after_rename_before_db", pytest.param("after_tool", marks=pytest.mark.chaos)])
def test_a_zombie_that_wakes_after_its_lease_changes_nothing(mill: Mill, clip: str, place: str) -> None:
    mill.dismiss_workers()
    zombie = mill.start_worker(fault=f"{place}:1:freeze", concurrency=1)
    mill.client.create(clip, "video", metadata={"resize": [160, 90]})
    zombie.wait_until_struck(place)
    mill.need_worker()
    mill.strike()
    mill.wait_until(lambda: mill.count("status = 'completed'") == 1, seconds=60, what="the other worker completes it")

    zombie.signal_all(signal.SIGCONT)
    mill.wait_until(lambda: not find_processes_at_work(mill), seconds=15, what="the zombie has let go")

    conclude(mill, "F15", f"worker frozen past its lease at {place}", expects="completed")
    outcomes = mill.execute("SELECT outcome FROM tasks_taskattempt ORDER BY number")
    assert outcomes == [("lost",), ("completed",)]
    assert len(list(mill.home.storage.glob("*/*"))) == 1, "only the completed attempt's outputs are left"


@pytest.mark.chaos
@pytest.mark.prefetching
def test_workers_told_to_stop_hand_back_what_they_can_not_finish(mill: Mill, photo: str, slow_clip: str) -> None:
    mill.dismiss_workers()
    worker = mill.start_worker()
    mill.client.create(slow_clip, "video", metadata={"resize": [320, 180]})
    for _ in range(50):
        mill.client.create(photo, "image")
    with held_tool(mill):
        worker.process.terminate()
        mill.strike()
        mill.wait_until(
            lambda: mill.count("status = 'processing'") == 0, seconds=HAND_BACK_SECONDS, what="all is handed back"
        )
    mill.wait_until(lambda: not worker.is_running(), seconds=15, what="the worker has ended")
    mill.need_worker()

    conclude(mill, "F33", "worker told to stop with work running", expects="completed")
    assert mill.execute("SELECT count(*) FROM tasks_taskattempt WHERE outcome = 'lost'") == [(0,)]


@pytest.mark.chaos
@pytest.mark.prefetching
def test_mass_churn_loses_nothing_and_completes_nothing_twice(mill: Mill, photo: str, story: str, clip: str) -> None:
    mill.dismiss_workers()
    workers = [mill.launch_worker(concurrency=1) for _ in range(4)]
    chance = random.Random(13)
    files = [(photo, "image")] * 6 + [(story, "document")] * 10 + [(clip, "video")]
    creating = threading.Thread(target=lambda: [mill.client.create(*chance.choice(files)) for _ in range(500)])
    creating.start()
    ends_at = time.monotonic() + 60
    while time.monotonic() < ends_at:
        time.sleep(3.0)  # the pace of the churn
        victim = chance.choice([worker for worker in workers if worker.is_running()])
        victim.kill()
        workers.append(mill.launch_worker(concurrency=1))
    creating.join()
    mill.strike()

    conclude(mill, "F13", "a quarter of the workers killed every 3 s for a minute", seconds=240, expects="completed")
    assert mill.count() == 500


@pytest.mark.chaos
def test_poison_is_given_up_after_three_deaths_and_good_files_complete(mill: Mill, slow_clip: str, photo: str) -> None:
    mill.need_worker()
    poison = mill.home.inbox / "poison"
    poison.mkdir(exist_ok=True)
    paths = [poison / f"{number}.mp4" for number in range(20)]
    for path in paths:  # each of another content: deaths of the same content are added up over tasks
        path.write_bytes(Path(slow_clip).read_bytes() + path.name.encode())
    with executioner(mill, poison):
        for number in range(200):
            if number < len(paths):
                mill.client.create(str(paths[number]), "video")
            mill.client.create(photo, "image")
        mill.strike()
        mill.wait_until_ended(seconds=180)
    conclude(mill, "F14", "20 files that kill the cage among 200 good ones")

    told = statuses(mill)
    assert (told[Status.COMPLETED], told[Status.FAILED]) == (200, 20)
    ends = mill.execute("SELECT DISTINCT error_code, attempt FROM tasks_tasklog WHERE status = 'failed'")
    assert ends == [("poison", 3)]
    FIGURES.reached("R5", "executions of a poisoned file", max(attempt for _, attempt in ends))
    FIGURES.counted("R5", "good files beside them that did not complete", 200 - told[Status.COMPLETED], of=200)


@contextlib.contextmanager
def executioner(mill: Mill, directory: Path) -> Iterator[None]:
    """Kill every tool that opens a file of this directory, as a fault in its code would."""
    over = threading.Event()

    def execute() -> None:
        while not over.wait(0.01):
            for place in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    if "ffmpeg" not in read_name(int(place.name)):
                        continue
                    if any(str(link.readlink()).startswith(str(directory)) for link in (place / "fd").iterdir()):
                        os.kill(int(place.name), signal.SIGKILL)

    thread = threading.Thread(target=execute)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
