"""The figures of a chaos run: a line for each fault, kept as JSON and shown as a table."""

import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parent.parent.parent / "docs/explanation/guarantees.md"
BEGIN, END = "<!-- generated: chaos -->", "<!-- end -->"
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

    def table(self, *, mode: str = "") -> list[tuple[str, ...]]:
        """Return the lines, the scenarios of one name added up and the longest recovery kept."""
        return [_add_up(lines, mode or acks()) for lines in self._by_scenario().values()]

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


def _add_up(lines: list[Figure], mode: str) -> tuple[str, ...]:
    return (
        lines[0].fault,
        lines[0].what,
        mode,
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


def main() -> None:
    """Print the kept figures of both modes as one Markdown table, and put it into the page that promises."""
    table = make_table()
    print(table)  # noqa: T201  this is a command
    if PAGE.exists():
        before, found, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        _, ended, after = rest.partition(END)
        if found and ended:
            PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


def make_table() -> str:
    """Return the table; the runs of one scenario are one line."""
    rows = [HEAD, tuple("---" for _ in HEAD)]
    for path in sorted(RESULTS.glob("*.json")):
        kept = json.loads(path.read_text(encoding="utf-8"))
        figures = Figures()
        figures.lines = [Figure(**line) for line in kept["figures"]]
        rows += figures.table(mode=kept["acks"])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    main()
