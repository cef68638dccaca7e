"""How many files of a batch are claimed at once: as many as were lately worked on in a moment."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import UUID

BITE_SECONDS: Final = 0.05
"""What is claimed together is worked on in about this time: so long others wait for a slice to end, at the most."""
MOST_FILES: Final = 50
GROWTH: Final = 4
"""A bite is at most so many times the one before: the files ahead may be larger than those behind."""
OVERDUE_BITES: Final = 5
"""A bite that takes so many times as long hands back what it has not begun."""


@dataclass(frozen=True, kw_only=True)
class Bite:
    """Files that were claimed together, being worked on."""

    began_at: float

    def is_overdue(self) -> bool:
        """Say whether these files take far longer than those before, so that others should have the rest."""
        return time.monotonic() - self.began_at > BITE_SECONDS * OVERDUE_BITES


class Pace:
    """The pace of one batch in this process."""

    def __init__(self) -> None:
        self._count = 1
        self._seconds_per_file = BITE_SECONDS

    def count_next(self) -> int:
        """Return how many files the next bite should hold."""
        fitting = int(BITE_SECONDS / self._seconds_per_file)
        return max(1, min(fitting, self._count * GROWTH, MOST_FILES))

    @contextmanager
    def of_bite(self, count: int) -> Iterator[Bite]:
        """Measure the work on a bite of so many files."""
        began_at = time.monotonic()
        yield Bite(began_at=began_at)
        self.learn(count, time.monotonic() - began_at)

    def learn(self, count: int, seconds: float) -> None:
        """Remember how long a bite took."""
        self._count = count
        self._seconds_per_file = max(seconds / count, 1e-4)


@lru_cache(maxsize=64)
def pace_of(batch_id: UUID) -> Pace:  # noqa: ARG001  it is what the cache goes by
    """Return the pace of a batch as this process has come to know it; a careful one at first."""
    return Pace()
