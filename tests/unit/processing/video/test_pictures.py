"""When frames are taken, how a sheet is laid out, and what its cues say."""

import pytest

from filemill.processing.errors import OptionsError
from filemill.processing.operations.sizing import Size
from filemill.processing.operations.video.sprite import choose_count, write_cues
from filemill.processing.operations.video.thumbnails import choose_moments


@pytest.mark.parametrize(
    ("duration", "count", "offsets", "moments"),
    [
        (8.0, 3, None, [2.0, 4.0, 6.0]),
        (8.0, 1, None, [4.0]),
        (None, 2, None, [0.0, 0.0]),
        (8.0, 3, ["50%", 1, 99], [4.0, 1.0, 8.0]),
        (None, 3, [5], [5.0]),
    ],
)
def test_moments_lie_at_equal_distances_or_where_they_are_named(
    duration: float | None, count: int, offsets: list[float | str] | None, moments: list[float]
) -> None:
    assert choose_moments(duration, count, offsets) == moments


@pytest.mark.parametrize(
    ("duration", "count", "interval", "expected"),
    [(10.0, None, None, 10), (5000.0, None, None, 100), (0.4, None, None, 1), (10.0, 7, 1.0, 7), (10.0, None, 4.0, 3)],
)
def test_a_sheet_has_as_many_frames_as_are_asked_for(
    duration: float, count: int | None, interval: float | None, expected: int
) -> None:
    assert choose_count(duration, count, interval) == expected


def test_an_interval_that_gives_too_many_frames_or_none_is_refused() -> None:
    with pytest.raises(OptionsError, match="gives 1000 frames; a sheet holds 200"):
        choose_count(1000.0, None, 1.0)
    with pytest.raises(OptionsError, match="does not say how long"):
        choose_count(None, None, 1.0)


def test_cues_follow_each_other_and_name_their_places() -> None:
    assert write_cues(7200.5, 3, 2, Size(160, 90), "sprite.jpg").splitlines() == [
        "WEBVTT",
        "",
        "00:00:00.000 --> 00:40:00.167",
        "sprite.jpg#xywh=0,0,160,90",
        "",
        "00:40:00.167 --> 01:20:00.333",
        "sprite.jpg#xywh=160,0,160,90",
        "",
        "01:20:00.333 --> 02:00:00.500",
        "sprite.jpg#xywh=0,90,160,90",
    ]
