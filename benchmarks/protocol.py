"""How every benchmark measures: rivals take turns, medians count, and the result is kept with what it was run on."""

import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

RESULTS: Final = Path(__file__).parent / "results"

TRIED: Final = RESULTS / "tried"
"""Where short tries leave their results: no figure of theirs is kept, nor told."""

Work = Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A promise: what is measured, in which unit, the figure, and the most or the least that it may be."""

    name: str
    unit: str
    figure: float
    at_most: float | None = None
    at_least: float | None = None
    spread: tuple[float, float] | None = None
    """The least and the most that any round gave."""

    @property
    def holds(self) -> bool:
        is_low_enough = self.at_most is None or self.figure <= self.at_most
        return is_low_enough and (self.at_least is None or self.figure >= self.at_least)

    @property
    def goal(self) -> str:
        return f"at most {self.at_most:g}" if self.at_most is not None else f"at least {self.at_least:g}"

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "DOES NOT HOLD"
        spread = f", rounds from {self.spread[0]:.2f} to {self.spread[1]:.2f}" if self.spread else ""
        return f"{self.name}: {self.figure:.2f} {self.unit} ({self.goal}{spread}): {verdict}"


def is_short_try() -> bool:
    """Whether the environment asks for less than a measure."""
    return bool(os.environ.get("ROUNDS") or os.environ.get("SHARE"))


def count_rounds(usual: int) -> int:
    """How many rounds to measure: ROUNDS from the environment for a short try, else the usual number."""
    return max(1, int(os.environ.get("ROUNDS") or usual))


def count_files(usual: int) -> int:
    """How many files to work on: a SHARE of the usual number from the environment for a short try, else all."""
    return max(2, round(usual * float(os.environ.get("SHARE") or 1)))


def take_turns(
    rivals: Mapping[str, Work], *, rounds: int, warm_up: int = 1, pause_seconds: float = 0.0
) -> dict[str, list[float]]:
    """Time each rival once per round, in an order that turns from round to round; return seconds by name.

    A pause before each stands for what a rival has between two works where it really lives.
    """
    names = list(rivals)
    for _ in range(warm_up):
        for name in names:
            rivals[name]()
    taken: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            time.sleep(pause_seconds)
            taken[name].append(time_it(rivals[name]))
    return taken


def time_it(work: Work) -> float:
    """Return the seconds that a call takes."""
    began_at = time.perf_counter()
    work()
    return time.perf_counter() - began_at


def find_median_difference(taken: Sequence[float], reference: Sequence[float]) -> float:
    """Return the median of the differences within each round: what disturbs a round disturbs both."""
    return statistics.median(one - other for one, other in zip(taken, reference, strict=True))


def find_median_ratio(taken: Sequence[float], reference: Sequence[float]) -> float:
    """Return the median of the ratios within each round."""
    return statistics.median(one / other for one, other in zip(taken, reference, strict=True))


def find_speed(taken: Sequence[float], reference: Sequence[float]) -> tuple[float, tuple[float, float]]:
    """Return how many times as fast as the reference one was: the median round, and the least and the most."""
    ratios = [other / one for one, other in zip(taken, reference, strict=True)]
    return statistics.median(ratios), (min(ratios), max(ratios))


def require_speed(name: str, taken: Sequence[float], reference: Sequence[float], *, at_least: float) -> Bar:
    """A bar that asks for a speed, as a multiple of the reference's in the same round."""
    figure, spread = find_speed(taken, reference)
    return Bar(name=name, unit="times", figure=figure, at_least=at_least, spread=spread)


def find_percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that so many percent of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def summarise(seconds: Sequence[float]) -> dict[str, float]:
    """Return what is kept of one rival's times, in milliseconds."""
    return {
        "median_ms": round(1000 * statistics.median(seconds), 3),
        "least_ms": round(1000 * min(seconds), 3),
        "most_ms": round(1000 * max(seconds), 3),
        "rounds": len(seconds),
    }


def keep(
    name: str,
    *,
    bars: Sequence[Bar],
    details: Mapping[str, Any],
    rivals: Mapping[str, Sequence[float]] | None = None,
) -> Path:
    """Write a result beside the earlier ones, say it, and return where it lies; `rivals` are seconds by name."""
    directory = TRIED if is_short_try() else RESULTS
    directory.mkdir(parents=True, exist_ok=True)
    place = directory / f"{name}.json"
    told = {
        "benchmark": name,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "bars": [{**asdict(bar), "figure": round(bar.figure, 4), "holds": bar.holds} for bar in bars],
        "rivals": {rival: summarise(seconds) for rival, seconds in (rivals or {}).items()},
        "details": dict(details),
    }
    place.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write("".join(f"{bar}\n" for bar in bars))
    sys.stdout.write(f"written to {place}\n")
    return place


def describe_machine() -> dict[str, Any]:
    """Return what a figure depends on: kernel, processors, Python, the commit, and how busy the machine was."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=RESULTS.parent, capture_output=True, text=True, check=False
    )
    return {
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "commit": commit.stdout.strip() or None,
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }
