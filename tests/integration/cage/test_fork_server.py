"""The fork server: zygotes that share what it has loaded, and what happens when one of them, it or the worker dies."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from filemill.processing.cage import Cage, ForkServer, describe_preload, selftest, zygote_client
from filemill.processing.cage.families import list_children
from filemill.processing.cage.zygote_process import ForkedProcess, SpawnedProcess
from tests.integration.cage import sealed_functions as sealed
from tests.integration.cage.conftest import LIMITS, LOADED
from tests.integration.cage.test_killing import ROOT, is_running, wait_until

POOL_PROCESS = """
import os, sys
from pathlib import Path
from filemill.processing.bench import Limits
from filemill.processing.cage import Cage, ForkServer, describe_preload
from tests.integration.cage import sealed_functions as sealed

loaded = {"libraries": (), "packages": (), "preload": [sealed.__name__]}
server = ForkServer(describe_preload(**loaded))
for _ in range(3):
    if os.fork() == 0:
        break
else:
    for _ in range(3):
        os.wait()
    raise SystemExit
cage = Cage(**loaded, fork_server=server)
source = os.open(__import__("tests").__file__, os.O_RDONLY)
scratch = Path(sys.argv[1], str(os.getpid()))
scratch.mkdir()
with cage.open_slice() as work, work.open_bench(
    source_fd=source, media_type="text/plain", file_name="a", scratch=scratch, limits=Limits(),
    on_progress=lambda *_: os.write(1, f"{server.pid} {cage.zygote().pid}\\n".encode()),
) as bench:
    bench.call(sealed.loop)
"""


@pytest.fixture
def server() -> Iterator[ForkServer]:
    started = ForkServer(describe_preload(**LOADED))
    yield started
    started.close()


@pytest.fixture
def cage(server: ForkServer) -> Iterator[Cage]:
    with Cage(**LOADED, fork_server=server) as opened:
        yield opened


def measure(cage: Cage, scratch: Path) -> int:
    """Have a call made in the cage; return the size that it saw."""
    with (
        open(__file__, "rb") as source,
        cage.open_slice() as work,
        work.open_bench(
            source_fd=source.fileno(), media_type="text/plain", file_name="a", scratch=scratch, limits=LIMITS
        ) as bench,
    ):
        return int(bench.call(sealed.measure)["size"])


def test_a_zygote_is_forked_by_the_server_and_its_children_work(cage: Cage, server: ForkServer, scratch: Path) -> None:
    assert measure(cage, scratch) == Path(__file__).stat().st_size
    assert isinstance(cage.zygote()._process, ForkedProcess)
    assert list_children(server.pid) == [cage.zygote().pid]


def test_a_forked_zygote_confines_as_one_that_was_started_for_the_worker_does(cage: Cage) -> None:
    with Cage(**LOADED) as other:
        assert cage.layers() == other.layers()
    assert [str(found) for found in selftest.run(cage) if not found.is_refused] == []


def test_a_zygote_that_dies_is_followed_by_another_of_the_server(cage: Cage, server: ForkServer, scratch: Path) -> None:
    first = cage.zygote().pid
    os.kill(first, signal.SIGKILL)
    assert measure(cage, scratch) > 0
    assert cage.zygote().pid != first
    assert list_children(server.pid) == [cage.zygote().pid]


def test_without_its_server_a_zygote_goes_on_and_the_next_one_loads_for_itself(
    cage: Cage, server: ForkServer, scratch: Path
) -> None:
    zygote = cage.zygote()
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: not server._process.is_alive())
    assert measure(cage, scratch) > 0
    assert cage.zygote() is zygote
    os.kill(zygote.pid, signal.SIGKILL)
    assert measure(cage, scratch) > 0
    assert isinstance(cage.zygote()._process, SpawnedProcess)


def test_a_server_that_is_stuck_is_waited_for_once(
    cage: Cage, server: ForkServer, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zygote_client, "FORK_SECONDS", 0.5)
    os.kill(server.pid, signal.SIGSTOP)
    assert measure(cage, scratch) > 0
    assert isinstance(cage.zygote()._process, SpawnedProcess)
    assert not server.serves(cage.preload)
    os.kill(server.pid, signal.SIGCONT)
    wait_until(lambda: list_children(server.pid) == [])  # What it forks at last finds nobody, and leaves.


def test_a_forked_zygote_can_be_ended_by_many_at_once(server: ForkServer) -> None:
    for _ in range(20):
        with Cage(**LOADED, fork_server=server) as opened:
            process = opened.zygote()._process
            enders = [threading.Thread(target=process.end) for _ in range(4)]
            os.kill(process.pid, signal.SIGKILL)
            for ender in enders:
                ender.start()
            for ender in enders:
                ender.join(10)
            assert process.wait(0)
            assert not process.is_alive()


def test_a_server_that_has_loaded_something_else_is_not_asked(server: ForkServer) -> None:
    with Cage(libraries=(), packages=(), fork_server=server) as other:
        other.zygote()
        assert list_children(server.pid) == []


def test_a_closed_cage_leaves_no_zygote_with_its_server(server: ForkServer) -> None:
    with Cage(**LOADED, fork_server=server) as opened:
        zygote = opened.zygote().pid
    assert not is_running(zygote)
    assert list_children(server.pid) == []


def test_many_can_ask_at_once(server: ForkServer) -> None:
    cages = [Cage(**LOADED, fork_server=server) for _ in range(8)]
    askers = [threading.Thread(target=each.zygote) for each in cages]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(20)
    assert sorted(list_children(server.pid)) == sorted(each.zygote().pid for each in cages)
    for each in cages:
        each.close()


@pytest.mark.parametrize("who", ["worker", "pool process"])
def test_nothing_outlives_a_worker_or_a_pool_process_that_was_killed(tmp_path: Path, who: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", POOL_PROCESS, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as worker:
        assert worker.stdout is not None
        told = [[int(pid) for pid in worker.stdout.readline().split()] for _ in range(3)]
        server = told[0][0]
        zygotes = {zygote for _, zygote in told}
        assert len(zygotes) == 3
        pool = [pid for pid in list_children(worker.pid) if pid != server]
        running = [*zygotes, *(child for zygote in zygotes for child in list_children(zygote))]
        if who == "worker":
            worker.kill()
            running.append(server)
        for pid in pool:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(is_running(pid) for pid in running))
