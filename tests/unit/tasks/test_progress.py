"""The seconds left are told from the pace of the attempt itself."""

import pytest

from filemill.tasks.progress import estimate_left


@pytest.mark.parametrize(
    ("first", "percent", "elapsed", "left"),
    [
        (0.0, 50.0, 10.0, 10.0),
        (60.0, 80.0, 10.0, 10.0),  # what an earlier attempt did tells nothing of the pace
        (3.0, 28.0, 5.0, 14.4),
        (0.0, 100.0, 10.0, 0.0),
    ],
)
def test_the_pace_since_the_first_progress_says_when_it_ends(
    first: float, percent: float, elapsed: float, left: float
) -> None:
    told = estimate_left(first_percent=first, percent=percent, elapsed_seconds=elapsed)
    assert told == pytest.approx(left)


@pytest.mark.parametrize(("first", "percent", "elapsed"), [(0.0, 0.5, 10.0), (60.0, 60.0, 10.0), (0.0, 50.0, 0.1)])
def test_too_little_pace_says_nothing(first: float, percent: float, elapsed: float) -> None:
    assert estimate_left(first_percent=first, percent=percent, elapsed_seconds=elapsed) is None
