"""The supervisor with small real processes as its parts, run as a process of its own."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

SUPERVISED = """
import signal, subprocess, sys
from filemill.launch.parts import Part
from filemill.launch.processes import spawn
from filemill.launch.supervisor import Supervisor
from filemill.launch.terminal import Terminal

def part(name, code, grace=5.0):
    argv = [sys.executable, "-u", "-c", code]
    return Part(name=name, grace_seconds=grace,
                start=lambda: spawn(argv, death_signal=signal.SIGKILL, output=subprocess.PIPE))

supervisor = Supervisor(Terminal())
supervisor.listen_for_signals()
for name, code, grace in eval(sys.argv[1]):
    supervisor.start(part(name, code, grace))
supervisor.run_until(lambda: False)
supervisor.stop()
"""

LONG_LIVED = """
import os, signal, sys, time
def end(*_):
    print("ending")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("pid", os.getpid())
while True: time.sleep(60)
"""

STUBBORN = LONG_LIVED.replace("SIGTERM, end", "SIGTERM, signal.SIG_IGN")

WITH_A_CHILD = """
import subprocess, time
child = subprocess.Popen(["sleep", "300"], start_new_session=True)
print("pid", child.pid)
time.sleep(300)
"""


class Supervised:
    """A supervisor in a process of its own, with the lines it has written so far."""

    def __init__(self, *parts: tuple[str, str, float], prefix: tuple[str, ...] = ()) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", SUPERVISED, repr(parts)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._returned: dict[str, int] = {}

    def read_pid(self, part: str) -> int:
        """Wait for a part's line `pid N`."""
        return int(self.wait_for(f"{part:<8} | pid").split()[-1])

    def wait_for(self, text: str) -> str:
        """The next line with `text` that no earlier call for it has returned; parts write in any order."""
        assert self.process.stdout is not None
        start = self._returned.get(text, 0)
        while True:
            for index in range(start, len(self.lines)):
                if text in self.lines[index]:
                    self._returned[text] = index + 1
                    return self.lines[index]
            start = len(self.lines)
            line = self.process.stdout.readline()
            assert line, f"the supervisor ended without saying {text!r}: {''.join(self.lines)}"
            self.lines.append(line)

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stdout is not None
        self.lines.extend(self.process.stdout)
        return self.process.wait()


@pytest.fixture
def running() -> Iterator[list[Supervised]]:
    supervised: list[Supervised] = []
    yield supervised
    for one in supervised:
        one.process.kill()
        one.process.wait()
        assert one.process.stdout is not None
        one.process.stdout.close()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_dead(pid: int) -> None:
    deadline = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < deadline, f"{pid} still lives"
        time.sleep(0.02)


def kill(pid: int) -> None:
    subprocess.run(["kill", "-9", str(pid)], check=True)


def test_a_part_that_is_killed_is_started_again_at_once(running: list[Supervised]) -> None:
    running.append(supervised := Supervised(("web", LONG_LIVED, 5.0)))
    first = supervised.read_pid("web")

    kill(first)

    assert "web was killed by SIGKILL; it is started again now" in supervised.wait_for("web was killed")
    assert supervised.read_pid("web") != first


def test_a_part_that_keeps_dying_is_started_less_and_less_often(running: list[Supervised]) -> None:
    running.append(supervised := Supervised(("web", "raise SystemExit(3)", 5.0)))

    supervised.wait_for("web ended with exit code 3; it is started again in 2 s")

    deaths = [line for line in supervised.lines if "web ended" in line]
    assert [line.strip().endswith("again now") for line in deaths] == [True] * 5 + [False] * 2


def test_parts_are_stopped_in_reverse_order(running: list[Supervised]) -> None:
    running.append(supervised := Supervised(("web", LONG_LIVED, 5.0), ("beat", LONG_LIVED, 5.0)))
    supervised.read_pid("web")
    supervised.read_pid("beat")

    assert supervised.end() == 0

    ends = [line.split()[0] for line in supervised.lines if "ending" in line]
    assert ends == ["beat", "web"]


def test_a_part_that_does_not_stop_in_its_grace_is_killed(running: list[Supervised]) -> None:
    running.append(supervised := Supervised(("worker", STUBBORN, 0.5)))
    pid = supervised.read_pid("worker")

    assert supervised.end() == 0

    assert not is_alive(pid)
    assert any("worker did not stop in time" in line for line in supervised.lines)


def test_nothing_that_a_part_started_outlives_the_supervisor(running: list[Supervised]) -> None:
    running.append(supervised := Supervised(("worker", WITH_A_CHILD, 5.0)))
    grandchild = supervised.read_pid("worker")

    supervised.end()

    assert not is_alive(grandchild)


def test_parts_die_with_a_supervisor_that_is_killed(running: list[Supervised]) -> None:
    running.append(supervised := Supervised(("web", LONG_LIVED, 5.0)))
    pid = supervised.read_pid("web")

    supervised.process.kill()

    wait_until_dead(pid)


def test_a_closed_terminal_stops_the_service(running: list[Supervised]) -> None:
    running.append(supervised := Supervised(("web", LONG_LIVED, 5.0)))
    pid = supervised.read_pid("web")

    supervised.process.send_signal(signal.SIGHUP)

    assert supervised.process.wait(10) == 0
    assert not is_alive(pid)


def test_started_with_nohup_the_service_outlives_its_terminal(running: list[Supervised]) -> None:
    running.append(supervised := Supervised(("web", LONG_LIVED, 5.0), prefix=("nohup",)))
    first = supervised.read_pid("web")

    supervised.process.send_signal(signal.SIGHUP)
    kill(first)

    assert supervised.read_pid("web") != first  # it is still there to start the part again
