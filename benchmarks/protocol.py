"""How every benchmark measures: rivals take turns, medians count, and the result is kept with what it was run on."""

import json
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

Work = Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A promise: what is measured, in which unit, the figure, and the most that it may be."""

    name: str
    unit: str
    figure: float
    at_most: float

    @property
    def holds(self) -> bool:
        return self.figure <= self.at_most

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "DOES NOT HOLD"
        return f"{self.name}: {self.figure:.2f} {self.unit} (at most {self.at_most:g}): {verdict}"


def take_turns(rivals: Mapping[str, Work], *, rounds: int, warm_up: int = 1) -> dict[str, list[float]]:
    """Time each rival once per round, in an order that turns from round to round; return seconds by name."""
    names = list(rivals)
    for _ in range(warm_up):
        for name in names:
            rivals[name]()
    taken: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            began_at = time.perf_counter()
            rivals[name]()
            taken[name].append(time.perf_counter() - began_at)
    return taken


def find_median_difference(taken: Sequence[float], reference: Sequence[float]) -> float:
    """Return the median of the differences within each round: what disturbs a round disturbs both."""
    return statistics.median(one - other for one, other in zip(taken, reference, strict=True))


def find_median_ratio(taken: Sequence[float], reference: Sequence[float]) -> float:
    """Return the median of the ratios within each round."""
    return statistics.median(one / other for one, other in zip(taken, reference, strict=True))


def summarise(seconds: Sequence[float]) -> dict[str, float]:
    """Return what is kept of one rival's times, in milliseconds."""
    return {
        "median_ms": round(1000 * statistics.median(seconds), 3),
        "least_ms": round(1000 * min(seconds), 3),
        "most_ms": round(1000 * max(seconds), 3),
        "rounds": len(seconds),
    }


def keep(name: str, *, bars: Sequence[Bar], details: Mapping[str, Any]) -> Path:
    """Write a result beside the earlier ones, say it, and return where it lies."""
    RESULTS.mkdir(exist_ok=True)
    place = RESULTS / f"{name}.json"
    told = {
        "benchmark": name,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "bars": [{**asdict(bar), "figure": round(bar.figure, 4), "holds": bar.holds} for bar in bars],
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
