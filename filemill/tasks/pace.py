"""How many files of a batch are claimed at once: as many as are likely to be worked on in a moment."""

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import UUID

MOST_FILES: Final = 50
GROWTH: Final = 4
"""A bite is at most so many times the one before: the files ahead may be larger than those behind."""
OVERDUE_SECONDS: Final = 0.5
"""A bite that takes so long, twice the longest that is meant, hands back what it has not begun."""


@dataclass(frozen=True, kw_only=True)
class Bite:
    """Files that were claimed together, being worked on."""

    began_at: float

    def seconds(self) -> float:
        """Return for how long it has been worked on."""
        return time.monotonic() - self.began_at

    def is_overdue(self) -> bool:
        """Say whether these files take far longer than those before, so that others should have the rest."""
        return self.seconds() > OVERDUE_SECONDS


class Pace:
    """The pace of one batch in this process."""

    def __init__(self) -> None:
        self._count = 1
        self._seconds_per_file = OVERDUE_SECONDS

    def count_next(self, seconds: float) -> int:
        """Return how many files the next bite should hold, to be worked on in about so many seconds."""
        fitting = int(seconds / self._seconds_per_file)
        return max(1, min(fitting, self._count * GROWTH, MOST_FILES))

    def learn(self, count: int, seconds: float) -> None:
        """Remember how long so many files took."""
        self._count = count
        self._seconds_per_file = max(seconds / count, 1e-4)


@lru_cache(maxsize=64)
def pace_of(batch_id: UUID) -> Pace:  # noqa: ARG001  it is what the cache goes by
    """Return the pace of a batch as this process has come to know it; a careful one at first."""
    return Pace()
