"""When a part that died is started again."""

import pytest

from filemill.launch.backoff import choose_restart_delay


@pytest.mark.parametrize("count", [1, 2, 5])
def test_up_to_five_deaths_in_a_minute_cost_no_wait(count: int) -> None:
    assert choose_restart_delay([100.0 + n for n in range(count)], now=100.0 + count) == 0.0


def test_every_further_death_in_the_minute_doubles_the_wait() -> None:
    delays = [choose_restart_delay([100.0] * count, now=110.0) for count in (6, 7, 8, 9)]

    assert delays == [1.0, 2.0, 4.0, 8.0]


def test_the_wait_never_exceeds_a_minute() -> None:
    assert choose_restart_delay([100.0] * 21, now=100.0) == 60.0


def test_deaths_older_than_a_minute_are_forgotten() -> None:
    assert choose_restart_delay([0.0] * 20 + [100.0], now=100.0) == 0.0
