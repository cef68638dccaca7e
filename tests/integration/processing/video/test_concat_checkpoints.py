"""Long films one after another are encoded in segments that outlive the attempt, whichever of them it had come to."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from filemill.processing.errors import InputError
from tests.integration.processing.video.clips import FAST, make_clip, run_ffmpeg
from tests.integration.processing.video.conftest import Make
from tests.integration.processing.video.dying import Store, WorkerDied
from tests.integration.processing.video.reading import read_back, read_samples

QUICK = {"encoder_preset": "veryfast"}

pytestmark = pytest.mark.usefixtures("short_films_are_worth_cutting")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Films of 3.3, 3 and 4.6 s: one whose picture ends before its sound, one without sound, one of another shape."""
    directory = tmp_path_factory.mktemp("films")
    short = directory / "short.mp4"
    sources = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=30000/1001:duration=2.7")
    run_ffmpeg(*sources, "-f", "lavfi", "-i", "sine=frequency=500:duration=3.3", *FAST, str(short))
    silent = make_clip(directory / "silent.mp4", seconds=3, rate="10", sound=False)
    tall = make_clip(directory / "tall.mkv", seconds=4.6, size="90x160")
    return [short, silent, tall]


@pytest.mark.parametrize("kept", [1, 2, 3, 4, 5, None])
@pytest.mark.parametrize("options", [{}, {"format": "webm", "fps": 12.5, "mute": True}], ids=["mp4", "webm"])
def test_after_a_death_a_concatenation_goes_on_after_the_last_whole_segment(
    make: Make, store: Store, films: list[Path], options: Mapping[str, object], kept: int | None
) -> None:
    first, *others = films
    name = f"short.{options.get('format', 'mp4')}"
    whole = make("video.concat", first, inputs=others, **QUICK, **options)
    if kept is not None:
        store.dies_after = kept
        with pytest.raises(WorkerDied):
            make("video.concat", first, inputs=others, checkpoints=store, **QUICK, **options)
    before = {path: path.stat().st_ino for path in store.directory.glob("*/part-*")}
    assert len(before) == (kept or 0)

    made = make("video.concat", first, inputs=others, checkpoints=store, **QUICK, **options)

    assert made.usage.get("resumed_after_segments", 0) == len(before)
    after = {path: path.stat().st_ino for path in store.directory.glob("*/part-*")}
    assert after.items() >= before.items()
    assert len(after) == 5, "a segment was encoded twice, or not at all"
    one, other = read_back(whole.path(name)), read_back(made.path(name))
    assert other.times == pytest.approx(one.times, abs=0.002)
    assert other.decode_times == sorted(set(other.decode_times))
    assert other.duration == pytest.approx(one.duration, abs=0.04)
    assert other.audio_codec == one.audio_codec == (None if "mute" in options else "aac")
    if one.audio_codec:
        assert read_samples(made.path(name)) == read_samples(whole.path(name))
    assert made.result["parts"] == whole.result["parts"]
    assert list(made.outputs) == [name]


def test_each_film_lasts_a_whole_number_of_frames(make: Make, films: list[Path]) -> None:
    first, *others = films
    read = read_back(make("video.concat", first, inputs=others, **QUICK).path("short.mp4"))
    frames = [round(moment * 30000 / 1001) for moment in read.times]
    assert read.times == pytest.approx([number * 1001 / 30000 for number in frames], abs=0.001)
    # 81 frames of 2.7 s, then a pause while the first film's sound goes on to its end.
    assert [*range(81), *range(99, 99 + 90 + 138)] == frames


def test_another_further_film_shares_nothing(make: Make, store: Store, films: list[Path]) -> None:
    first, second, third = films
    make("video.concat", first, inputs=[second], checkpoints=store, **QUICK)
    made = make("video.concat", first, inputs=[third], checkpoints=store, **QUICK)
    assert "resumed_after_segments" not in made.usage


@pytest.mark.parametrize("is_in_segments", [True, False])
def test_a_film_that_breaks_off_spoils_the_whole(
    make: Make, store: Store, films: list[Path], tmp_path: Path, *, is_in_segments: bool
) -> None:
    cut = make_clip(tmp_path / "cut.mp4", seconds=6, coding=(*FAST, "-movflags", "+faststart"))
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 3])
    with pytest.raises(InputError) as caught:
        make("video.concat", cut, inputs=films[1:], checkpoints=store if is_in_segments else None, **QUICK)
    assert caught.value.code == "corrupt_file"


@pytest.mark.parametrize("is_damaged", [True, False])
def test_a_film_that_breaks_off_spoils_the_whole_also_when_it_was_done_by_another_attempt(
    make: Make, store: Store, films: list[Path], tmp_path: Path, *, is_damaged: bool
) -> None:
    """Films that are done are not opened again, and a picture that ends before its sound is no damage."""
    first = tmp_path / "first.mkv"  # which tells how long it is, but not of how many bytes
    if is_damaged:
        make_clip(first, seconds=6)
        first.write_bytes(first.read_bytes()[: first.stat().st_size // 3])
    else:
        sources = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=2", "-f", "lavfi", "-i")
        run_ffmpeg(*sources, "sine=duration=6", *FAST, str(first))
    store.dies_after = 3
    with pytest.raises(WorkerDied):
        make("video.concat", first, inputs=films[1:], checkpoints=store, **QUICK)
    if not is_damaged:
        made = make("video.concat", first, inputs=films[1:], checkpoints=store, **QUICK)
        assert made.usage["resumed_after_segments"] == 3
        return
    with pytest.raises(InputError) as caught:
        make("video.concat", first, inputs=films[1:], checkpoints=store, **QUICK)
    assert caught.value.code == "corrupt_file"


def test_a_film_that_stands_still_for_long_is_taken_up_in_the_midst(
    make: Make, store: Store, films: list[Path], tmp_path: Path
) -> None:
    still = ("-vf", "select=not(between(t\\,1.1\\,8.9))", "-fps_mode", "vfr", "-g", "30")
    first = make_clip(tmp_path / "first.mp4", seconds=10, coding=(*FAST, *still))
    whole = make("video.concat", first, inputs=films[1:], **QUICK)
    store.dies_after = 3
    with pytest.raises(WorkerDied):
        make("video.concat", first, inputs=films[1:], checkpoints=store, **QUICK)
    made = make("video.concat", first, inputs=films[1:], checkpoints=store, **QUICK)
    assert made.usage["resumed_after_segments"] == 3
    one, other = read_back(whole.path("first.mp4")), read_back(made.path("first.mp4"))
    assert other.times == pytest.approx(one.times, abs=0.002)
