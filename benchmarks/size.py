"""P9: what people read of their tasks, where there are ten million of them, against the same among a thousand.

They are read once more while old rows are pruned; what the service does there by itself (a round of the sweeper, bites
of pruning) is timed besides.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import httpx

from benchmarks import chores, corpus, protocol
from benchmarks.filling import fill
from benchmarks.processes import BenchmarkError
from benchmarks.protocol import Bar
from benchmarks.pruning import prune_meanwhile
from benchmarks.service import USERS, Service, run_service

FEW: Final = 1_000
MANY: Final = 10_000_000
ROUNDS: Final = 41
PRUNED_ROUNDS: Final = 21
"""Fewer: all of them have to end before everything old is pruned, which is a matter of seconds."""
FEW_NAME, MANY_NAME = "a thousand", "ten million"
ADD_USERS: Final = """
    INSERT INTO auth_user (password, is_superuser, username, first_name, last_name, email, is_staff, is_active,
                           date_joined)
    SELECT '', false, 'user' || i, '', '', '', false, true, statement_timestamp() FROM generate_series(1, 8) AS i"""
MIDDLE: Final = """
    SELECT id FROM tasks_tasklog WHERE user_id = %s AND created_at >= (
        SELECT min(created_at) + (max(created_at) - min(created_at)) / 2 FROM tasks_tasklog)
    ORDER BY created_at, id LIMIT 1"""


class Reader:
    """One of the two services, and what its first user reads."""

    def __init__(self, service: Service, client: httpx.Client, total: int) -> None:
        self._client = client
        users = self._make_users(service)
        self.filled_in_seconds = fill(service.servers.connect(), total=total, users=users)
        [(middle,)] = service.execute(MIDDLE, [users[0]])
        self.addresses: Mapping[str, str] = {
            "page 1": "/api/tasks/",
            "a filtered page": "/api/tasks/?status=failed&task_type=image",
            "a page by its cursor": f"/api/tasks/?cursor={self._find_cursor(total)}",
            "the progress summary": "/api/tasks/progress/",
            "one task": f"/api/tasks/{middle}/",
        }

    def read(self, address: str) -> dict[str, Any]:
        answer = self._client.get(address)
        if answer.status_code != 200:
            raise BenchmarkError(f"{address}: {answer.status_code} {answer.text[:300]}")
        told: dict[str, Any] = answer.json()
        return told

    def _make_users(self, service: Service) -> list[int]:
        service.execute(ADD_USERS)
        found = service.execute("SELECT id FROM auth_user ORDER BY username <> %s, id", [USERS[0]])
        return [user_id for (user_id,) in found]

    def _find_cursor(self, total: int) -> str:
        """Go to the middle of the list by its number, once."""
        told = self.read(f"/api/tasks/?page_size=200&page={max(1, total * 6 // 10 // 200 // 2)}")
        return str(told["next_cursor"])


def measure() -> bool:
    """Fill both, and let them answer in turns."""
    many = protocol.count_files(MANY)
    roots = corpus.find_place()
    with (
        run_service(roots, with_worker=False) as small,
        run_service(roots, with_worker=False) as large,
        small.open_client() as first,
        large.open_client() as second,
    ):
        readers = {FEW_NAME: Reader(small, first, FEW), MANY_NAME: Reader(large, second, many)}
        taken = {what: compare(readers, what, rounds=ROUNDS) for what in readers[FEW_NAME].addresses}
        searched = protocol.time_it(lambda: readers[MANY_NAME].read("/api/tasks/?search=needle"))
        size = large.execute("SELECT pg_database_size(current_database())")[0][0]
        filled = readers[MANY_NAME].filled_in_seconds
        by_itself = {name: chores.measure(service.environ) for name, service in ((FEW_NAME, small), (MANY_NAME, large))}
        with prune_meanwhile(large.environ) as pruned:
            taken |= {
                f"{what}, while old rows are pruned": compare(readers, what, rounds=PRUNED_ROUNDS)
                for what in readers[FEW_NAME].addresses
            }
    bars = [
        Bar(
            name=f"{what}, against the same among a thousand",
            unit="times",
            figure=protocol.find_median_ratio(times[MANY_NAME], times[FEW_NAME]),
            at_most=1.5,
        )
        for what, times in taken.items()
    ]
    bars.append(Bar(name="a search by name", unit="s", figure=searched, at_most=1.0))
    details = {
        "tasks": many,
        "gigabytes": round(size / 1e9, 1),
        "filled_in_seconds": filled,
        "pruned_meanwhile": pruned,
        "by_itself": {what: {name: told[what] for name, told in by_itself.items()} for what in by_itself[FEW_NAME]},
    }
    rivals = {f"{what}, {name}": seconds for what, times in taken.items() for name, seconds in times.items()}
    protocol.keep("P9", bars=bars, details=details, rivals=rivals)
    return all(bar.holds for bar in bars)


def compare(readers: Mapping[str, Reader], what: str, *, rounds: int) -> dict[str, list[float]]:
    """Let both answer the same question in turns."""
    rivals = {name: partial(reader.read, reader.addresses[what]) for name, reader in readers.items()}
    return protocol.take_turns(rivals, rounds=protocol.count_rounds(rounds), warm_up=2)
