"""What a filled service does by itself, timed in a process of its own: rounds of the sweeper and bites of pruning.

`python -m benchmarks.chores ROUNDS`, with the environment of the service, prints the times as JSON.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import django
from django.db import connection

from benchmarks import protocol
from benchmarks.processes import BenchmarkError, run_program

ROUNDS: Final = 11
BITES: Final = 5
DAYS: Final = 10
"""Older than this is pruned: of a filled service about half of what there is to prune."""


def measure(environ: Mapping[str, str]) -> dict[str, Any]:
    """Let a process of the service whose environment this is time its chores."""
    rounds = protocol.count_rounds(ROUNDS)
    told: dict[str, Any] = json.loads(run_program(["-m", "benchmarks.chores", str(rounds)], environ=environ))
    return told


def time_chores(rounds: int) -> dict[str, Any]:
    """Return milliseconds for each chore, and how many rows a bite had."""
    from filemill.tasks import pruning  # noqa: PLC0415  models can be imported only after the set-up

    until = pruning.mark_events(days=DAYS)
    return {
        "a round of the sweeper with nothing to do": protocol.summarise(time_rounds(rounds)),
        "a bite of progress": time_bites(pruning.PROGRESS, [DAYS, pruning.BITE]),
        "a bite of events": time_bites(pruning.EVENTS, [until, until, pruning.BITE]),
    }


def time_rounds(rounds: int) -> list[float]:
    """Time rounds after the one that sends what waits."""
    from filemill.tasks import sweeping  # noqa: PLC0415  models can be imported only after the set-up

    sweeping.sweep()
    nothing = sweeping.Swept(rescued=0, expired=0, sent=0, resent=0)

    def sweep() -> None:
        swept = sweeping.sweep()
        if swept != nothing:
            raise BenchmarkError(f"A round had something to do: {swept}.")

    return [protocol.time_it(sweep) for _ in range(rounds)]


def time_bites(statement: str, given: Sequence[Any]) -> dict[str, Any]:
    """Time a few bites, each in a transaction of its own, while there is something to prune."""
    rows: list[int] = []
    seconds: list[float] = []

    def bite() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, given)
            rows.append(cursor.rowcount)

    while len(rows) < BITES and (not rows or rows[-1] == given[-1]):
        seconds.append(protocol.time_it(bite))
    return {**protocol.summarise(seconds), "rows": rows}


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(time_chores(int(sys.argv[1]))))
