"""Whether a failed attempt is tried again, and when: pure."""

import random
from dataclasses import dataclass

from filemill.processing.errors import ProcessingError

POISON_DEATHS = 3
"""A file in whose run the cage died this often is not tried again."""
BASE_SECONDS = 5.0
LONGEST_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True)
class GiveUp:
    """The task fails with this code and message."""

    error_code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class TryAgain:
    """The task goes back to pending, due after the delay."""

    delay_seconds: float
    is_cage_death: bool


def decide(
    error: ProcessingError,
    *,
    failures: int,
    cage_deaths: int,
    max_retries: int,
    base_seconds: float = BASE_SECONDS,
    patience: float = 1.0,
    luck: float | None = None,
) -> GiveUp | TryAgain:
    """Decide after an attempt has failed; `failures` and `cage_deaths` count those of this generation before it.

    A passing error allows one execution and `max_retries` more; the delay doubles, with jitter, so that tasks that
    failed together do not come back together. `patience` is the operation's factor: work that takes long may wait
    longer. `luck` (0.0–1.0) stands in for chance in tests.
    """
    died = is_cage_death(error)
    if died and cage_deaths + 1 >= POISON_DEATHS:
        message = f"The confined process died on this file {POISON_DEATHS} times; last: {error.message}"
        return GiveUp(error_code="poison", message=message)
    if not error.is_passing or failures >= max_retries:
        return GiveUp(error_code=error.code, message=error.message)
    chance = random.random() if luck is None else luck  # noqa: S311  no secret hangs on a delay
    delay = min(LONGEST_SECONDS, base_seconds * patience * 2**failures) * (0.5 + chance)
    return TryAgain(delay_seconds=delay, is_cage_death=died)


def is_cage_death(error: ProcessingError) -> bool:
    """Say whether the confined process died on the file; being killed by a person or a lost lease is no such death."""
    return error.code == "cage_crashed"
