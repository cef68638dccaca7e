"""Which kept segments follow each other; pure.

Each attempt gives its segments names of its own, which also tell whose segment each of them continued. So segments of
an attempt that is only taken for lost never get between those of another.
"""

import re
from collections.abc import Iterable
from typing import Final

SOUND: Final = "sound"
NOBODY: Final = "0"
"""Whose segment the first one continues."""

_NAME: Final = re.compile(r"part-(\d{5})-([0-9a-f]+)-([0-9a-f]+)")


def name_kept(number: int, attempt: str, continued: str) -> str:
    """Name the segment of an attempt; `continued` is the attempt whose segment comes before it."""
    return f"part-{number:05d}-{attempt}-{continued}"


def find_chain(names: Iterable[str]) -> list[str]:
    """Return the names of the longest row of segments that follow each other from the first on."""
    longest: list[str] = []
    rows = [[name] for name in _continuing(names, 0, NOBODY)]
    while rows:
        row = rows.pop()
        if len(row) > len(longest):
            longest = row
        rows += [[*row, name] for name in _continuing(names, len(row), attempt_of(row[-1]))]
    return longest


def attempt_of(name: str) -> str:
    """Return the attempt that made a segment."""
    found = _NAME.fullmatch(name)
    return found[2] if found else NOBODY


def _continuing(names: Iterable[str], number: int, attempt: str) -> list[str]:
    found = (match for name in names if (match := _NAME.fullmatch(name)))
    return sorted(match[0] for match in found if int(match[1]) == number and match[3] == attempt)
