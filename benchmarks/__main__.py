"""Runs the benchmarks that are named, or all: `python -m benchmarks cage`. Ends with 1 when a bar does not hold."""

import importlib
import os
import sys
from collections.abc import Sequence

ALL = ("cage",)


def main(names: Sequence[str]) -> int:
    """Run benchmarks one after another."""
    unknown = set(names) - set(ALL)
    if unknown:
        sys.stderr.write(f"There is no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(ALL)}.\n")
        return 2
    # As in the workers' cages: a worker has one processor for each file, and so has each rival.
    os.environ["VIPS_CONCURRENCY"] = "1"
    held = [importlib.import_module(f"benchmarks.{name}").main() for name in names or ALL]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
