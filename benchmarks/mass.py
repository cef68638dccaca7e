"""100,000 small files in one request: all end and are counted, memory stays flat, and another user hardly waits."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from benchmarks import corpus, proc, protocol
from benchmarks.bulk import THUMBNAIL, ask_for
from benchmarks.fairness import SAMPLES, judge_latency, time_all, time_bare
from benchmarks.protocol import Bar
from benchmarks.service import ACTIVE, USERS, Service, run_service
from benchmarks.single import time_one

FILES: Final = 100_000
PAUSE_SECONDS: Final = 0.5
"""Between two single tasks of the other user."""
SAMPLE_SECONDS: Final = 5.0
SERVERS: Final = ("postgres", "valkey")
"""Their memory is told, and no part of the bar: shared buffers fill up to the size they were given."""


@dataclass
class Course:
    """What was seen while the files were worked on."""

    singles: list[float] = field(default_factory=list)
    memory: list[dict[str, float]] = field(default_factory=list)

    def sum_ours(self) -> list[float]:
        """Megabytes of our own processes, sample by sample."""
        return [sum(size for part, size in sample.items() if part not in SERVERS) for sample in self.memory]


def measure() -> bool:
    """One user's files from the request to the last row, and another's single tasks all the while."""
    files = [str(path) for path in corpus.make_small_pictures(protocol.count_files(FILES))]
    paths = corpus.make_small_pictures(SAMPLES)
    with run_service(corpus.find_place()) as service:
        with service.open_client() as ann, service.open_client(USERS[1]) as bob:
            ann.timeout = httpx.Timeout(600.0)
            time_all(service, bob, paths[:5])
            alone = time_all(service, bob, paths)
            body = {"file_paths": files, "task_type": "image", "metadata": ask_for(THUMBNAIL)}
            began_at = time.perf_counter()
            batch = service.hand_in(ann, body, address="bulk_create")["id"]
            accepted = time.perf_counter() - began_at
            course = follow(service, bob, paths)
            ended = time.perf_counter() - began_at
            told = ann.get(f"/api/batches/{batch}/").json()
        file_ms = 1000 * time_bare(paths)
    bars = [
        Bar(name="files completed, as the batch counts them", unit="", figure=told["completed"], at_least=len(files)),
        judge_memory(course),
        judge_latency(alone, course.singles, file_time=file_ms, beside_what="100,000 files"),
    ]
    details = {
        "files": len(files),
        "seconds_until_accepted": round(accepted, 1),
        "files_per_second": round(len(files) / (ended - accepted), 1),
        "single_tasks_beside": len(course.singles),
        "file_ms": round(file_ms, 2),
        "megabytes_first": course.memory[0],
        "megabytes_last": course.memory[-1],
    }
    protocol.keep("mass", bars=bars, details=details, rivals={"alone": alone, "beside the files": course.singles})
    return all(bar.holds for bar in bars)


def follow(service: Service, client: httpx.Client, paths: Sequence[Path]) -> Course:
    """Hand in single tasks and look at the memory until the other user's files have all ended."""
    course = Course()
    sampled_at = 0.0
    active = "SELECT 1 FROM tasks_tasklog WHERE status = ANY(%s) LIMIT 1"
    while service.execute(active, [ACTIVE]):
        course.singles.append(time_one(service, client, paths[len(course.singles) % len(paths)]))
        if time.monotonic() - sampled_at >= SAMPLE_SECONDS:
            course.memory.append(proc.measure_memory(service.parts))
            sampled_at = time.monotonic()
        time.sleep(PAUSE_SECONDS)  # another user's single tasks, and not a second bulk
    return course


def judge_memory(course: Course) -> Bar:
    """Compare the last fifth with the second: in the first the processes warm up."""
    ours = course.sum_ours()
    fifth = max(1, len(ours) // 5)
    early, late = ours[fifth : 2 * fifth] or ours, ours[-fifth:]
    growth = 100 * (statistics.median(late) / statistics.median(early) - 1)
    return Bar(name="growth of web and worker, last fifth against second", unit="%", figure=growth, at_most=5.0)
