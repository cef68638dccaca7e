"""A day's load, simulated: how long single tasks wait beside bulk jobs, under Filemill's dispatch and under one queue.

`python -m benchmarks.simulation` prints a table for docs/explanation/scaling.md. The times of work are measured ones
(docs/explanation/benchmarks.md); what is simulated is the order in which work is taken. No clock is involved: events
come out of a heap, so a day of a hundred processes takes seconds.
"""

import heapq
import math
import random
import statistics
import sys
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final, Literal

Discipline = Literal["windows and slices", "one queue"]

SLICE_SECONDS: Final = 0.25
LOOK_SECONDS: Final = 0.03
"""So often a slice looks whether others wait."""
WINDOW: Final = 16
MESSAGES_PER_SLOT: Final = 2
HOUR: Final = 3600.0


@dataclass(frozen=True, kw_only=True)
class Load:
    """A day of many users: single tasks all day long, fewest at night, and bulk jobs now and then."""

    processes: int
    users: int = 50
    single_seconds: float = 0.3
    """The median of one task's work; the slowest hundredth takes ten times as long."""
    file_seconds: float = 0.01
    files_of_a_batch: int = 20_000
    singles_share: float = 0.45
    """How much of the processes single tasks need at the peak of the day."""
    batches_share: float = 0.35
    """How much of them bulk jobs need, over the day."""
    hours: float = 24.0


@dataclass(kw_only=True)
class Single:
    """A task of its own."""

    user: int
    seconds: float
    arrived_at: float


@dataclass(kw_only=True)
class Batch:
    """What one bulk request makes."""

    user: int
    remaining: int
    arrived_at: float
    ended_at: float | None = None


Message = Single | Batch


@dataclass(kw_only=True)
class Outcome:
    """What became of a day: the waits of single tasks until they begin, by the hour, and the batches."""

    waits: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    batches: list[Batch] = field(default_factory=list)

    def all_waits(self) -> list[float]:
        return [wait for hour in self.waits.values() for wait in hour]


class Mill:
    """Processes that take messages; what they take next is the discipline."""

    def __init__(self, load: Load, discipline: Discipline) -> None:
        self._load = load
        self._is_ours = discipline == "windows and slices"
        self._now = 0.0
        self._numbers = count()
        self._events: list[tuple[float, int, str, object]] = []
        self._free = load.processes
        self._queues: tuple[deque[Message], deque[Message]] = (deque(), deque())
        self._turn = 0
        self._backlog: dict[int, deque[Single]] = defaultdict(deque)
        self._in_flight: dict[int, int] = defaultdict(int)
        self.outcome = Outcome()

    def run(self, arrivals: Sequence[Message]) -> Outcome:
        """Let everything arrive and be worked on, to the last file."""
        for message in arrivals:
            self._at(message.arrived_at, "arrival", message)
        while self._events:
            self._now, _, kind, what = heapq.heappop(self._events)
            getattr(self, f"_on_{kind}")(what)
            self._take()
        return self.outcome

    def _at(self, moment: float, kind: str, what: object) -> None:
        heapq.heappush(self._events, (moment, next(self._numbers), kind, what))

    def _on_arrival(self, message: Message) -> None:
        if isinstance(message, Batch):
            self.outcome.batches.append(message)
            slices = min(self._load.processes, message.remaining) if self._is_ours else message.remaining
            self._queues[1 if self._is_ours else 0].extend([message] * slices)
        elif self._is_ours:
            self._backlog[message.user].append(message)
            self._refill(message.user)
        else:
            self._queues[0].append(message)

    def _refill(self, user: int) -> None:
        window = min(WINDOW, MESSAGES_PER_SLOT * self._load.processes)
        while self._backlog[user] and self._in_flight[user] < window:
            self._queues[0].append(self._backlog[user].popleft())
            self._in_flight[user] += 1

    def _take(self) -> None:
        while self._free and (message := self._next()) is not None:
            self._free -= 1
            if isinstance(message, Single):
                self.outcome.waits[int(message.arrived_at // HOUR)].append(self._now - message.arrived_at)
                self._at(self._now + message.seconds, "single_end", message)
            elif self._is_ours:
                self._bite(message, self._now + SLICE_SECONDS)
            else:
                message.remaining -= 1
                self._at(self._now + self._load.file_seconds, "file_end", message)

    def _next(self) -> Message | None:
        """Take from the two queues in turns, as Celery does."""
        for _ in self._queues:
            self._turn = 1 - self._turn
            if self._queues[self._turn]:
                return self._queues[self._turn].popleft()
        return None

    def _on_single_end(self, task: Single) -> None:
        self._free += 1
        if self._is_ours:
            self._in_flight[task.user] -= 1
            self._refill(task.user)

    def _on_file_end(self, batch: Batch) -> None:
        self._free += 1
        if batch.remaining == 0:
            batch.ended_at = self._now

    def _bite(self, batch: Batch, slice_ends_at: float) -> None:
        files = min(batch.remaining, max(1, int(LOOK_SECONDS / self._load.file_seconds)))
        batch.remaining -= files
        self._at(self._now + files * self._load.file_seconds, "bite_end", (batch, slice_ends_at))

    def _on_bite_end(self, ended: tuple[Batch, float]) -> None:
        batch, slice_ends_at = ended
        if batch.remaining == 0:
            batch.ended_at = self._now
            self._free += 1
        elif self._now < slice_ends_at and not self._others_wait(batch.user):
            self._bite(batch, slice_ends_at)
        else:
            self._free += 1
            self._queues[1].append(batch)

    def _others_wait(self, user: int) -> bool:
        return any(isinstance(message, Single) and message.user != user for message in self._queues[0])


def draw_day(load: Load, seed: int) -> list[Message]:
    """Draw the arrivals of a day: single tasks along a curve, batches at any time."""
    chance = random.Random(seed)  # noqa: S311  a day is drawn, and no secret
    spread = math.log(10) / 2.326  # of a logarithmic normal distribution: the slowest hundredth is ten times the median
    mean = load.single_seconds * math.exp(spread**2 / 2)
    singles: list[Message] = [
        Single(
            user=chance.randrange(load.users),
            seconds=load.single_seconds * math.exp(chance.gauss(0, spread)),
            arrived_at=moment,
        )
        for moment in _draw_moments(chance, load.processes * load.singles_share / mean, load.hours)
    ]
    work_of_a_batch = load.files_of_a_batch * load.file_seconds
    batches = load.processes * load.batches_share * load.hours * HOUR / work_of_a_batch
    return singles + [
        Batch(
            user=chance.randrange(load.users),
            remaining=load.files_of_a_batch,
            arrived_at=chance.uniform(0, load.hours * HOUR * 0.9),
        )
        for _ in range(round(batches))
    ]


def _draw_moments(chance: random.Random, peak: float, hours: float) -> Iterator[float]:
    """Thin out arrivals at the rate of the peak, at four in the afternoon; at four at night a fifth is left."""
    moment = 0.0
    while (moment := moment + chance.expovariate(peak)) < hours * HOUR:
        if chance.random() < 0.6 - 0.4 * math.cos((moment / HOUR - 4) / 24 * 2 * math.pi):
            yield moment


def simulate(load: Load, discipline: Discipline, *, seed: int = 1) -> Outcome:
    """Run one day under one discipline."""
    return Mill(load, discipline).run(draw_day(load, seed))


def find_percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that so many per cent are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(len(ordered) * percent / 100) - 1)]


def main() -> None:
    """Print the table of several sizes under both disciplines."""
    sys.stdout.write(
        "| Processes | Dispatch | Single tasks | Wait: median | 99 of 100 | Longest | Batches: median |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
    )
    for processes, hours in ((2, 24.0), (10, 24.0), (100, 4.0)):
        load = Load(processes=processes, hours=hours)
        disciplines: tuple[Discipline, ...] = ("windows and slices", "one queue")
        for discipline in disciplines:
            sys.stdout.write(write_row(load, discipline, simulate(load, discipline)))
            sys.stdout.flush()


def write_row(load: Load, discipline: Discipline, outcome: Outcome) -> str:
    """Return a row of the table."""
    waits = outcome.all_waits()
    batch = statistics.median((batch.ended_at or math.inf) - batch.arrived_at for batch in outcome.batches)
    return (
        f"| {load.processes} | {discipline} | {len(waits):,} | {statistics.median(waits):.2f} s "
        f"| {find_percentile(waits, 99):.2f} s | {max(waits):.1f} s | {batch / 60:.1f} min |\n"
    )


if __name__ == "__main__":
    main()
