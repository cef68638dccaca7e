"""A small selection of the spoilt files that `make fuzz` works on by the ten thousand."""

import json
from pathlib import Path

import pytest

from tests.hostile.fuzz import report
from tests.hostile.fuzz.hand import work_on
from tests.hostile.fuzz.mutants import make_mutant
from tests.hostile.fuzz.run import Story
from tests.hostile.trial import FAULT_OF_OURS, Trials

SEED, FILES = 0, 150
REFUSED_OR_DONE = {"refused", "failed", "completed"}


@pytest.mark.usefixtures("svg_is_read")
@pytest.mark.parametrize("first", range(3))
def test_spoilt_files_end_as_files_and_leave_nothing_behind(first: int, trials: Trials, tmp_path: Path) -> None:
    directory = tmp_path / "inbox"
    for index in range(first, FILES, 3):
        mutant = make_mutant(SEED, index)
        ended = work_on(trials, mutant, directory)
        told = (index, mutant.history, ended.how, ended.code, ended.message, dict(ended.evidence))
        assert ended.how in REFUSED_OR_DONE, told
        assert ended.code != FAULT_OF_OURS, told
        assert ended.left == (), told


def test_a_seed_gives_the_same_files_again() -> None:
    first, second = ([make_mutant(7, index) for index in range(20)] for _ in range(2))
    assert first == second
    assert [mutant.content for mutant in first] != [make_mutant(8, index).content for index in range(20)]


def test_a_report_names_what_must_not_have_happened() -> None:
    def end(**changes: object) -> dict[str, object]:
        good = {"index": 0, "task_type": "image", "how": "completed", "code": "", "signal": None, "seconds": 0.1}
        return {**good, "history": ["seed.png"], "left": [], "is_zygote_lost": False, **changes}

    good = report.add_up(Story(ends=[end()]), seed=1, seconds=1.0)
    assert report.find_failures(good) == []
    crash = end(how="failed", code="cage_crashed", signal="SIGSEGV", seconds=2.0)
    bad = Story(
        ends=[end(), crash, end(how="stopped", code="stopped"), end(code=FAULT_OF_OURS, left=["process 7"])],
        hand_deaths=[{"index": 3, "returncode": -11}],
        hung=[4],
    )
    figures = report.add_up(bad, seed=1, seconds=1.0)
    assert len(report.find_failures(figures)) == 5
    assert figures["cage_deaths_by_signal"] == {"SIGSEGV": 1}
    assert "1 by SIGSEGV" in report.make_table(figures)
    assert json.dumps(figures)
