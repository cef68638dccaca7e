"""Prunes a filled service bite after bite, as its beat does, while something else is measured.

`python -m benchmarks.pruning`, with the environment of the service, says when it has begun, goes on until its input is
closed, and then prints as JSON how much it pruned, and whether it had pruned everything before.
"""

import json
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import django
from django.db import connection

from benchmarks.processes import ROOT, BenchmarkError

BEGUN: Final = "pruning\n"
DAYS: Final = 1
"""Nearly all that a filled service has to prune is older: so many bites that a benchmark ends before they do."""


@contextmanager
def prune_meanwhile(environ: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Let a process of the service prune as long as the block runs; what it yields holds the figures afterwards.

    Raises BenchmarkError where nothing was left to prune before the block ended: it measured something else.
    """
    told: dict[str, Any] = {}
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.pruning"],
        cwd=ROOT,
        env=dict(environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as pruner:
        if pruner.stdout is None or pruner.stdout.readline() != BEGUN:
            raise BenchmarkError("The pruning did not begin.")
        try:
            yield told
        finally:
            answer, _ = pruner.communicate()
    if pruner.returncode != 0:
        raise BenchmarkError(f"The pruning ended with {pruner.returncode}.")
    told.update(json.loads(answer))
    if told["is_everything_pruned"]:
        raise BenchmarkError(f"Nothing was left to prune after {told['rows']} rows: take more tasks, or fewer rounds.")


def prune_until_told() -> None:
    """Prune the progress, then the events, until the input is closed or nothing is left."""
    from filemill.tasks import pruning  # noqa: PLC0415  models can be imported only after the set-up

    until = pruning.mark_events(days=DAYS)
    bites = rows = 0
    work: list[tuple[str, list[Any]]] = [
        (pruning.PROGRESS, [DAYS, pruning.BITE]),
        (pruning.EVENTS, [until, until, pruning.BITE]),
    ]
    with connection.cursor() as cursor:
        while work and not _is_told():
            statement, given = work[0]
            cursor.execute(statement, given)
            if bites == 0:
                sys.stdout.write(BEGUN)
                sys.stdout.flush()
            bites, rows = bites + 1, rows + cursor.rowcount
            if cursor.rowcount < pruning.BITE:
                work.pop(0)
    sys.stdout.write(json.dumps({"bites": bites, "rows": rows, "is_everything_pruned": not work}))


def _is_told() -> bool:
    return bool(select.select([sys.stdin], [], [], 0)[0])


if __name__ == "__main__":
    django.setup()
    prune_until_told()
