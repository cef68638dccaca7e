"""Progress by FFmpeg's own clock, and the seconds left."""

import pytest

from filemill.processing.operations.ffmpeg.progress import Clock, say_left


class Told:
    def __init__(self) -> None:
        self.now = 100.0
        self.news: list[tuple[float, float | None]] = []

    def __call__(self, fraction: float, left_seconds: float | None) -> None:
        self.news.append((round(fraction, 3), left_seconds and round(left_seconds, 1)))


def test_the_position_becomes_a_fraction_and_the_pace_the_seconds_left() -> None:
    told = Told()
    clock = Clock(60.0, told, now=lambda: told.now)
    for seconds, line in [(0.5, "out_time_us=3000000"), (4.5, "out_time_us=15000000\n"), (5, "out_time_us=30000000")]:
        told.now += seconds
        clock.read_line(line)
    assert told.news == [(0.05, None), (0.25, 15.0), (0.5, 10.0)]


def test_what_steps_back_or_is_no_time_is_not_told() -> None:
    told = Told()
    clock = Clock(10.0, told, now=lambda: told.now)
    for line in ("out_time_us=5000000", "out_time_us=4000000", "out_time_us=N/A", "fps=25", "", "out_time_us=-1"):
        clock.read_line(line)
    clock.read_line("out_time_us=99000000")
    assert [fraction for fraction, _ in told.news] == [0.5, 1.0]


def test_what_was_done_before_counts_as_done_but_not_for_the_pace() -> None:
    told = Told()
    clock = Clock(100.0, told, from_seconds=60.0, fps=25.0, now=lambda: told.now)
    told.now += 10
    clock.read_line("frame=500")
    assert told.news == [(0.8, 10.0)]


def test_an_unknown_length_tells_nothing() -> None:
    told = Told()
    Clock(None, told, now=lambda: told.now).read_line("out_time_us=5000000")
    assert told.news == []


@pytest.mark.parametrize(
    ("left", "sentence"),
    [
        (None, "Encoding"),
        (0.2, "Encoding: 1 s left"),
        (42.4, "Encoding: 42 s left"),
        (600.0, "Encoding: 10 min left"),
        (7200.0, "Encoding: 2.0 h left"),
    ],
)
def test_the_seconds_left_are_said_as_people_say_them(left: float | None, sentence: str) -> None:
    assert say_left("Encoding", left) == sentence
