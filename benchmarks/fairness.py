"""P14: what a task of one user costs while another's 5,000 files wait."""

import statistics
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import httpx

from benchmarks import corpus, protocol
from benchmarks.bulk import THUMBNAIL, ask_for
from benchmarks.peers import loops
from benchmarks.processes import BenchmarkError
from benchmarks.protocol import Bar
from benchmarks.service import USERS, Service, make_memory, run_service
from benchmarks.single import time_one

BACKLOG: Final = 5_000
SAMPLES: Final = 30
FILE_TIMES: Final = 3
ALLOWED_MS: Final = 50.0


def measure() -> bool:
    """B's tasks alone, then while A's backlog is worked on."""
    backlog = [str(path) for path in corpus.make_small_pictures(protocol.count_files(BACKLOG))]
    paths = corpus.make_small_pictures(SAMPLES)
    with run_service(corpus.find_place()) as service:
        with service.open_client() as ann, service.open_client(USERS[1]) as bob:
            time_all(service, bob, paths[:5])
            alone = time_all(service, bob, paths)
            body = {"file_paths": backlog, "task_type": "image", "metadata": ask_for(THUMBNAIL)}
            service.hand_in(ann, body, address="bulk_create")
            beside = time_beside(service, bob, paths)
            service.wait_for_rows("true", [])
        file_time = 1000 * time_bare(paths)
    bar = judge_latency(alone, beside, file_time=file_time, beside_what="a backlog")
    details = {"backlog": len(backlog), "file_ms": round(file_time, 2), "tasks_beside": len(beside)}
    protocol.keep("P14", bars=[bar], details=details, rivals={"alone": alone, "beside the backlog": beside})
    return bar.holds


def judge_latency(alone: list[float], beside: list[float], *, file_time: float, beside_what: str) -> Bar:
    """Hold the seconds of one user's tasks beside another's work to those alone; `file_time` is in ms."""
    added = [1000 * (one - statistics.median(alone)) for one in beside]
    return Bar(
        name=f"latency beside {beside_what}, more than alone ({FILE_TIMES} file times + {ALLOWED_MS:.0f} ms)",
        unit="ms",
        figure=statistics.median(added),
        at_most=round(FILE_TIMES * file_time + ALLOWED_MS, 1),
        spread=(min(added), max(added)),
    )


def time_bare(paths: Sequence[Path]) -> float:
    """Return the seconds that a bare loop needs for one of these files: the median."""
    loops.prepare()
    with make_memory() as memory:
        jobs = [(str(path), str(memory / "bare.jpg"), *THUMBNAIL) for path in paths]
        return statistics.median(protocol.time_it(partial(loops.make_thumbnail, job)) for job in jobs)


def time_all(service: Service, client: httpx.Client, paths: Sequence[Path]) -> list[float]:
    """Time one task for each file, one after the other."""
    return [time_one(service, client, path) for path in paths]


def time_beside(service: Service, client: httpx.Client, paths: Sequence[Path]) -> list[float]:
    """Time tasks for as long as the other user's backlog lasts."""
    taken: list[float] = []
    for path in paths:
        seconds = time_one(service, client, path)
        if not service.execute("SELECT 1 FROM tasks_tasklog WHERE status = 'pending' LIMIT 1"):
            break
        taken.append(seconds)
    if not taken:
        raise BenchmarkError("The backlog was worked off before the other user's first task was done.")
    return taken
