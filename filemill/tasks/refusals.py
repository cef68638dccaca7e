"""Why a request is refused, said so that a client can mend it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong with a request: where, what, and what would be valid."""

    field: str
    code: str
    message: str
    valid: object = None


class Refused(Exception):
    """The request is wrong; nothing was stored. For a client this is a 400."""

    def __init__(self, problems: Sequence[Problem], *, total: int | None = None) -> None:
        """Take the problems to be named; `total` is how many there are, where not all of them are."""
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = list(problems)
        self.total = len(self.problems) if total is None else total


class Conflict(Exception):
    """The task's state does not allow the move. For a client this is a 409 that tells the true state."""

    def __init__(self, message: str, *, code: str, status: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
