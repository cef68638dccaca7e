"""The page of the figures, docs/explanation/benchmarks.md, and its plots: made from the kept results alone."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.charts import draw_rivals, write_time
from benchmarks.protocol import RESULTS
from benchmarks.registry import ALL, Benchmark

PAGE: Final = RESULTS.parent.parent / "docs" / "explanation" / "benchmarks.md"
PLOTS: Final = PAGE.parent / "benchmarks"
Result = Mapping[str, Any]

HEAD: Final = """# What Filemill's speed is measured against

Every figure is a ratio or a difference within one run on one machine: what is compared takes turns, and the median of
the rounds counts. Filemill is measured as shipped, with everything on: validation, leases, the audit trail, hashing,
storage, the cage. `make bench` measures anew and writes this page; its protocol stands in
[the README of the benchmarks](../../benchmarks/README.md).
"""


def read_results(place: Path = RESULTS) -> dict[str, Result]:
    """Read what was kept, by the benchmark's name."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(place.glob("*.json"))]
    return {result["benchmark"]: result for result in found}


def write_page(results: Mapping[str, Result], benchmarks: Mapping[str, Benchmark] = ALL) -> str:
    """Write the page: a table of all bars, then each benchmark with its rivals."""
    parts = [HEAD, write_table(results, benchmarks)]
    parts += [write_section(benchmark, results[name]) for name, benchmark in benchmarks.items() if name in results]
    return "\n".join(parts)


def write_table(results: Mapping[str, Result], benchmarks: Mapping[str, Benchmark]) -> str:
    """Write one row for each bar, and one for each benchmark that was not run yet."""
    rows = ["| | What | Figure | Rounds | Goal | |", "| --- | --- | --- | --- | --- | --- |"]
    for name, benchmark in benchmarks.items():
        if name in results:
            rows += [f"| {name} | {benchmark.title}: {_write_bar(bar)}" for bar in results[name]["bars"]]
        else:
            rows.append(f"| {name} | {benchmark.title} | not measured yet | | | |")
    return "\n".join(rows) + "\n"


def _write_bar(bar: Mapping[str, Any]) -> str:
    spread = "{:.2f} to {:.2f}".format(*bar["spread"]) if bar.get("spread") else ""
    goal = f"at most {bar['at_most']:g}" if bar.get("at_most") is not None else f"at least {bar['at_least']:g}"
    verdict = "holds" if bar["holds"] else "**falls short**"
    return f"{bar['name']} | {bar['figure']:.2f} {bar['unit']} | {spread} | {goal} | {verdict} |"


def write_section(benchmark: Benchmark, result: Result) -> str:
    """Write what each rival took, with its plot, and on what machine."""
    lines = [f"## {benchmark.name}: {benchmark.title}", "", f"Measured against {benchmark.reference}.", ""]
    if rivals := result.get("rivals"):
        lines += [f"![{benchmark.title}](benchmarks/{benchmark.name}.svg)", ""]
        lines += ["| | Median | Least | Most | Rounds |", "| --- | --- | --- | --- | --- |"]
        lines += [
            f"| {name} | {write_time(rival['median_ms'])} | {write_time(rival['least_ms'])} | "
            f"{write_time(rival['most_ms'])} | {rival['rounds']} |"
            for name, rival in rivals.items()
        ]
        lines.append("")
    return "\n".join([*lines, *describe_run(result), ""])


def describe_run(result: Result) -> list[str]:
    """Say when and on what it was measured; a busy machine is told."""
    machine = result["machine"]
    load = machine["load_average"][0]
    busy = " The machine was busy: these figures are no measure." if load > machine["processors"] + 1 else ""
    versions = f"Linux {machine['kernel']}, Python {machine['python']}"
    what = f"commit {machine['commit'] or 'unknown'}, {machine['processors']} processors, {versions}, load {load:g}"
    return [f"{result['measured_at'][:10]}, {what}.{busy}"]


def draw_plots(results: Mapping[str, Result], benchmarks: Mapping[str, Benchmark] = ALL) -> dict[str, str]:
    """Draw a plot for each result that has rivals, by its file name."""
    return {
        f"{name}.svg": draw_rivals(benchmark.title, results[name]["rivals"])
        for name, benchmark in benchmarks.items()
        if name in results and results[name].get("rivals")
    }


def write() -> None:
    """Write page and plots; a plot whose result is gone goes too."""
    results = read_results()
    plots = draw_plots(results)
    PLOTS.mkdir(exist_ok=True)
    for stale in set(PLOTS.glob("*.svg")) - {PLOTS / name for name in plots}:
        stale.unlink()
    for name, text in plots.items():
        (PLOTS / name).write_text(text, encoding="utf-8")
    PAGE.write_text(write_page(results), encoding="utf-8")
    sys.stdout.write(f"written to {PAGE}\n")


if __name__ == "__main__":
    write()
