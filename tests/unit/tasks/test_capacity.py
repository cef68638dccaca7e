"""Capacity on a machine: who gets it, who does not, and who may begin all the same."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from filemill.processing.operations.planning import Cost
from filemill.tasks import capacity
from filemill.tasks.node import node

MEGABYTE = 1024**2
HOLD = """
import fcntl, os, sys
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(descriptor, fcntl.LOCK_EX)
os.write(descriptor, sys.argv[2].encode())
print("held", flush=True)
sys.stdin.read()
"""


def heavy(megabytes: int) -> Cost:
    return Cost(cpu_seconds=1.0, memory_bytes=megabytes * MEGABYTE)


def lasting(seconds: float) -> Cost:
    return Cost(cpu_seconds=seconds, memory_bytes=MEGABYTE)


class Others:
    """Other processes of this machine that hold capacity."""

    def __init__(self, directory: Path, started: ExitStack) -> None:
        self._directory = directory
        self._started = started

    def hold(self, name: str, *, megabytes: int = 0, long_of: int = 0) -> "subprocess.Popen[str]":
        self._directory.mkdir(exist_ok=True)
        argv = [sys.executable, "-c", HOLD, str(self._directory / name), f"{megabytes * MEGABYTE} {long_of}"]
        holder = self._started.enter_context(
            subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        return holder


@pytest.fixture
def others(tmp_path: Path, settings: Any) -> Iterator[Others]:
    settings.FILEMILL_HOME = tmp_path
    settings.FILEMILL_MEMORY_MB = 1000
    settings.FILEMILL_LONG_SECONDS = 60
    with ExitStack() as started:
        yield Others(tmp_path / "capacity", started)


def test_what_takes_little_needs_no_room(others: Others) -> None:
    others.hold("1", megabytes=1000)

    with capacity.take(heavy(255)) as fits:
        assert fits


def test_what_takes_much_begins_as_long_as_the_budget_lasts(others: Others) -> None:
    others.hold("1", megabytes=400)

    with capacity.take(heavy(600)) as fits, capacity.take(heavy(601)) as fits_not:
        assert (fits, fits_not) == (True, False)


def test_what_is_larger_than_the_budget_begins_when_nobody_holds_any(others: Others) -> None:
    with capacity.take(heavy(5000)) as fits:
        assert fits

    others.hold("1", megabytes=1)
    with capacity.take(heavy(5000)) as fits:
        assert not fits


def test_room_comes_back_after_the_work_and_with_the_death_of_its_holder(others: Others, tmp_path: Path) -> None:
    with capacity.take(heavy(900)):
        pass
    holder = others.hold("1", megabytes=900)
    assert capacity.find_free().memory_bytes == 100 * MEGABYTE

    holder.kill()
    holder.wait()

    assert capacity.find_free().memory_bytes > 1000 * MEGABYTE
    assert not list((tmp_path / "capacity").iterdir())


def test_long_work_leaves_one_process_of_its_worker_to_others(others: Others, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "concurrency", 3)
    others.hold("1", long_of=node.pid)
    others.hold("2", long_of=node.pid + 1)  # of another worker of this machine

    with capacity.take(lasting(60)) as second, capacity.take(lasting(59.9)) as quick:
        assert (second, quick) == (True, True)
        assert capacity.find_free().seconds == 0

    others.hold("3", long_of=node.pid)
    with capacity.take(lasting(60)) as third:
        assert not third


def test_a_worker_of_one_process_does_long_work_too(others: Others, monkeypatch: pytest.MonkeyPatch) -> None:
    del others
    monkeypatch.setattr(node, "concurrency", 1)

    with capacity.take(lasting(10_000)) as fits:
        assert fits


def test_the_budget_is_a_share_of_the_machine_unless_it_is_set(others: Others, settings: Any) -> None:
    del others
    assert capacity.find_budget() == 1000 * MEGABYTE

    settings.FILEMILL_MEMORY_MB = 0

    meminfo = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    assert 0 < capacity.find_budget() <= 0.6 * int(meminfo["MemTotal"].split()[0]) * 1024
