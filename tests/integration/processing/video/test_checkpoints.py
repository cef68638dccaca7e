"""A long film is encoded in segments that outlive the attempt; the next one goes on after the last whole one."""

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from filemill.files.checkpoints import PieceShelf
from filemill.processing.bench import Input, Output
from filemill.processing.cage import tool_identity
from filemill.processing.errors import InputError, LimitError, SystemFault
from filemill.processing.operations.ffmpeg import kept
from tests.integration.processing.video.clips import FAST, make_clip, run_ffmpeg
from tests.integration.processing.video.conftest import Make
from tests.integration.processing.video.dying import DyingShelf, Store, WorkerDied
from tests.integration.processing.video.reading import read_back, read_samples

FILM = {"poster": False, "encoder_preset": "ultrafast"}

pytestmark = pytest.mark.usefixtures("short_films_are_worth_cutting")


@pytest.mark.parametrize(
    "asked",
    [
        {"format": "mp4"},
        {"format": "mp4", "video_codec": "h265"},
        {"format": "mp4", "video_codec": "av1"},
        {"format": "webm"},
    ],
    ids=lambda asked: str(asked.get("video_codec", asked["format"])),
)
def test_a_film_in_segments_is_the_film_in_one_go(
    make: Make, store: Store, tmp_path: Path, asked: dict[str, str]
) -> None:
    film = make_clip(tmp_path / "film.mp4", seconds=5, rate="30000/1001")
    whole = make("video.transcode", film, **FILM, **asked)
    pieced = make("video.transcode", film, checkpoints=store, **FILM, **asked)
    name = f"film.{asked['format']}"

    assert len([piece for piece in store.pieces() if piece.startswith("part-")]) == 3
    one, other = read_back(whole.path(name)), read_back(pieced.path(name))
    assert other.frames == one.frames == 150
    assert other.times == pytest.approx(one.times, abs=0.002)
    assert other.decode_times == sorted(set(other.decode_times))
    assert other.duration == pytest.approx(one.duration, abs=0.04)
    assert read_samples(pieced.path(name)) == read_samples(whole.path(name))
    assert pieced.outputs[name].facts == {
        **whole.outputs[name].facts,
        "duration": pieced.outputs[name].facts["duration"],
    }
    assert list(pieced.outputs) == [name]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_after_a_death_the_next_attempt_goes_on_after_the_last_whole_segment(
    make: Make, store: Store, tmp_path: Path, count: int
) -> None:
    film = make_clip(tmp_path / "film.mp4", seconds=8)
    whole = make("video.transcode", film, format="mp4", **FILM)
    store.dies_after = count
    with pytest.raises(WorkerDied):
        make("video.transcode", film, format="mp4", checkpoints=store, **FILM)
    before = store.pieces()
    assert len(before) == count

    made = make("video.transcode", film, format="mp4", checkpoints=store, **FILM)

    assert made.usage["resumed_after_segments"] == count
    assert made.usage["resumed_at_seconds"] == pytest.approx(2 * count, abs=0.04)
    assert set(before) < set(store.pieces())
    one, other = read_back(whole.path("film.mp4")), read_back(made.path("film.mp4"))
    assert other.times == pytest.approx(one.times, abs=0.001)
    assert other.decode_times == sorted(set(other.decode_times))
    assert read_samples(made.path("film.mp4")) == read_samples(whole.path("film.mp4"))
    assert made.percents == sorted(made.percents)
    content = made.path("film.mp4").read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")


def test_a_film_that_was_all_but_joined_is_only_joined(make: Make, store: Store, tmp_path: Path) -> None:
    film = make_clip(tmp_path / "film.mp4", seconds=4)
    make("video.transcode", film, format="mp4", checkpoints=store, **FILM)
    made = make("video.transcode", film, format="mp4", checkpoints=store, **FILM)
    assert made.usage["resumed_after_segments"] == 2
    assert read_back(made.path("film.mp4")).frames == 100


def test_a_part_with_a_rate_and_a_watermark_goes_on_where_it_was(
    make: Make, store: Store, tmp_path: Path, picture: Path
) -> None:
    film = make_clip(tmp_path / "film.mkv", seconds=9, rate="30000/1001")
    asked = {"format": "mp4", "start": 1.3, "end": 8.1, "fps": 12.5, "width": 120, "watermark": True, **FILM}
    whole = make("video.transcode", film, inputs=[picture], **asked)
    store.dies_after = 2
    with pytest.raises(WorkerDied):
        make("video.transcode", film, inputs=[picture], checkpoints=store, **asked)
    made = make("video.transcode", film, inputs=[picture], checkpoints=store, **asked)
    assert made.usage["resumed_after_segments"] == 2
    one, other = read_back(whole.path("film.mp4")), read_back(made.path("film.mp4"))
    assert other.frames == one.frames == 85
    assert other.times == pytest.approx(one.times, abs=0.08)
    assert abs(other.samples - one.samples) <= 2 * 1024


def test_other_options_and_another_source_share_nothing(make: Make, store: Store, tmp_path: Path) -> None:
    film = make_clip(tmp_path / "film.mp4", seconds=4)
    make("video.transcode", film, format="mp4", checkpoints=store, **FILM)
    made = make("video.transcode", film, format="mp4", crf=40, checkpoints=store, **FILM)
    assert "resumed_after_segments" not in made.usage
    assert len(store.keys) == 2


def test_two_attempts_at_once_do_not_mix_their_segments(make: Make, store: Store, tmp_path: Path) -> None:
    """A worker that is only taken for lost goes on keeping segments, under names of its own."""
    film = make_clip(tmp_path / "film.mp4", seconds=8)
    store.dies_after = 1
    with pytest.raises(WorkerDied):
        make("video.transcode", film, format="mp4", checkpoints=store, **FILM)
    [first] = store.pieces()
    shelf = store.directory / "0"
    foreign = shelf / "part-00001-cafe-beef"  # continues nothing that is there
    foreign.write_bytes(b"no segment at all")

    made = make("video.transcode", film, format="mp4", checkpoints=store, **FILM)

    assert made.usage["resumed_after_segments"] == 1
    assert read_back(made.path("film.mp4")).frames == 200
    assert (shelf / first).exists()


@pytest.mark.parametrize("damage", ["junk", "empty", "swapped"])
def test_kept_segments_that_are_no_use_are_made_anew(make: Make, store: Store, tmp_path: Path, damage: str) -> None:
    film = make_clip(tmp_path / "film.mp4", seconds=8)
    store.dies_after = 2
    with pytest.raises(WorkerDied):
        make("video.transcode", film, format="mp4", checkpoints=store, **FILM)
    first, last = sorted((store.directory / "0").iterdir())
    if damage == "swapped":
        content = first.read_bytes()
        first.write_bytes(last.read_bytes())
        last.write_bytes(content)
    else:
        last.write_bytes(b"" if damage == "empty" else b"\x17" * 5000)

    made = make("video.transcode", film, format="mp4", checkpoints=store, **FILM)

    assert made.usage["resumed_in_vain"] == 2
    assert read_back(made.path("film.mp4")).frames == 200
    assert list(made.outputs) == ["film.mp4"]


def test_a_disk_without_room_for_a_checkpoint_ends_the_attempt_as_passing(
    make: Make, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(_shelf: PieceShelf, _output: Output, _name: str) -> None:
        raise SystemFault("There is no room.", code="disk_full", is_passing=True)

    monkeypatch.setattr(DyingShelf, "keep", no_room)
    with pytest.raises(SystemFault, match="no room"):
        make("video.transcode", make_clip(tmp_path / "film.mp4", seconds=4), format="mp4", checkpoints=store, **FILM)


@pytest.mark.parametrize("is_mute", [False, True])
@pytest.mark.parametrize("is_in_segments", [True, False])
def test_a_part_without_a_picture_is_the_fault_of_the_film(
    make: Make, store: Store, tmp_path: Path, *, is_in_segments: bool, is_mute: bool
) -> None:
    film = tmp_path / "film.mp4"
    sources = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=3", "-f", "lavfi", "-i", "sine=duration=10")
    run_ffmpeg(*sources, *FAST, str(film))
    kept = store if is_in_segments else None
    with pytest.raises(InputError) as caught:
        make("video.transcode", film, format="mp4", start=5, mute=is_mute, checkpoints=kept, **FILM)
    assert caught.value.code == "corrupt_file"


def test_a_limit_that_is_met_while_joining_costs_nothing_that_is_kept(
    make: Make, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make_clip(tmp_path / "film.mp4", seconds=8)
    store.dies_after = 4
    with pytest.raises(WorkerDied):
        make("video.transcode", film, format="mp4", checkpoints=store, **FILM)
    before = store.pieces()
    with monkeypatch.context() as patched:
        patched.setattr(kept, "_JOIN_LIMITS", replace(kept._JOIN_LIMITS, output_bytes=10_000))
        with pytest.raises(LimitError):
            make("video.transcode", film, format="mp4", checkpoints=store, **FILM)
    assert set(before) <= set(store.pieces())


def test_a_segment_that_goes_while_it_is_needed_is_made_anew(
    make: Make, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make_clip(tmp_path / "film.mp4", seconds=8)
    store.dies_after = 2
    with pytest.raises(WorkerDied):
        make("video.transcode", film, format="mp4", checkpoints=store, **FILM)
    opened: list[str] = []

    def go_when_joined(shelf: DyingShelf, name: str) -> AbstractContextManager[Input]:
        opened.append(name)
        if name.startswith("part-") and opened.count(name) == 2:  # measured, then joined
            shelf.drop(name)
        return PieceShelf.open(shelf, name)

    monkeypatch.setattr(DyingShelf, "open", go_when_joined)
    made = make("video.transcode", film, format="mp4", checkpoints=store, **FILM)
    assert made.usage["resumed_in_vain"] == 2
    assert read_back(made.path("film.mp4")).frames == 200


@pytest.mark.parametrize("options", [{"fps": 10}, {}], ids=str)
def test_a_picture_that_stands_still_for_long_is_taken_up_in_the_midst(
    make: Make, store: Store, tmp_path: Path, options: dict[str, object]
) -> None:
    film = tmp_path / "film.mp4"
    still = ("-vf", "select=not(between(t\\,3.1\\,10.9))", "-fps_mode", "vfr", "-g", "30")
    make_clip(film, seconds=14, coding=(*FAST, *still))
    whole = make("video.transcode", film, format="mp4", **FILM, **options)
    store.dies_after = 3
    with pytest.raises(WorkerDied):
        make("video.transcode", film, format="mp4", checkpoints=store, **FILM, **options)
    made = make("video.transcode", film, format="mp4", checkpoints=store, **FILM, **options)
    assert made.usage["resumed_after_segments"] == 3
    assert read_back(made.path("film.mp4")).times == pytest.approx(read_back(whole.path("film.mp4")).times, abs=0.001)


def test_another_ffmpeg_begins_anew(make: Make, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = make_clip(tmp_path / "film.mp4", seconds=4)
    make("video.transcode", film, format="mp4", checkpoints=store, **FILM)
    monkeypatch.setattr(tool_identity, "identify", lambda tool: f"another {tool}")
    made = make("video.transcode", film, format="mp4", checkpoints=store, **FILM)
    assert "resumed_after_segments" not in made.usage


def test_frames_that_come_quicker_right_after_a_segment_are_not_lost(make: Make, store: Store, tmp_path: Path) -> None:
    quicker = "select=gte(n\\,233)+not(mod(n\\,4)),negate=enable=gte(t\\,1.94)"
    coding = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-vf", quicker, "-fps_mode", "vfr", "-enc_time_base", "1/1200")
    film = make_clip(tmp_path / "film.mp4", seconds=6, rate="120", coding=coding)
    asked = {"format": "mp4", "poster": False, "encoder_preset": "veryfast"}
    whole = make("video.transcode", film, **asked)
    store.dies_after = 1
    with pytest.raises(WorkerDied):
        make("video.transcode", film, checkpoints=store, **asked)
    made = make("video.transcode", film, checkpoints=store, **asked)
    assert made.usage["resumed_at_seconds"] < 1.94
    assert read_back(made.path("film.mp4")).times == pytest.approx(read_back(whole.path("film.mp4")).times, abs=0.001)
