"""H1–H8: links between hosts are cut without a word, slow or lossy, and heal; nothing is lost, nothing comes twice."""

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from filemill.launch.processes import spawn
from tests.chaos.figures import FIGURES
from tests.chaos.verdict import LEASE_SECONDS, conclude, held_tool
from tests.endtoend.seed import ROOT
from tests.hosts.mill import BROKER, DATABASE_HOST, WEB, WORKERS, HostsMill, lives, other_than
from tests.hosts.network import CUT
from tests.hosts.switch import Quality

pytestmark = pytest.mark.timeout(240)

RESIZE = {"resize": [320, 180]}
STOP_SECONDS = LEASE_SECONDS + 1.0
"""So soon a worker's tool is dead that lost its database: a lease, and what a busy machine takes to kill it."""
BACK_SECONDS = 30.0
"""So soon after a link heals a worker takes tasks again, or the web side answers, without anybody's help."""
UNLOCK_SECONDS = 20.0
"""So soon the rows that a vanished host had locked are free; ten seconds, and what a busy machine adds."""
ANSWER_SECONDS = 5.0
CREATE_SECONDS = 1.0
BAD = Quality(delay_seconds=0.15, jitter_seconds=0.05, loss=0.2)
"""300 ms there and back, and every fifth packet lost."""


def create_slow(mill: HostsMill, slow_clip: str) -> UUID:
    task_id = mill.client.create(slow_clip, "video", metadata=RESIZE)
    assert task_id is not None
    return task_id


def create_photos(mill: HostsMill, photo: str, *, number: int) -> list[UUID]:
    created = [mill.client.create(photo, "image") for _ in range(number)]
    assert all(created)
    return [task_id for task_id in created if task_id is not None]


def wait_until_completed(mill: HostsMill, tasks: list[UUID], *, seconds: float, what: str) -> None:
    ids = ", ".join(f"'{task_id}'" for task_id in tasks)
    done = f"status = 'completed' AND id IN ({ids})"
    mill.wait_until(lambda: mill.count(done) == len(tasks), seconds=seconds, what=what)


def assert_works_again(mill: HostsMill, host: str, photo: str) -> None:
    """Leave a healed worker alone with new tasks: it does them, and nobody has helped it."""
    mill.network.isolate(other_than(host))
    wait_until_completed(mill, create_photos(mill, photo, number=3), seconds=BACK_SECONDS, what=f"{host} works again")
    mill.network.heal()


@pytest.mark.parametrize("is_all_cut", [True, False], ids=["from everything", "from the database"])
def test_a_worker_cut_off_stops_within_its_lease_and_the_other_finishes(
    mill: HostsMill, photo: str, slow_clip: str, is_all_cut: bool
) -> None:
    task_id = create_slow(mill, slow_clip)
    with held_tool(mill) as tools:
        host = mill.find_worker(task_id)
        if is_all_cut:
            mill.network.isolate(host)
        else:
            mill.network.set_link(host, DATABASE_HOST, CUT)
        mill.strike()
        mill.wait_until(lambda: not any(lives(pid) for pid in tools), seconds=60, what="the tool is dead")
        stopped_after = time.monotonic() - mill.struck_at
        mill.wait_until(lambda: mill.count_attempts_of(task_id) == 2, what="the other worker takes the task")
        assert mill.find_worker(task_id) == other_than(host)
    wait_until_completed(mill, [task_id], seconds=60, what="the other worker finishes")
    mill.network.heal()
    mill.strike()
    assert_works_again(mill, host, photo)

    what = "everything" if is_all_cut else "the database"
    conclude(mill, "H1" if is_all_cut else "H2", f"worker cut off from {what}, then healed", expects="completed")
    assert stopped_after <= STOP_SECONDS
    assert mill.count_attempts_of(task_id) == 2
    assert mill.on_host[host].is_running(), "the worker lives through it"


def test_a_worker_cut_off_from_the_broker_goes_on_working(mill: HostsMill, photo: str, slow_clip: str) -> None:
    task_id = create_slow(mill, slow_clip)
    with held_tool(mill):
        host = mill.find_worker(task_id)
        mill.network.set_link(host, BROKER, CUT)
        mill.strike()
        created = create_photos(mill, photo, number=10)
        wait_until_completed(mill, created, seconds=30, what="the other worker does what comes meanwhile")
        mill.wait_until(lambda: time.monotonic() - mill.struck_at > 2 * LEASE_SECONDS, what="two leases are over")
        rows = mill.execute("SELECT status, attempt FROM tasks_tasklog WHERE id = %s", task_id)
        assert rows == [("processing", 1)], f"{rows}\n{mill.tail_logs()}"
    wait_until_completed(mill, [task_id], seconds=60, what="the task that ran through it all is done")
    mill.network.heal()
    mill.strike()
    assert_works_again(mill, host, photo)

    conclude(mill, "H3", "worker cut off from the broker, then healed", expects="completed")
    assert mill.count_attempts_of(task_id) == 1


def test_creation_does_not_wait_for_a_broker_out_of_reach(mill: HostsMill, photo: str) -> None:
    create_photos(mill, photo, number=1)
    mill.client.create_seconds.clear()
    mill.network.set_link(WEB, BROKER, CUT)
    mill.strike()
    created = create_photos(mill, photo, number=20)
    slowest = max(mill.client.create_seconds)
    wait_until_completed(mill, created, seconds=30, what="the workers find the tasks without the broker's help")
    mill.network.heal()

    conclude(mill, "H4", "web cut off from the broker", expects="completed")
    FIGURES.took("R4", "a creation over a dead link to the broker, the slowest of 20", slowest)
    assert slowest <= CREATE_SECONDS


def test_clients_are_told_soon_that_the_database_is_out_of_reach(mill: HostsMill, photo: str) -> None:
    create_photos(mill, photo, number=4)
    mill.network.set_link(WEB, DATABASE_HOST, CUT)

    def ask(_: int) -> tuple[float, int, str]:
        began = time.monotonic()
        answer = mill.client.post("/api/tasks/create_task/", {"file_path": photo, "task_type": "image"})
        return time.monotonic() - began, answer.status_code, answer.headers.get("Retry-After", "")

    with ThreadPoolExecutor(4) as several:
        told = [*several.map(ask, range(4)), ask(4)]
    mill.network.heal()
    mill.strike()
    mill.wait_until(
        lambda: mill.client.get("/api/tasks/progress/").status_code == 200, seconds=BACK_SECONDS, what="web is back"
    )
    create_photos(mill, photo, number=4)

    conclude(mill, "H5", "web cut off from the database, then healed", expects="completed")
    assert {status for _, status, _ in told} == {503}, told
    assert all(int(retry_after) > 0 for _, _, retry_after in told), told
    FIGURES.took("R11", "a client is told 503 over a dead link", max(seconds for seconds, _, _ in told))
    assert max(seconds for seconds, _, _ in told) <= ANSWER_SECONDS, told


def test_late_and_lost_packets_cost_time_and_no_task(mill: HostsMill, photo: str, slow_clip: str) -> None:
    mill.network.spoil(BAD)
    ends_at = time.monotonic() + 15

    def create(path: str, task_type: str) -> int:
        accepted = 0
        while time.monotonic() < ends_at:
            accepted += mill.client.create(path, task_type) is not None
        return accepted

    with ThreadPoolExecutor(4) as several:
        accepted = sum(several.map(create, [photo, photo, photo, slow_clip], ["image", "image", "image", "video"]))
    mill.network.heal()
    mill.strike()

    conclude(mill, "H6", "every link 300 ms slow and every fifth packet lost, 15 s", expects="completed")
    assert 0 < accepted <= mill.count()


def test_a_database_host_cut_off_from_all_costs_no_task(mill: HostsMill, photo: str, slow_clip: str) -> None:
    task_id = create_slow(mill, slow_clip)
    create_photos(mill, photo, number=5)
    with held_tool(mill) as tools:
        mill.network.isolate(DATABASE_HOST)
        mill.wait_until(lambda: not any(lives(pid) for pid in tools), seconds=60, what="the tool is dead")
    mill.network.heal()
    mill.strike()

    conclude(mill, "H7", "database host cut off for a lease, then healed", expects="completed")
    assert mill.count_attempts_of(task_id) == 2
    assert all(mill.on_host[host].is_running() for host in WORKERS)


HOLD_LOCKS = """
import django; django.setup()
import time
from django.db import connection, transaction
with transaction.atomic(), connection.cursor() as cursor:
    cursor.execute("SELECT id FROM tasks_tasklog FOR UPDATE")
    print("locked", flush=True)
    time.sleep(600)
"""


def test_rows_locked_by_a_host_that_vanished_are_free_again_soon(mill: HostsMill, photo: str) -> None:
    create_photos(mill, photo, number=1)
    mill.wait_until_ended(seconds=30)
    argv = mill.network.enter(WORKERS[0], [sys.executable, "-c", HOLD_LOCKS])
    holder = spawn(argv, death_signal=signal.SIGKILL, environ=mill.environ(), directory=ROOT, output=subprocess.PIPE)
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        mill.network.isolate(WORKERS[0])
        mill.strike()
        try:
            free = "SELECT 1 FROM tasks_tasklog FOR UPDATE SKIP LOCKED"
            mill.wait_until(lambda: mill.execute(free) != [], seconds=UNLOCK_SECONDS, what="the row is free")
        finally:
            holder.kill()

    conclude(mill, "H8", "host vanished with a row locked: lock is gone", expects="completed")
