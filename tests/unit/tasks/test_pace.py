"""How many files are claimed at once."""

import pytest

from filemill.tasks.ids import uuid7
from filemill.tasks.pace import MOST_FILES, OVERDUE_SECONDS, Bite, Pace, pace_of

SECONDS = 0.05


def test_the_first_bite_is_one_file_for_nothing_is_known() -> None:
    assert Pace().count_next(SECONDS) == 1


def test_small_files_are_claimed_by_as_many_as_fit_into_a_bite_step_by_step() -> None:
    pace = Pace()
    pace.learn(1, SECONDS / 10)
    assert pace.count_next(SECONDS) == 4
    pace.learn(4, 4 * SECONDS / 10)
    assert pace.count_next(SECONDS) == 10


def test_a_longer_bite_holds_more() -> None:
    pace = Pace()
    pace.learn(10, SECONDS)
    assert pace.count_next(3 * SECONDS) == 30


def test_instant_files_are_claimed_by_no_more_than_the_most() -> None:
    pace = Pace()
    for _ in range(5):
        pace.learn(pace.count_next(SECONDS), 0.0)
    assert pace.count_next(SECONDS) == MOST_FILES


@pytest.mark.parametrize("seconds", [SECONDS, 10.0])
def test_large_files_are_claimed_one_by_one(seconds: float) -> None:
    pace = Pace()
    pace.learn(1, seconds)
    assert pace.count_next(SECONDS) == 1


def test_a_bite_that_turns_out_slow_makes_the_next_one_small() -> None:
    pace = Pace()
    for _ in range(5):
        pace.learn(pace.count_next(SECONDS), 0.0)
    pace.learn(MOST_FILES, MOST_FILES * SECONDS)
    assert pace.count_next(SECONDS) == 1


def test_a_batch_keeps_its_pace_from_slice_to_slice_and_no_other_gets_it() -> None:
    batch, other = uuid7(), uuid7()
    pace_of(batch).learn(1, 0.0)
    assert pace_of(batch).count_next(SECONDS) > 1
    assert pace_of(other).count_next(SECONDS) == 1


def test_a_bite_is_overdue_once_it_takes_far_longer_than_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("filemill.tasks.pace.time.monotonic", lambda: now[0])
    bite = Bite(began_at=now[0])
    now[0] += OVERDUE_SECONDS - 0.001
    assert not bite.is_overdue()
    now[0] += 0.002
    assert bite.is_overdue()
