"""The figures of a run: kept as JSON, shown as a table, put into the page that tells of hostile files."""

import json
import os
import platform
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.hostile.fuzz.run import ROOT, Story
from tests.hostile.trial import FAULT_OF_OURS

RESULTS: Final = Path(__file__).parents[1] / "results" / "fuzz.json"
PAGE: Final = ROOT / "docs" / "explanation" / "hostile-files.md"
BEGIN: Final = "<!-- generated: fuzz -->"
END: Final = "<!-- end -->"
MUST_BE_NONE: Final = {
    "worker_deaths": "processes of the worker's kind that died",
    "hung": "files whose work could not be stopped",
    "stopped": "files still at work after the time they were given",
    "zygotes_lost": "cages lost as a whole",
    "faults_of_ours": "ends that blame Filemill itself (`internal_error`)",
    "left": "processes, files or descriptors left behind",
}


def add_up(story: Story, *, seed: int, seconds: float) -> dict[str, Any]:
    """Add a run up."""
    ends = story.ends
    deaths = [end for end in ends if end["code"] == "cage_crashed"]
    slowest = max(ends, key=lambda end: float(end["seconds"]))
    return {
        "seed": seed,
        "files": len(ends),
        "seconds": round(seconds),
        "machine": {"processors": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()},
        "by_task_type": dict(sorted(Counter(end["task_type"] for end in ends).items())),
        "outcomes": _count(ends),
        "cage_deaths": len(deaths),
        "cage_deaths_by_signal": dict(Counter(str(end["signal"] or "exit") for end in deaths)),
        "cage_deaths_of": [{"index": end["index"], "history": end["history"]} for end in deaths],
        "worker_deaths": len(story.hand_deaths),
        "worker_deaths_of": story.hand_deaths,
        "hung": len(story.hung),
        "hung_on": story.hung,
        "stopped": sum(end["how"] == "stopped" for end in ends),
        "zygotes_lost": sum(bool(end["is_zygote_lost"]) for end in ends),
        "faults_of_ours": sum(end["code"] == FAULT_OF_OURS for end in ends),
        "left": sum(len(end["left"]) for end in ends),
        "slowest": {"seconds": slowest["seconds"], "index": slowest["index"], "history": slowest["history"]},
    }


def _count(ends: list[dict[str, Any]]) -> list[dict[str, Any]]:
    counted = Counter((str(end["how"]), str(end["code"])) for end in ends)
    kinds = sorted({str(end["task_type"]) for end in ends})
    split = Counter((str(end["how"]), str(end["code"]), str(end["task_type"])) for end in ends)
    return [
        {"how": how, "code": code, "files": files, **{kind: split[how, code, kind] for kind in kinds}}
        for (how, code), files in sorted(counted.items())
    ]


def find_failures(figures: Mapping[str, Any]) -> list[str]:
    """Say what must not have happened and did."""
    return [f"{figures[name]} {what}" for name, what in MUST_BE_NONE.items() if figures[name]]


def save(figures: Mapping[str, Any]) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def make_table(figures: Mapping[str, Any]) -> str:
    """Return the figures as Markdown."""
    kinds = list(figures["by_task_type"])
    head = ["Outcome", "Code", "Files", *kinds]
    rows = [head, ["---"] * len(head)]
    for line in figures["outcomes"]:
        code = f"`{line['code']}`" if line["code"] else "–"
        rows.append([line["how"], code, f"{line['files']:,}", *(f"{line[kind]:,}" for kind in kinds)])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    machine = figures["machine"]
    signals = ", ".join(f"{count} by {name}" for name, count in figures["cage_deaths_by_signal"].items()) or "none"
    intro = (
        f"{figures['files']:,} files of seed {figures['seed']} in {figures['seconds']} s, on {machine['processors']} "
        f"processors, Linux {machine['kernel']}, Python {machine['python']}."
    )
    told = [
        intro,
        "",
        table,
        "",
        f"- deaths of the cage: {figures['cage_deaths']} ({signals})",
        *(f"- {what}: {figures[name]}" for name, what in MUST_BE_NONE.items()),
        f"- slowest: {figures['slowest']['seconds']:.1f} s ({', '.join(figures['slowest']['history'])})",
    ]
    return "\n".join(told)


def write_page() -> None:
    """Put the kept figures into the page."""
    table = make_table(json.loads(RESULTS.read_text(encoding="utf-8")))
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")
