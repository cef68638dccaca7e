"""P4 and P5: tasks handed in one by one: how many get done, and how long one takes."""

import statistics
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import httpx

from benchmarks import corpus, protocol
from benchmarks.bulk import FULL_HD, THUMBNAIL, ask_for
from benchmarks.peers import loops
from benchmarks.peers.loops import Loop
from benchmarks.protocol import Bar
from benchmarks.service import Service, make_memory, run_service

SAMPLES: Final = 300
POLL_SECONDS: Final = 0.002


def measure_throughput() -> bool:
    """P4: photos, each handed in by a request of its own."""
    paths = corpus.make_photos(protocol.count_files(200))
    with (
        run_service(corpus.find_place()) as service,
        service.open_client() as client,
        make_memory() as memory,
        Loop(memory) as loop,
    ):
        rivals = {
            "filemill": lambda: hand_in_all(service, client, paths),
            "bare thumbnail": lambda: loop.run(paths, box=FULL_HD),
        }
        taken = protocol.take_turns(rivals, rounds=protocol.count_rounds(5))
    name = "speed against a bare loop of `thumbnail`"
    bar = protocol.require_speed(name, taken["filemill"], taken["bare thumbnail"], at_least=0.80)
    protocol.keep("P4", bars=[bar], details={"files": len(paths)}, rivals=taken)
    return bar.holds


def hand_in_all(service: Service, client: httpx.Client, paths: Sequence[Path]) -> None:
    """Create a task for each file, and wait until all are completed."""
    ids = [
        service.hand_in(client, {"file_path": str(path), "task_type": "image", "metadata": ask_for(FULL_HD)})["id"]
        for path in paths
    ]
    service.wait_for_rows("id = ANY(%s::uuid[])", [ids])


def measure_latency() -> bool:
    """P5: a small picture on an idle service; the bare work is done in this process, between the tasks."""
    paths = corpus.make_small_pictures(protocol.count_files(SAMPLES))
    taken: dict[str, list[float]] = {"filemill": [], "bare thumbnail": []}
    loops.prepare()
    with run_service(corpus.find_place()) as service, service.open_client() as client, make_memory() as memory:
        target = str(memory / "bare.jpg")
        for path in [*paths[:10], *paths]:
            taken["filemill"].append(time_one(service, client, path))
            bare = partial(loops.make_thumbnail, (str(path), target, *THUMBNAIL))
            taken["bare thumbnail"].append(protocol.time_it(bare))
    product, bare_seconds = (seconds[10:] for seconds in taken.values())
    work = statistics.median(bare_seconds)
    added = [1000 * (one - work) for one in product]
    bars = [
        Bar(
            name="median latency, more than the bare work",
            unit="ms",
            figure=statistics.median(added),
            at_most=30.0,
            spread=(min(added), max(added)),
        ),
        Bar(
            name="99th percentile, more than the bare work",
            unit="ms",
            figure=protocol.find_percentile(added, 99),
            at_most=60.0,
        ),
    ]
    rivals = {"filemill": product, "bare thumbnail": bare_seconds}
    protocol.keep("P5", bars=bars, details={"tasks": len(product)}, rivals=rivals)
    return all(bar.holds for bar in bars)


def time_one(service: Service, client: httpx.Client, path: Path) -> float:
    """Return the seconds from the request to the completed row; then leave the service a moment to become idle."""
    body = {"file_path": str(path), "task_type": "image", "metadata": ask_for(THUMBNAIL)}
    began_at = time.perf_counter()
    task = service.hand_in(client, body)["id"]
    service.wait_for_rows("id = %s", [task], every_seconds=POLL_SECONDS)
    taken = time.perf_counter() - began_at
    time.sleep(0.01)  # what the worker does after the end of a task is no part of the next one
    return taken
