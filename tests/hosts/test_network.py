"""The hosts themselves: links do what the tests believe of them, and nothing is left of a run that was killed."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from filemill.launch.processes import spawn
from tests.endtoend.seed import ROOT, wait_until
from tests.hosts.mill import lives
from tests.hosts.network import CUT, Network
from tests.hosts.switch import PERFECT, Quality

LISTEN = """
import socket, sys
server = socket.create_server((sys.argv[1], 80))
print("listens", flush=True)
while True:
    connection, _ = server.accept()
    connection.sendall(b"hello")
    connection.close()
"""
ASK = """
import socket, sys
with socket.create_connection((sys.argv[1], 80), timeout=2) as connection:
    print(connection.recv(5).decode())
"""
RUN_AND_WAIT = """
import subprocess, sys, signal
from filemill.launch.processes import spawn
from tests.hosts.network import Network
network = Network(["one"])
sleeper = spawn(network.enter("one", ["sleep", "600"]), death_signal=signal.SIGKILL)
print(network.pid, sleeper.pid, flush=True)
signal.pause()
"""


@pytest.fixture
def network() -> Iterator[Network]:
    made = Network(["one", "other", "third"])
    server = spawn(
        made.enter("other", [sys.executable, "-c", LISTEN, made.addresses["other"]]),
        death_signal=signal.SIGKILL,
        output=subprocess.PIPE,
    )
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == b"listens\n"
        yield made
    finally:
        server.kill()
        server.communicate()
        made.close()


def ask(network: Network, host: str) -> tuple[str, float]:
    """Let a host ask the other; return the answer and the seconds that it took."""
    began = time.monotonic()
    argv = network.enter(host, [sys.executable, "-c", ASK, network.addresses["other"]])
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.stdout.strip(), time.monotonic() - began


def test_a_cut_link_lets_nothing_through_and_the_others_all(network: Network) -> None:
    assert ask(network, "one")[0] == "hello"
    network.set_link("one", "other", CUT)
    assert ask(network, "one")[0] == ""
    assert ask(network, "third")[0] == "hello"
    network.set_link("one", "other", PERFECT)
    assert ask(network, "one")[0] == "hello"


def test_a_slow_link_delays_both_ways(network: Network) -> None:
    network.set_link("one", "other", Quality(delay_seconds=0.3))
    answer, seconds = ask(network, "one")
    assert answer == "hello"
    assert seconds >= 2 * 0.3, "the connection alone is a way there and a way back"


def test_a_killed_run_leaves_neither_hosts_nor_processes() -> None:
    run = subprocess.Popen([sys.executable, "-c", RUN_AND_WAIT], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with run:
        assert run.stdout is not None
        left = [int(pid) for pid in run.stdout.readline().split()]
        assert len(left) == 2
        assert all(lives(pid) for pid in left)
        run.kill()
    wait_until(lambda: not any(lives(pid) for pid in left), seconds=10, what="everything on the hosts is dead")
