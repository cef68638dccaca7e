"""Where a film is cut, and which kept segments follow each other."""

import random

import pytest

from filemill.processing.operations.ffmpeg.chains import NOBODY, find_chain, name_kept
from filemill.processing.operations.ffmpeg.segmenting import cut_every, plan_cuts, read_listed
from filemill.processing.operations.ffmpeg.spans import Span
from filemill.processing.operations.planning import Facts
from filemill.processing.operations.video.film_options import FilmOptions
from filemill.processing.operations.video.film_plan import plan_film


def facts_lasting(seconds: float | None) -> Facts:
    more = {"video_codec": "h264", "audio_codec": "aac", "audio_channels": 2}
    return Facts(media_type="video/mp4", width=1920, height=1080, duration=seconds, fps=30.0, more=more)


@pytest.mark.parametrize(
    ("seconds", "options", "is_cut"),
    [
        (3.0, {"format": "mp4"}, False),
        (3600.0, {"format": "mp4"}, True),
        (3600.0, {"video_codec": "copy", "audio_codec": "copy"}, False),
        (3600.0, {"format": "mp4", "duration": 2}, False),
        (None, {"format": "mp4"}, False),
    ],
)
def test_only_long_work_is_cut(seconds: float | None, options: dict[str, object], *, is_cut: bool) -> None:
    facts = facts_lasting(seconds)
    assert (plan_cuts(facts, plan_film(facts, FilmOptions.model_validate(options))) is not None) == is_cut


@pytest.mark.parametrize("hours", [0.1, 1, 12, 300])
def test_a_film_has_at_most_two_hundred_segments(hours: float) -> None:
    cuts = cut_every(Span(end_seconds=hours * 3600), 3.0)
    assert cuts is not None
    assert len(cuts.after(0.0)) < 200


def test_the_last_segment_is_not_a_sliver() -> None:
    cuts = cut_every(Span(end_seconds=12.3), 4.0)
    assert cuts is not None
    assert cuts.after(0.0) == [4.0, 8.0]
    assert cuts.after(4.01) == [8.0]
    assert cuts.after(3.97) == [8.0]
    assert cuts.after(8.0) == []
    assert cuts.after(12.3) == []


@pytest.mark.parametrize(
    ("line", "listed"),
    [
        ("part-0-00007.nut,14.000000,16.000000", (0, 7)),
        ("part-3-00007.nut,14.000000,16.000000", (3, 7)),
        ("part-0-00007.nut,0.000000,0.000000", None),  # no frame was left for it
        ("part-0-00007.nut", None),
        ("../part-0-00007.nut,1.0,2.0", None),
        ("progress=end", None),
        ("part-0-00007.nut,1.0,2.0,x", None),
    ],
)
def test_a_line_tells_of_a_whole_segment(line: str, listed: tuple[int, int] | None) -> None:
    assert read_listed(line) == listed


def test_a_chain_follows_one_attempt_and_what_continued_it() -> None:
    lost = [name_kept(0, "aa", NOBODY), *(name_kept(n, "aa", "aa") for n in range(1, 6))]
    taken_up = [name_kept(3, "bb", "aa"), *(name_kept(n, "bb", "bb") for n in range(4, 9))]
    assert find_chain([]) == []
    assert find_chain(lost) == lost
    assert find_chain([*lost, *taken_up]) == [*lost[:3], *taken_up]
    assert find_chain([*lost[:3], *taken_up[:1]]) == [*lost[:3], *taken_up[:1]]
    assert find_chain(taken_up) == []


def test_a_chain_never_mixes_attempts_that_did_not_continue_each_other() -> None:
    random.seed(7)
    for _ in range(200):
        names, ends = ["sound", "junk"], [(0, NOBODY)]
        for attempt in ("aa", "bb", "cc", "dd"):
            number, continued = random.choice(ends)
            for _ in range(random.randint(0, 5)):
                names.append(name_kept(number, attempt, continued))
                number, continued = number + 1, attempt
                ends.append((number, continued))
        random.shuffle(names)
        chain = find_chain(names)
        links = [name.split("-") for name in chain]
        assert [int(link[1]) for link in links] == list(range(len(chain)))
        before = [NOBODY, *(link[2] for link in links)]
        assert [link[3] for link in links] == before[:-1]
        assert len(chain) == max(number for number, _ in ends)
