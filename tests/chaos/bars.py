"""The bars R1 to R11, and how far each was reached in the kept runs: the tables of docs/explanation/guarantees.md."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.chaos.figures import HEAD, RESULTS, Figures, Measurement, read_kept

PAGE: Final = Path(__file__).parent.parent.parent / "docs/explanation/guarantees.md"
END: Final = "<!-- end -->"


@dataclass(frozen=True, kw_only=True)
class Bar:
    """What must be reached; `tests` are the places that measure it."""

    id: str
    what: str
    bar: str
    tests: tuple[str, ...]


BARS: Final = (
    Bar(
        id="R1",
        what="Accepted tasks that never end, over all faults",
        bar="0",
        tests=("every test of `tests/chaos/` and `tests/hosts/`, by I1",),
    ),
    Bar(
        id="R2",
        what="From `kill -9` of a worker until its task runs again",
        bar="75 s by default; 8 s with the tests' lease of 3 s",
        tests=("`tests/chaos/test_worker_faults.py`",),
    ),
    Bar(
        id="R3",
        what="Terminal events for each generation; results for each generation",
        bar="exactly 1; at most 1; over 10,000 events of races at least",
        tests=("`tests/integration/tasks/test_races.py`", "everywhere by I2 and I3"),
    ),
    Bar(
        id="R4",
        what="Creating a task while the broker refuses, is frozen, full or read-only; and once it is back",
        bar="201, 99 of 100 within 1 s; a task runs within 15 s, 100 small ones are done within 30 s",
        tests=("`tests/chaos/test_broker_faults.py`",),
    ),
    Bar(
        id="R5",
        what="Executions of a file that kills the cage",
        bar="at most 3, then `poison`; the others complete",
        tests=("`tests/chaos/test_worker_faults.py`",),
    ),
    Bar(
        id="R6",
        what="Tools alive 3 s after their worker was killed, their limit was broken or their task was cancelled",
        bar="0",
        tests=(
            "`tests/chaos/test_tools.py`",
            "`tests/chaos/test_worker_faults.py`",
            "`tests/integration/cage/test_killing.py`",
            "`tests/integration/cage/test_tools.py`",
            "everywhere by I9",
        ),
    ),
    Bar(
        id="R7",
        what="Cancel of a running tool",
        bar="final at once; the tool is gone within 2 s in 95 of 100, and within 1 s of its kill by the worker",
        tests=(
            "`tests/chaos/test_tools.py`",
            "`tests/endtoend/test_worker.py`",
            "`tests/integration/cage/test_killing.py`",
        ),
    ),
    Bar(
        id="R8",
        what="Restart of the broker with a task running: until the next task is done",
        bar="10 s, nothing runs twice, the worker lives",
        tests=("`tests/chaos/test_broker_faults.py`",),
    ),
    Bar(
        id="R9",
        what="Outputs that were given out and not whole, over all places of a kill",
        bar="0",
        tests=("`tests/chaos/test_kill_points.py`", "everywhere by I3 and I4"),
    ),
    Bar(
        id="R10",
        what="50 POSTs with one `Idempotency-Key`",
        bar="1 task, equal answers; another body 422; kept 24 h",
        tests=("`tests/chaos/test_keys.py`", "`tests/integration/api/test_idempotency.py`"),
    ),
    Bar(
        id="R11",
        what="Database away",
        bar="503 with `Retry-After` within 5 s; running work is committed when it is back; none lost",
        tests=("`tests/chaos/test_database_faults.py`", "`tests/hosts/test_links.py`"),
    ),
)


def main() -> None:
    """Put what the kept runs found into the page that promises."""
    PAGE.write_text(fill_page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def fill_page(page: str) -> str:
    """Return the page with all its tables made anew."""
    kept = read_kept()
    for name, table in (("runs", count_runs()), ("bars", make_bars(kept)), ("chaos", make_faults(kept))):
        before, found, rest = page.partition(f"<!-- generated: {name} -->\n")
        _, ended, after = rest.partition(END)
        if not found or not ended:
            raise ValueError(f"{PAGE.name} lacks the markers of {name}.")
        page = f"{before}{found}{table}\n{END}{after}"
    return page


def count_runs() -> str:
    """Return a sentence: how many runs, of what, on what machine."""
    if not any(RESULTS.glob("*/*.json")):
        return "No run was kept yet: `make chaos chaos-races chaos-hosts RUN=1` does it."
    files = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*/*.json"))]
    runs = len({path.parent.name for path in RESULTS.glob("*/*.json")})
    modes = Counter(path.stem.replace("-", ", ") for path in RESULTS.glob("*/*.json"))
    machines = sorted(
        {f"{kept['machine']['processors']} processors, Linux {kept['machine']['kernel']}" for kept in files}
    )
    parts = "; ".join(f"{mode}: {times}" for mode, times in sorted(modes.items()))
    return f"{runs} whole runs ({parts}) on a machine with {' and '.join(machines)}."


def make_bars(kept: Figures) -> str:
    """Return the table of the bars."""
    head = ("Id", "What is measured", "Bar", "Reached", "Test")
    rows = [(bar.id, bar.what, bar.bar, _tell_reached(bar.id, kept), ", ".join(bar.tests)) for bar in BARS]
    return _draw([head, *rows])


def make_faults(kept: Figures) -> str:
    """Return the table of the faults; the runs of one scenario are one line."""
    return _draw([HEAD, *kept.table()])


def _tell_reached(bar: str, kept: Figures) -> str:
    by_what: dict[str, list[Measurement]] = {}
    for measurement in kept.measurements:
        if measurement.bar == bar:
            by_what.setdefault(measurement.what, []).append(measurement)
    return "; ".join(f"{what}: {_tell(by_what[what])}" for what in sorted(by_what)) or "not measured yet"


def _tell(measurements: list[Measurement]) -> str:
    largest = max(measurement.value for measurement in measurements)
    match measurements[0].unit:
        case "s":
            return f"{largest:.2f} s at most, {len(measurements)} times"
        case "most":
            return f"{largest:.0f} at most, {len(measurements)} times"
        case "of":
            total = sum(measurement.of for measurement in measurements)
            return f"{sum(measurement.value for measurement in measurements):.0f} of {total:,}"


def _draw(rows: Sequence[tuple[str, ...]]) -> str:
    lines = [rows[0], tuple("---" for _ in rows[0]), *rows[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
