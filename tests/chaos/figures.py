"""The figures of a run of faults: a line for each fault, and what was measured of each bar; kept as JSON."""

import json
import os
import platform
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from tests.chaos.mode import MODE

RESULTS = Path(__file__).parent / "results"
"""A directory for each run (`RUN`), in it a file for each mode."""
HEAD = ("fault", "what", "times", "tasks", "attempts", "recovered after, s", "violations")
Unit = Literal["s", "most", "of"]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What became of one scenario."""

    fault: str
    what: str
    tasks: int
    attempts: int
    recovered_after_seconds: float
    violations: int


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """How a bar was reached in one scenario.

    `unit` says what the value is: seconds, a number of which the largest counts, or how many of `of` were amiss.
    """

    bar: str
    what: str
    value: float
    unit: Unit
    of: int = 1


class Figures:
    """Collects the figures of this run."""

    def __init__(self) -> None:
        self.lines: list[Figure] = []
        self.measurements: list[Measurement] = []

    def add(self, figure: Figure) -> None:
        self.lines.append(figure)

    def took(self, bar: str, what: str, seconds: float) -> None:
        """Keep a time; the longest counts."""
        self.measurements.append(Measurement(bar=bar, what=what, value=round(seconds, 3), unit="s"))

    def reached(self, bar: str, what: str, number: int) -> None:
        """Keep a number; the largest counts."""
        self.measurements.append(Measurement(bar=bar, what=what, value=number, unit="most"))

    def counted(self, bar: str, what: str, amiss: int, *, of: int) -> None:
        """Keep how many of some were amiss; they add up."""
        self.measurements.append(Measurement(bar=bar, what=what, value=amiss, unit="of", of=of))

    def table(self) -> list[tuple[str, ...]]:
        """Return the lines, the scenarios of one name added up and the longest recovery kept."""
        return [_add_up(lines) for lines in self._by_scenario().values()]

    def save(self, place: str) -> Path:
        """Write this run's figures beside those of the other modes; the place is a run and a name."""
        path = RESULTS / f"{place}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        machine = {"processors": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()}
        kept = {"mode": MODE, "machine": machine, "figures": [asdict(line) for line in self._in_order()]}
        kept["measurements"] = [asdict(measurement) for measurement in self.measurements]
        path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        return path

    def _in_order(self) -> list[Figure]:
        return sorted(self.lines, key=lambda line: _order(line.fault))

    def _by_scenario(self) -> dict[tuple[str, str], list[Figure]]:
        found: dict[tuple[str, str], list[Figure]] = {}
        for line in self._in_order():
            found.setdefault((line.fault, line.what), []).append(line)
        return found


def _add_up(lines: list[Figure]) -> tuple[str, ...]:
    return (
        lines[0].fault,
        lines[0].what,
        str(len(lines)),
        f"{sum(line.tasks for line in lines):,}",
        f"{sum(line.attempts for line in lines):,}",
        f"{max(line.recovered_after_seconds for line in lines):.1f}",
        str(sum(line.violations for line in lines)),
    )


def _order(fault: str) -> tuple[str, int, str]:
    """F1 to F35, then the links between hosts, H1 and on."""
    number = fault[1:].split("-", maxsplit=1)[0]
    return (fault[0], int(number) if number.isdecimal() else 99, fault)


def show(lines: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Lay a table out for a terminal."""
    rows = [HEAD, *lines]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))


def read_kept() -> Figures:
    """Return what all kept runs found, together."""
    together = Figures()
    for path in sorted(RESULTS.glob("*/*.json")):
        kept = json.loads(path.read_text(encoding="utf-8"))
        together.lines += [Figure(**line) for line in kept["figures"]]
        together.measurements += [Measurement(**measurement) for measurement in kept["measurements"]]
    return together


FIGURES = Figures()
