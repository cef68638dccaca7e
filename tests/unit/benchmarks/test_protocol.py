"""How benchmarks count: turns, ratios within a round, bars and percentiles."""

import pytest

from benchmarks import protocol
from benchmarks.protocol import Bar


def test_rivals_take_turns_in_an_order_that_changes() -> None:
    order: list[str] = []
    rivals = {name: lambda name=name: order.append(name) for name in ("one", "two")}

    taken = protocol.take_turns(rivals, rounds=3)

    assert order == ["one", "two", "one", "two", "two", "one", "one", "two"]
    assert {name: len(seconds) for name, seconds in taken.items()} == {"one": 3, "two": 3}


def test_a_speed_is_the_median_of_the_ratios_within_each_round() -> None:
    speed, spread = protocol.find_speed([1.0, 2.0, 4.0], [2.0, 2.0, 16.0])

    assert speed == 2.0
    assert spread == (1.0, 4.0)


@pytest.mark.parametrize(("figure", "holds"), [(0.9, False), (1.0, True), (1.1, True)])
def test_a_bar_that_asks_for_the_least_holds_from_it_on(figure: float, holds: bool) -> None:
    assert Bar(name="speed", unit="times", figure=figure, at_least=1.0).holds is holds


@pytest.mark.parametrize(("figure", "holds"), [(0.9, True), (1.0, True), (1.1, False)])
def test_a_bar_that_asks_for_the_most_holds_up_to_it(figure: float, holds: bool) -> None:
    assert Bar(name="time", unit="s", figure=figure, at_most=1.0).holds is holds


def test_a_bar_says_its_goal_and_what_the_rounds_gave() -> None:
    bar = Bar(name="speed", unit="times", figure=0.5, at_least=1.0, spread=(0.25, 0.75))

    assert str(bar) == "speed: 0.50 times (at least 1, rounds from 0.25 to 0.75): DOES NOT HOLD"


@pytest.mark.parametrize(("percent", "expected"), [(50, 50.0), (99, 99.0), (100, 100.0), (0, 1.0)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, expected: float) -> None:
    assert protocol.find_percentile([float(value) for value in range(100, 0, -1)], percent) == expected


def test_the_environment_can_ask_for_a_short_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUNDS", "1")
    monkeypatch.setenv("SHARE", "0.1")

    assert protocol.count_rounds(5) == 1
    assert protocol.count_files(200) == 20


def test_without_it_the_usual_number_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ROUNDS", raising=False)
    monkeypatch.delenv("SHARE", raising=False)

    assert protocol.count_rounds(5) == 5
    assert protocol.count_files(200) == 200
