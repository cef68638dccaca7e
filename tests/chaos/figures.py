"""The figures of a chaos run: a line for each fault, kept as JSON and shown as a table."""

import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
HEAD = ("fault", "what", "acks", "runs", "tasks", "attempts", "recovered after, s", "violations")


def acks() -> str:
    """Return the mode of acknowledgement that the workers of this run are started with."""
    return "late" if os.environ.get("CELERY_TASK_ACKS_LATE", "").lower() in {"1", "true", "yes", "on"} else "early"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What one scenario measured."""

    fault: str
    what: str
    tasks: int
    attempts: int
    recovered_after_seconds: float
    violations: int


class Figures:
    """Collects the figures of this run."""

    def __init__(self) -> None:
        self.lines: list[Figure] = []

    def add(self, figure: Figure) -> None:
        self.lines.append(figure)

    def table(self) -> list[tuple[str, ...]]:
        """Return the lines, the scenarios of one name added up and the longest recovery kept."""
        return [_add_up(lines) for lines in self._by_scenario().values()]

    def save(self) -> Path:
        """Write this run's figures beside those of the other mode."""
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{acks()}.json"
        machine = {"processors": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()}
        figures = [asdict(line) for line in sorted(self.lines, key=lambda line: _order(line.fault))]
        path.write_text(json.dumps({"acks": acks(), "machine": machine, "figures": figures}, indent=1) + "\n")
        return path

    def _by_scenario(self) -> dict[tuple[str, str], list[Figure]]:
        found: dict[tuple[str, str], list[Figure]] = {}
        for line in sorted(self.lines, key=lambda line: _order(line.fault)):
            found.setdefault((line.fault, line.what), []).append(line)
        return found


def _add_up(lines: list[Figure]) -> tuple[str, ...]:
    return (
        lines[0].fault,
        lines[0].what,
        acks(),
        str(len(lines)),
        str(sum(line.tasks for line in lines)),
        str(sum(line.attempts for line in lines)),
        f"{max(line.recovered_after_seconds for line in lines):.1f}",
        str(sum(line.violations for line in lines)),
    )


def _order(fault: str) -> tuple[int, str]:
    number = fault.removeprefix("F").split("-")[0].split(" ")[0]
    return (int(number) if number.isdecimal() else 99, fault)


FIGURES = Figures()
