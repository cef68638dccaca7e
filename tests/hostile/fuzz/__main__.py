"""`make fuzz`: many spoilt files through the real cage; see docs/explanation/hostile-files.md."""

import argparse
import shutil
import sys
import time
from pathlib import Path

from tests.hostile.fuzz import report
from tests.hostile.fuzz.run import ROOT, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other files")
    parser.add_argument("--count", type=int, default=20_000, help="how many files")
    parser.add_argument("--save", action="store_true", help="keep the figures, and put them into the page")
    told = parser.parse_args()
    kept = ROOT / "var" / "fuzz" / str(told.seed)
    shutil.rmtree(kept, ignore_errors=True)
    began = time.monotonic()
    story = run(seed=told.seed, count=told.count, kept=kept)
    figures = report.add_up(story, seed=told.seed, seconds=time.monotonic() - began)
    if told.save:
        report.save(figures)
        report.write_page()
    return tell(figures, kept)


def tell(figures: dict[str, object], kept: Path) -> int:
    """Print the figures; the exit code says whether all went as it must."""
    failures = report.find_failures(figures)
    print(report.make_table(figures))  # noqa: T201  this is a command
    if kept.exists():
        print(f"\nFiles worth a look, each with its story: {kept.relative_to(ROOT)}")  # noqa: T201
    for failure in failures:
        print(f"FAILED: {failure}")  # noqa: T201
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
