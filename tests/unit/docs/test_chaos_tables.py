"""docs/explanation/guarantees.md shows what the kept runs of faults found."""

from tests.chaos.bars import PAGE, fill_page


def test_the_tables_of_the_guarantees_are_what_the_kept_runs_found() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert fill_page(page) == page, "run `.venv/bin/python -m tests.chaos.bars`"
