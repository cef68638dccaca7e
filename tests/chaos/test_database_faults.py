"""F21–F23: the database is killed, slow, locked, out of connections, or lacks a table for a while."""

import contextlib
import random
import signal
import threading
import time
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from filemill.launch.home import DATABASE
from tests.chaos.figures import FIGURES
from tests.chaos.mill import PASSWORD, USER, Mill
from tests.chaos.verdict import LEASE_SECONDS, conclude, find_processes_at_work, held_tool

pytestmark = pytest.mark.timeout(300)

ANSWER_SECONDS = 5.0
"""R11: within this time a client is told 503 while the database is away."""
PATIENT = {"FILEMILL_LEASE_SECONDS": "20"}
"""A lease that is far longer than what is left of a film and a restart after it, also on a busy machine."""


def test_a_killed_database_costs_no_task_and_clients_are_told(mill: Mill, photo: str, slow_clip: str) -> None:
    mill.need_worker()
    mill.client.create(slow_clip, "video", metadata={"resize": [320, 180]})
    for _ in range(10):
        mill.client.create(photo, "image")
    with held_tool(mill):
        mill.postgres.end(signal.SIGKILL)
        began = time.monotonic()
        told = httpx.get(f"{mill.url}/api/tasks/progress/", auth=(USER, PASSWORD), timeout=30)
        answered_after = time.monotonic() - began
        FIGURES.took("R11", "a client is told 503", answered_after)
        assert answered_after <= ANSWER_SECONDS
        assert told.status_code == 503, told.text
        assert int(told.headers["Retry-After"]) > 0
        mill.postgres.start()
    mill.strike()

    conclude(mill, "F21", "database killed with work running", expects="completed")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
def test_the_end_of_an_attempt_waits_for_the_database(mill: Mill, slow_clip: str, number: signal.Signals) -> None:
    mill.need_one_worker(PATIENT)
    mill.client.create(slow_clip, "video", metadata={"resize": [320, 180]})
    with held_tool(mill):
        mill.postgres.end(number)
    mill.wait_until(lambda: not find_processes_at_work(mill), what="the tool has ended")
    mill.postgres.start()
    mill.strike()

    conclude(mill, "F21", f"database restarted within a lease, {number.name}", expects="completed")
    FIGURES.counted("R11", "running work lost to a restart within its lease", mill.count_attempts() - 1, of=1)
    assert mill.count_attempts() == 1, "a restart far shorter than a lease must not cost an attempt"


@pytest.mark.chaos
def test_a_monkey_at_the_database_loses_no_task(mill: Mill, photo: str, slow_clip: str) -> None:
    mill.need_worker()
    mill.start_worker()
    chance = random.Random(21)
    ends_at = time.monotonic() + 60
    accepted = 0
    while time.monotonic() < ends_at:
        struck_again_at = time.monotonic() + chance.uniform(5, 20)
        while time.monotonic() < struck_again_at:
            path, kind = chance.choice([(photo, "image"), (photo, "image"), (slow_clip, "video")])
            accepted += mill.client.create(path, kind) is not None
            time.sleep(0.2)  # the pace of the clients
        number = chance.choice([signal.SIGKILL, signal.SIGQUIT, signal.SIGINT])
        mill.postgres.restart(number=number, down_seconds=chance.uniform(0, 5))
    mill.strike()
    conclude(mill, "F21", "database killed every 5 to 20 s for a minute", seconds=180, expects="completed")
    assert accepted <= mill.count()


@pytest.mark.chaos
@pytest.mark.parametrize("locked_seconds", [1.5, 10.0])
def test_a_locked_table_holds_work_up_and_spoils_none(mill: Mill, slow_clip: str, locked_seconds: float) -> None:
    mill.need_worker()
    mill.client.create(slow_clip, "video", metadata={"resize": [320, 180]})
    with held_tool(mill), mill.connect() as connection, connection.transaction():
        connection.execute("LOCK TABLE tasks_tasklog IN ACCESS EXCLUSIVE MODE")
        time.sleep(locked_seconds)  # the time of the lock is what is tested
    mill.strike()

    conclude(mill, "F22", f"table locked for {locked_seconds:g} s", expects="completed")
    if locked_seconds < LEASE_SECONDS:
        assert mill.count_attempts() == 1, "a stall shorter than the lease must not cost an attempt"


@pytest.mark.chaos
def test_a_database_without_free_connections_holds_work_up_and_loses_none(mill: Mill, photo: str) -> None:
    mill.need_worker()
    for _ in range(20):
        mill.client.create(photo, "image")
    with taken_connections(mill) as taken:
        assert taken > 50
        time.sleep(5.0)  # the time without connections is what is tested
    mill.strike()
    conclude(mill, "F22", "no free connections for 5 s", expects="completed")


@contextlib.contextmanager
def taken_connections(mill: Mill) -> Iterator[int]:
    """Hold every connection that the database still grants."""
    taken = []
    try:
        with contextlib.suppress(psycopg.OperationalError):
            while True:
                taken.append(psycopg.connect(host=str(mill.home.postgres_socket_dir), user=DATABASE, dbname=DATABASE))
        yield len(taken)
    finally:
        for connection in taken:
            connection.close()


@pytest.mark.chaos
def test_a_table_renamed_under_a_running_task_costs_no_task(mill: Mill, slow_clip: str) -> None:
    mill.need_worker()
    mill.client.create(slow_clip, "video", metadata={"resize": [320, 180]})
    with held_tool(mill):
        mill.execute("ALTER TABLE tasks_tasklog RENAME TO tasks_elsewhere")
    back = threading.Timer(4.0, lambda: mill.execute("ALTER TABLE tasks_elsewhere RENAME TO tasks_tasklog"))
    back.start()
    back.join()
    mill.strike()

    conclude(mill, "F23", "table renamed under a running task", expects="completed")
