"""P15: the memory of the whole idle service at concurrency 4, and how it grows over 10,000 tasks."""

import time
from typing import Final

from benchmarks import corpus, proc, protocol
from benchmarks.bulk import THUMBNAIL, ask_for
from benchmarks.processes import BenchmarkError
from benchmarks.protocol import Bar
from benchmarks.service import Service, run_service

CONCURRENCY: Final = 4
TASKS: Final = 10_000
WARM_UP: Final = 30_000
"""PostgreSQL's cache of 128 MB fills up over these, and that is no growth: it was full after 25,000."""
SETTLED: Final = 0.005
"""The memory is settled when it moved by no more than this part within a pause."""
PAUSE_SECONDS: Final = 2.0
LONGEST_SECONDS: Final = 60.0


def measure() -> bool:
    """Idle after the start, idle after a warm-up, and idle after the tasks."""
    with run_service(corpus.find_place(), concurrency=CONCURRENCY) as service, service.open_client() as client:
        service.start_program("beat", ["celery", "-A", "config", "beat", "-l", "info"]).wait_for_line("beat: Starting")
        memory = {"after the start": settle(service)}
        for name, count in (("after the warm-up", WARM_UP), ("after the tasks", TASKS)):
            paths = [str(path) for path in corpus.make_small_pictures(protocol.count_files(count))]
            service.run_bulk(client, {"file_paths": paths, "task_type": "image", "metadata": ask_for(THUMBNAIL)})
            memory[name] = settle(service)
    sums = {name: sum(by_class.values()) for name, by_class in memory.items()}
    growth = 100 * (sums["after the tasks"] / sums["after the warm-up"] - 1)
    bars = [
        Bar(name="memory (PSS) of the idle service", unit="MB", figure=sums["after the start"], at_most=600.0),
        Bar(name="growth over 10,000 tasks", unit="%", figure=growth, at_most=5.0),
    ]
    told = {
        name: {part: round(megabytes, 1) for part, megabytes in by_class.items()} for name, by_class in memory.items()
    }
    protocol.keep("P15", bars=bars, details={"concurrency": CONCURRENCY, "tasks": TASKS, "megabytes": told})
    return all(bar.holds for bar in bars)


def settle(service: Service) -> dict[str, float]:
    """Wait until the memory no longer moves, and return it by class of process."""
    ends_at = time.monotonic() + LONGEST_SECONDS
    parts = service.parts
    before = sum(proc.measure_memory(parts).values())
    while time.monotonic() < ends_at:
        time.sleep(PAUSE_SECONDS)  # that nothing moves shows only over time
        now = proc.measure_memory(parts)
        if abs(sum(now.values()) - before) <= SETTLED * before:
            return now
        before = sum(now.values())
    raise BenchmarkError("The memory of the idle service does not come to rest.")
