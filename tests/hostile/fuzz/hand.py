"""One of the processes of a run: it makes its share of the mutants and works on them in a cage of its own.

It tells the run what it does in lines of JSON on standard output: that it begins with a mutant, and how that ended.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any, Final

from filemill.processing.cage import Cage
from filemill.processing.input_limits import InputLimits
from filemill.processing.operations import OPERATIONS
from tests.hostile.fuzz.mutants import Mutant, make_mutant
from tests.hostile.trial import FAULT_OF_OURS, Ended, Trials, knock

PATIENCE_SECONDS: Final = 300.0
"""Of the wall clock, which other work on the machine stretches."""
REMARKABLE: Final = frozenset(("cage_crashed", "memory_limit", "time_limit", "output_limit", "stopped", FAULT_OF_OURS))
"""Ends whose files are kept: they may be right, but somebody should look."""


def work_on(trials: Trials, mutant: Mutant, directory: Path) -> Ended:
    """Hand in one mutant under its name, and take its file away afterwards."""
    path = directory / mutant.file_name
    path.write_bytes(mutant.content)
    try:
        return trials.run(path, mutant.task_type, mutant.options, operation=OPERATIONS[mutant.operation])
    finally:
        path.unlink()


def describe(mutant: Mutant, ended: Ended) -> dict[str, Any]:
    """Say what a report needs to know of an end."""
    return {
        "index": mutant.index,
        "task_type": mutant.task_type,
        "operation": mutant.operation,
        "options": mutant.options,
        "history": mutant.history,
        "how": ended.how,
        "code": ended.code,
        "signal": ended.signal if ended.code == "cage_crashed" else None,
        "seconds": round(ended.seconds, 3),
        "peak_memory_bytes": ended.evidence.get("peak_memory_bytes", 0),
        "left": ended.left,
    }


def keep(mutant: Mutant, ended: Ended, kept: Path) -> None:
    """Keep a remarkable mutant with the story of its end."""
    kept.mkdir(parents=True, exist_ok=True)
    name = f"{mutant.index}-{ended.code}-{mutant.file_name}"
    (kept / name).write_bytes(mutant.content)
    story = {**describe(mutant, ended), "message": ended.message, "evidence": dict(ended.evidence)}
    (kept / f"{name}.story.json").write_text(json.dumps(story, indent=1, default=str) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--seed", "--first", "--step", "--end"):
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("--kept", type=Path, required=True)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="filemill-fuzz-") as name, Cage() as cage:
        directory, scratch = Path(name), Path(name) / "scratch"
        scratch.mkdir()
        cage.zygote()
        cage.tool_zygote()
        trials = Trials(cage, scratch, patience_seconds=PATIENCE_SECONDS, door=partial(knock, reads_svg=True))
        trials.input_limits = InputLimits(reads_svg=True)
        for index in range(told.first, told.end, told.step):
            tell({"begins": index})
            mutant = make_mutant(told.seed, index)
            zygote = cage.zygote().pid
            ended = work_on(trials, mutant, directory)
            if ended.code in REMARKABLE or ended.left:
                keep(mutant, ended, told.kept)
            tell({**describe(mutant, ended), "is_zygote_lost": cage.zygote().pid != zygote, "at": time.time()})
            clear(scratch)


def tell(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def clear(scratch: Path) -> None:
    """Take away what the last mutant's outputs were."""
    for directory in scratch.iterdir():
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
