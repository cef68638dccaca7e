"""`kill -9` of anything at any time: for a minute it strikes whatever runs, and only what died is started again."""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from filemill.processing.cage.families import list_children
from tests.chaos.figures import FIGURES
from tests.chaos.mill import Mill
from tests.chaos.verdict import conclude, statuses

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(400)]

STORM_SECONDS = 60
PACE_SECONDS = 1.5
WORKERS = 3


def list_all_children(pids: list[int]) -> list[int]:
    return [child for pid in pids for child in list_children(pid)]


def list_web(mill: Mill) -> list[int]:
    assert mill.web is not None
    return [mill.web.process.pid]


def list_workers(mill: Mill) -> list[int]:
    return [worker.process.pid for worker in mill.workers if worker.is_running()]


def list_pool_children(mill: Mill) -> list[int]:
    return [pid for pid in list_all_children(list_workers(mill)) if not is_fork_server(pid)]


def list_fork_servers(mill: Mill) -> list[int]:
    return [pid for pid in list_all_children(list_workers(mill)) if is_fork_server(pid)]


def is_fork_server(pid: int) -> bool:
    try:
        return b"fork_server_process" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False  # It has ended meanwhile.


def list_zygotes(mill: Mill) -> list[int]:
    return list_all_children([*list_pool_children(mill), *list_fork_servers(mill)])


def list_caged(mill: Mill) -> list[int]:
    return list_all_children(list_zygotes(mill))


def list_postgres(mill: Mill) -> list[int]:
    assert mill.postgres.process is not None
    return [mill.postgres.process.pid]


def list_backends(mill: Mill) -> list[int]:
    return list_all_children(list_postgres(mill))


def list_valkey(mill: Mill) -> list[int]:
    assert mill.valkey.process is not None
    return [mill.valkey.process.pid]


VICTIMS: dict[str, Callable[[Mill], list[int]]] = {
    "web": list_web,
    "worker": list_workers,
    "pool child": list_pool_children,
    "fork server": list_fork_servers,
    "zygote": list_zygotes,
    "caged process": list_caged,
    "database": list_postgres,
    "backend of the database": list_backends,
    "broker": list_valkey,
}


def kill_one(mill: Mill, kind: str, chance: random.Random) -> int:
    """Kill one process of a kind, if there is one; return how many were killed."""
    victims = VICTIMS[kind](mill)
    if not victims:
        return 0
    try:
        os.kill(chance.choice(victims), signal.SIGKILL)
    except ProcessLookupError:
        return 0  # it had just ended
    return 1


def start_again(mill: Mill) -> None:
    """Start what a supervisor would find ended; pool children, cages and backends are their parents' business."""
    for server in (mill.postgres, mill.valkey):
        if not server.is_running():
            server.start()
    for worker in [worker for worker in mill.workers if not worker.is_running()]:
        mill.workers.remove(worker)
        mill.launch_worker(concurrency=1)
    if mill.web is None or not mill.web.is_running():
        mill.start_web()


def has_recovered(mill: Mill) -> bool:
    """Start what died once more: a database whose recovery was struck as well ends a moment later."""
    start_again(mill)
    return mill.accepts_connections()


def test_kill_9_of_anything_at_any_time_ends_every_task_once(mill: Mill, photo: str, story: str, clip: str) -> None:
    mill.dismiss_workers()
    mill.start_workers(WORKERS, concurrency=1)
    chance = random.Random(9)
    killed: Counter[str] = Counter()
    ends_at = time.monotonic() + STORM_SECONDS
    is_over = threading.Event()
    with ThreadPoolExecutor(1) as client:
        creating = client.submit(keep_creating, mill, [photo, story, clip], is_over)
        try:
            while time.monotonic() < ends_at or min(killed[kind] for kind in VICTIMS) == 0:
                time.sleep(PACE_SECONDS)  # the pace of the storm
                kind = chance.choice([kind for kind in VICTIMS if killed[kind] == min(killed[one] for one in VICTIMS)])
                killed[kind] += kill_one(mill, kind, chance)
                start_again(mill)
        finally:
            is_over.set()
        accepted = creating.result()
    mill.strike()
    mill.wait_until(lambda: has_recovered(mill), what="the database has recovered")

    conclude(mill, "any", "kill -9 of anything, every 1.5 s for a minute", seconds=120)
    FIGURES.counted("R1", "accepted tasks that were gone", max(0, accepted - mill.count()), of=accepted)
    assert min(killed[kind] for kind in VICTIMS) >= 1, f"something was never killed: {killed}"
    assert accepted <= mill.count()
    assert set(statuses(mill)) == {"completed"}, mill.execute(
        "SELECT id, error_code, error_message FROM tasks_tasklog WHERE status <> 'completed'"
    )


def keep_creating(mill: Mill, paths: list[str], is_over: threading.Event) -> int:
    """Hand in one file after the other, each of its own content: deaths in the same content are added up over tasks."""
    accepted = 0
    kinds = ("image", "document", "video")
    for number in count():
        if is_over.wait(0.1):  # the pace of the client
            break
        path, kind = Path(paths[number % 3]), kinds[number % 3]
        own = mill.home.inbox / f"{number}{path.suffix}"
        own.write_bytes(path.read_bytes() + f"\n{number}".encode())
        options = {"metadata": {"resize": [160, 90]}} if kind == "video" else {}
        accepted += mill.client.create(str(own), kind, **options) is not None
    return accepted
