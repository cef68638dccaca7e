"""F16–F20: the broker is killed, emptied, frozen, full, read-only, or behind a bad link."""

import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.chaos.faulty_servers import connect_valkey
from tests.chaos.figures import FIGURES
from tests.chaos.link import Link
from tests.chaos.mill import Mill, Service
from tests.chaos.verdict import conclude, held_tool

pytestmark = pytest.mark.timeout(240)

NEXT_TASK_SECONDS = 10.0
"""R8: so soon after the broker's restart a worker with a free slot takes the next task."""
DISPATCH_SECONDS = 15.0
"""R4: so soon after the broker is back tasks that were created without it are under way."""
DRAIN_SECONDS = 30.0
"""R4: so soon all 100 of them are done."""
CREATE_SECONDS = 1.0
"""R4: so long may a creation take without a broker (p99)."""


@dataclass(frozen=True, kw_only=True)
class Restart:
    """A way in which the broker goes away and comes back."""

    number: signal.Signals
    down_seconds: float
    is_tcp: bool = False
    is_emptied: bool = False

    def __str__(self) -> str:
        traits = [self.number.name, f"{self.down_seconds:g} s", "TCP" if self.is_tcp else "socket"]
        return ", ".join([*traits, "emptied"] if self.is_emptied else traits)


RESTARTS = [
    Restart(number=signal.SIGTERM, down_seconds=0),
    Restart(number=signal.SIGTERM, down_seconds=5),
    Restart(number=signal.SIGKILL, down_seconds=1, is_emptied=True),
    pytest.param(Restart(number=signal.SIGTERM, down_seconds=1, is_tcp=True), marks=pytest.mark.prefetching),
    pytest.param(Restart(number=signal.SIGKILL, down_seconds=5, is_tcp=True), marks=pytest.mark.prefetching),
    Restart(number=signal.SIGKILL, down_seconds=60, is_tcp=True),
]
KILLED = Restart(number=signal.SIGKILL, down_seconds=0)
TASKS_OF_A_RESTART = 4


def restart_under_work(mill: Mill, worker: Service, photo: str, slow_clip: str, restart: Restart) -> float:
    """Restart the broker while a task runs and a slot is free; return the seconds until the next task was done."""
    running = mill.client.create(slow_clip, "video", metadata={"resize": [320, 180]})
    with held_tool(mill):
        mill.valkey.restart(number=restart.number, down_seconds=restart.down_seconds)
        mill.strike()
        began = time.monotonic()
        following = mill.client.create(photo, "image")
        done = f"status = 'completed' AND id = '{following}'"
        mill.wait_until(lambda: mill.count(done) == 1, what="the next task is done")
        seconds = time.monotonic() - began
        assert mill.count(f"status = 'processing' AND id = '{running}'") == 1
        assert worker.is_running(), worker.read_log()
    return seconds


def go_on(mill: Mill, worker: Service, photo: str) -> None:
    """Let the task end that ran during the restart, and two more: its late acknowledgement must not end the worker."""
    mill.wait_until_ended(seconds=60)
    for _ in range(2):
        mill.client.create(photo, "image")
        mill.wait_until_ended(seconds=30)
    assert worker.is_running(), worker.read_log()


def conclude_restart(mill: Mill, worker: Service, what: str, *, next_task_seconds: float) -> None:
    conclude(mill, "F16", what, expects="completed")
    FIGURES.took("R8", "until the next task was done", next_task_seconds)
    FIGURES.counted("R8", "workers that ended", int(not worker.is_running()), of=1)
    FIGURES.counted("R8", "tasks that ran twice", mill.count_attempts() - TASKS_OF_A_RESTART, of=TASKS_OF_A_RESTART)
    assert next_task_seconds <= NEXT_TASK_SECONDS
    assert mill.count_attempts() == TASKS_OF_A_RESTART


@pytest.mark.prefetching
def test_a_killed_and_restarted_broker_costs_no_task_and_no_worker(mill: Mill, photo: str, slow_clip: str) -> None:
    worker = mill.need_one_worker({})

    seconds = restart_under_work(mill, worker, photo, slow_clip, KILLED)

    go_on(mill, worker, photo)
    conclude_restart(mill, worker, "broker killed under a running task", next_task_seconds=seconds)


@pytest.mark.chaos
@pytest.mark.parametrize("restart", RESTARTS, ids=str)
def test_a_restarted_broker_in_every_way(mill: Mill, photo: str, slow_clip: str, restart: Restart) -> None:
    worker = mill.need_one_worker({"CELERY_BROKER_URL": mill.broker_url_over_tcp} if restart.is_tcp else {})
    if restart.is_emptied:
        connect_valkey(mill.home).config_set("appendonly", "no")

    seconds = restart_under_work(mill, worker, photo, slow_clip, restart)

    go_on(mill, worker, photo)
    conclude_restart(mill, worker, f"broker restarted under a running task: {restart}", next_task_seconds=seconds)


@pytest.mark.prefetching
def test_a_flushed_broker_loses_nothing_and_runs_nothing_twice(mill: Mill, photo: str, slow_clip: str) -> None:
    mill.dismiss_workers()  # one that is left of another test would take a film before the new one is warm
    mill.need_worker()
    for _ in range(2):
        mill.client.create(slow_clip, "video", metadata={"format": "webm"})
    mill.wait_until(lambda: mill.count("status = 'processing'") == 2, what="both slots work")
    for _ in range(100):
        mill.client.create(photo, "image")

    connect_valkey(mill.home).flushall()
    mill.strike()

    conclude(mill, "F17", "broker emptied with 100 waiting and 2 running", expects="completed")
    assert mill.count_attempts() == 102


@pytest.mark.parametrize(
    "frozen_seconds",
    [pytest.param(6.0, marks=pytest.mark.prefetching), pytest.param(30.0, marks=pytest.mark.chaos)],
)
def test_a_frozen_broker_holds_up_no_creation(mill: Mill, photo: str, frozen_seconds: float) -> None:
    mill.need_worker()
    mill.valkey.freeze()
    thaws = threading.Timer(frozen_seconds, mill.valkey.thaw)
    thaws.start()
    create_without_broker(mill, photo)
    thaws.join()
    conclude_absence(mill, "F18", f"broker frozen for {frozen_seconds:.0f} s")


@pytest.mark.chaos
def test_a_refusing_broker_holds_up_no_creation(mill: Mill, photo: str) -> None:
    mill.need_worker()
    mill.valkey.end()
    create_without_broker(mill, photo)
    mill.valkey.start()
    conclude_absence(mill, "F18", "broker away while 100 are created")


def create_without_broker(mill: Mill, photo: str) -> None:
    """Create 100 tasks; every one is accepted, and 99 of them within a second."""
    mill.client.create_seconds.clear()
    assert all(mill.client.create(photo, "image") for _ in range(100))
    slowest = sorted(mill.client.create_seconds)
    FIGURES.took("R4", "a creation, the 99th of 100", slowest[98])
    assert slowest[98] <= CREATE_SECONDS, slowest[-5:]


def conclude_absence(mill: Mill, fault: str, what: str) -> None:
    """The broker is back: soon a task runs, and then all are done."""
    mill.strike()
    mill.wait_until(lambda: mill.count("attempt > 0") > 0, seconds=DISPATCH_SECONDS, what="a task runs")
    FIGURES.took("R4", "until a task ran", time.monotonic() - mill.struck_at)
    seconds = conclude(mill, fault, what, expects="completed")
    FIGURES.took("R4", "until 100 were done", seconds)
    assert seconds <= DRAIN_SECONDS


@pytest.mark.chaos
def test_a_full_broker_refuses_messages_and_no_task_is_lost(mill: Mill, photo: str) -> None:
    mill.need_worker()
    valkey = connect_valkey(mill.home)
    valkey.config_set("maxmemory", "1")
    try:
        create_without_broker(mill, photo)
    finally:
        valkey.config_set("maxmemory", "0")
    conclude_absence(mill, "F19", "broker full")


@pytest.mark.chaos
def test_a_read_only_broker_refuses_messages_and_no_task_is_lost(mill: Mill, photo: str) -> None:
    mill.need_worker()
    valkey = connect_valkey(mill.home)
    valkey.replicaof("127.0.0.1", "1")
    try:
        create_without_broker(mill, photo)
    finally:
        valkey.replicaof("NO", "ONE")
    conclude_absence(mill, "F19", "broker read-only")


@pytest.fixture
def links(mill: Mill) -> Iterator[tuple[Link, Link]]:
    """Put links before the database and the broker, and web and a worker behind them."""
    database, broker = Link(mill.home.postgres_socket_dir / ".s.PGSQL.5432"), Link(mill.home.valkey_socket)
    variables = {
        "DB_HOST": "127.0.0.1",
        "DB_PORT": str(database.port),
        "CELERY_BROKER_URL": f"redis://127.0.0.1:{broker.port}/0",
    }
    mill.dismiss_workers()
    mill.start_web(variables=variables)
    mill.start_worker(variables=variables)
    yield database, broker
    mill.dismiss_workers()
    for link in (database, broker):
        link.close()


@pytest.mark.chaos
@pytest.mark.parametrize("where", ["database", pytest.param("broker", marks=pytest.mark.prefetching)])
def test_a_bad_link_delays_tasks_and_loses_none(mill: Mill, links: tuple[Link, Link], photo: str, where: str) -> None:
    database, broker = links
    for fault in ("cuts", "half-open", "latency"):
        mill.forget_tasks()
        spoil(database if where == "database" else broker, fault, lambda: mill.client.create(photo, "image"))
        mill.strike()
        conclude(mill, "F20", f"link to the {where}: {fault}", expects="completed")


def spoil(link: Link, fault: str, create: object, *, seconds: float = 10.0) -> None:
    """Create tasks for some seconds over a link with a fault, then heal it."""
    assert callable(create)
    ends_at = time.monotonic() + seconds
    if fault == "latency":
        link.latency_seconds = 0.3
    while time.monotonic() < ends_at:
        create()
        if fault == "half-open":
            link.go_silent()
        if fault == "cuts":
            link.cut()
        time.sleep(0.5)  # the pace of the cuts
    link.heal()
    link.cut()  # what was silent for long would hang until its own timeout
