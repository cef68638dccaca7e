"""Films one after another: which frames of the whole are whose, and where work is taken up."""

from fractions import Fraction

import pytest

from filemill.processing.operations.ffmpeg.parts import Concatenation, ask_for_concat_segments
from filemill.processing.operations.ffmpeg.segmenting import Cuts, Place
from filemill.processing.operations.planning import Facts
from filemill.processing.operations.video.concat import ConcatOptions, plan_parts


def plan(*seconds: float, **options: object) -> Concatenation:
    films = [Facts(media_type="video/mp4", width=640, height=360, duration=each, fps=30000 / 1001) for each in seconds]
    return plan_parts(films, ConcatOptions.model_validate(options))


def test_parts_last_whole_frames_and_never_drift_from_what_the_films_last() -> None:
    whole = plan(*[3.33] * 20)
    assert whole.fps == Fraction(30000, 1001)
    begins = [part.first_frame for part in whole.parts]
    assert begins == [round(3.33 * number * 30000 / 1001) for number in range(20)]
    ends = [part.first_frame + part.frames for part in whole.parts]
    assert ends[:-1] == begins[1:]
    assert whole.film.span.lasting_seconds == pytest.approx(66.6, abs=0.02)


def test_a_film_of_less_than_a_frame_has_one() -> None:
    assert [part.frames for part in plan(3.0, 0.001, 3.0).parts] == [90, 1, 89]


@pytest.mark.parametrize(
    ("options", "frame"),
    [
        ({"preset": "web/mp4/1080p", "fit": "cover"}, (640, 360)),
        ({"preset": "web/mp4/240p", "fit": "fillcrop"}, (426, 240)),
        ({"resize": [300, 300], "fit": "cover"}, (300, 300)),
        ({"resize": [300, 300]}, (300, 168)),
    ],
)
def test_how_others_are_fitted_makes_the_frame_no_larger(options: dict[str, object], frame: tuple[int, int]) -> None:
    canvas = plan(3.0, 3.0, **options).film.layout.canvas
    assert (canvas.width, canvas.height) == frame


def test_films_that_are_done_are_not_opened_again() -> None:
    whole = plan(10.0, 10.0, 10.0)
    cuts = Cuts(lasting_seconds=30.03, every_seconds=5.0)
    asked = ask_for_concat_segments(whole, cuts, Place(number=3, begin_seconds=15.02), with_sound=False)
    opened = [asked[index + 1] for index, word in enumerate(asked) if word == "-fd"]
    assert opened == ["5", "6"]
    # The second film begins at its frame 300; decoding begins two seconds before the place.
    assert float(asked[asked.index("-ss") + 1]) == pytest.approx(15.02 - 300 * 1001 / 30000 - 2)
    assert whole.find_part(0.0) == 0
    assert whole.find_part(1e9) == 2
