"""Killing: what runs is dead within a second, and nothing outlives its owner."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from filemill.processing.cage import Cage, SliceBench
from filemill.processing.cage.families import find_birth
from filemill.processing.errors import Cancelled
from tests.integration.cage import sealed_functions as sealed
from tests.integration.cage.conftest import OpenBench

ENDLESS_FILM = ["-nostdin", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30", "-f", "null", "-"]
ROOT = Path(__file__).parents[3]


def wait_until(holds: Callable[[], bool], *, seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def kill_after(bench: SliceBench, begun: threading.Event) -> tuple[threading.Thread, list[float]]:
    """Start a thread that kills the bench's work once it has begun; the list gets the moment of the kill."""
    moments: list[float] = []

    def kill() -> None:
        assert begun.wait(10)
        moments.append(time.monotonic())
        bench.kill()

    thread = threading.Thread(target=kill)
    thread.start()
    return thread, moments


@pytest.mark.parametrize("function", [sealed.loop, sealed.sleep])
def test_kill_from_another_thread_ends_a_call_within_a_second(open_bench: OpenBench, function: sealed.Sealed) -> None:
    begun = threading.Event()
    with open_bench(on_progress=lambda _percent, _message: begun.set()) as bench:
        thread, moments = kill_after(bench, begun)
        with pytest.raises(Cancelled):
            bench.call(function)
        thread.join()
        assert time.monotonic() - moments[0] < 1.0


def test_kill_from_another_thread_ends_a_tool_within_a_second(bench: SliceBench) -> None:
    begun = threading.Event()
    thread, moments = kill_after(bench, begun)
    with pytest.raises(Cancelled):
        bench.run_tool("ffmpeg", ["-progress", "pipe:4", *ENDLESS_FILM], on_line=lambda _line: begun.set())
    thread.join()
    assert time.monotonic() - moments[0] < 1.0


def test_a_kill_before_the_call_makes_it_raise(bench: SliceBench) -> None:
    bench.kill()
    with pytest.raises(Cancelled):
        bench.call(sealed.measure)
    with pytest.raises(Cancelled):
        bench.run_tool("ffmpeg", ["-version"])


def test_a_kill_between_files_does_not_touch_the_next(open_bench: OpenBench) -> None:
    with open_bench() as bench:
        bench.call(sealed.measure)
    bench.kill()
    with open_bench() as bench:
        assert bench.call(sealed.measure)["size"] > 0


OWNER = """
import os, sys
from pathlib import Path
from filemill.processing.bench import Limits
from filemill.processing.cage import Cage
from tests.integration.cage import sealed_functions as sealed
from tests.integration.cage.test_killing import ENDLESS_FILM

def tell(*_):
    print((cage.zygote if sys.argv[1] == "call" else cage.tool_zygote)().pid, flush=True)

cage = Cage(libraries=(), packages=(), preload=[sealed.__name__])
source = os.open(__import__("tests").__file__, os.O_RDONLY)
with cage.open_slice() as work, work.open_bench(
    source_fd=source, media_type="text/plain", file_name="a", scratch=Path(sys.argv[2]), limits=Limits(),
    on_progress=tell,
) as bench:
    if sys.argv[1] == "call":
        bench.call(sealed.loop)
    else:
        bench.run_tool("ffmpeg", ["-progress", "pipe:4", *ENDLESS_FILM], on_line=tell)
"""


@pytest.mark.parametrize("what", ["call", "tool"])
def test_nothing_outlives_an_owner_that_was_killed(tmp_path: Path, what: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, what, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as owner:
        assert owner.stdout is not None
        zygote = int(owner.stdout.readline())
        running = [zygote, *list_children(zygote)]
        assert len(running) in (2, 3)  # The zygote and the one at work; soon a spare one.
        owner.send_signal(signal.SIGKILL)
    wait_until(lambda: not any(is_running(pid) for pid in running))


def test_nothing_outlives_a_zygote_that_was_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, "call", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as owner:
        assert owner.stdout is not None
        assert owner.stderr is not None
        zygote = int(owner.stdout.readline())
        children = list_children(zygote)
        os.kill(zygote, signal.SIGKILL)
        wait_until(lambda: not any(is_running(child) for child in children))
        assert "cage_crashed" in owner.stderr.read() or owner.wait(10) == 1


@pytest.mark.parametrize(("is_born_then", "survives"), [(False, True), (True, False)])
def test_a_stranger_who_got_the_number_of_a_dead_child_is_left_alone(is_born_then: bool, survives: bool) -> None:
    with Cage(libraries=(), packages=()) as cage, subprocess.Popen(["sleep", "60"], start_new_session=True) as stranger:
        zygote = cage.zygote()
        zygote._started[stranger.pid] = find_birth(stranger.pid) - (0 if is_born_then else 7)
        os.kill(zygote.pid, signal.SIGKILL)
        cage.close()
        if survives:
            assert stranger.poll() is None
            stranger.kill()
        assert stranger.wait(5) == -signal.SIGKILL


def list_children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"
