"""Runs the benchmarks that are named, or all: `python -m benchmarks P3 cage`. Ends with 1 when a bar does not hold."""

import os
import sys
import time
from collections.abc import Sequence

from benchmarks import page, protocol
from benchmarks.registry import ALL, Benchmark, choose


def main(names: Sequence[str]) -> int:
    """Run benchmarks one after another, and write the page of their results, but for a short try."""
    chosen, unknown = choose(names)
    if unknown:
        sys.stderr.write(f"There is no benchmark {', '.join(unknown)}; there are: {', '.join(ALL)}.\n")
        return 2
    # As in the workers' cages: a worker has one processor for each file, and so has each rival.
    os.environ["VIPS_CONCURRENCY"] = "1"
    os.environ["MALLOC_ARENA_MAX"] = "2"
    held = [run(benchmark) for benchmark in chosen]
    if not protocol.is_short_try():
        page.write()
    return 0 if all(held) else 1


def run(benchmark: Benchmark) -> bool:
    """Run one, and say how long it took."""
    sys.stdout.write(f"{benchmark.name}: {benchmark.title}, against {benchmark.reference}\n")
    sys.stdout.flush()
    began_at = time.monotonic()
    held = benchmark.load()()
    sys.stdout.write(f"{benchmark.name} took {time.monotonic() - began_at:.0f} s\n\n")
    sys.stdout.flush()
    return held


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
