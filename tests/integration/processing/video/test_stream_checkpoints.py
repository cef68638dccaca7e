"""A long film in several renditions is encoded in segments that outlive the attempt, and comes out as in one go."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from filemill.files.checkpoints import PieceShelf
from filemill.processing.bench import Output
from filemill.processing.errors import LimitError, SystemFault
from filemill.processing.operations.ffmpeg import kept, segmenting
from filemill.processing.operations.ffmpeg.running import FILM_LIMITS
from filemill.tasks.retries import is_cage_death
from tests.integration.processing.video.clips import make_clip
from tests.integration.processing.video.conftest import Made, Make, gather
from tests.integration.processing.video.dying import DyingShelf, Store, WorkerDied
from tests.integration.processing.video.reading import read_back, read_lengths, read_samples

LADDER = {"renditions": ["360p", "240p"], "segment_duration": 2, "encoder_preset": "ultrafast"}
FORMATS = [
    {},
    {"segment_format": "fmp4"},
    {"single_file": True},
    {"single_file": True, "segment_format": "fmp4"},
]

pytestmark = pytest.mark.usefixtures("short_films_are_worth_cutting")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine seconds at a rate that never meets a whole second."""
    return make_clip(tmp_path_factory.mktemp("stream") / "film.mp4", seconds=9, size="640x360", rate="30000/1001")


def read_playlists(made: Made) -> dict[str, str]:
    """Read the playlists without lengths in seconds, and without what follows the bytes of a segment: an encoder that
    was started anew needs other numbers of bytes."""
    texts = {name: made.path(name).read_text() for name in made.outputs if name.endswith("m3u8")}
    numbers = r'(EXTINF:|BYTERANGE:|BYTERANGE="|BANDWIDTH=)[\d@.]+'
    return {name: re.sub(numbers, r"\1", text) for name, text in texts.items()}


def read_bandwidths(made: Made) -> list[int]:
    return [int(bits) for bits in re.findall(r"BANDWIDTH=(\d+)", made.path("master.m3u8").read_text())]


def assert_same_stream(one: Made, other: Made, tmp_path: Path, *, last_within_seconds: float = 1e-6) -> None:
    """Assert that two streams have the same files and playlists, and play the same frames and the same sound."""
    assert set(other.outputs) == set(one.outputs)
    assert next(iter(other.outputs)) == "master.m3u8"
    assert read_playlists(other) == read_playlists(one)
    assert read_bandwidths(other) == pytest.approx(read_bandwidths(one), rel=0.2)
    here, there = gather(one, tmp_path / "one"), gather(other, tmp_path / "other")
    for name in ("360p.m3u8", "240p.m3u8"):
        expected_lengths, lengths = read_lengths(one.path(name)), read_lengths(other.path(name))
        assert lengths[:-1] == expected_lengths[:-1]
        assert lengths[-1] == pytest.approx(expected_lengths[-1], abs=last_within_seconds)
        assert_plays_the_same(here / name, there / name)


def assert_plays_the_same(one: Path, other: Path) -> None:
    expected, read = read_back(one), read_back(other)
    assert (read.width, read.height, read.video_codec) == (expected.width, expected.height, expected.video_codec)
    assert read.times == pytest.approx(expected.times, abs=0.001)
    assert read.decode_times == sorted(set(read.decode_times))
    assert read.audio_codec == expected.audio_codec
    if read.audio_codec:
        assert read_samples(other) == read_samples(one)


def count_segments(store: Store) -> dict[tuple[str, str], int]:
    """Count how often each segment of each rendition is kept."""
    return Counter((path.parent.name, path.name[:10]) for path in store.directory.glob("*/part-*"))


def read_inodes(store: Store) -> dict[Path, int]:
    return {path: path.stat().st_ino for path in store.directory.glob("*/part-*")}


@pytest.mark.parametrize("options", FORMATS, ids=str)
def test_hls_in_segments_is_hls_in_one_go(
    make: Make, store: Store, film: Path, tmp_path: Path, options: Mapping[str, object]
) -> None:
    whole = make("video.hls", film, **LADDER, **options)
    pieced = make("video.hls", film, checkpoints=store, **LADDER, **options)
    assert len(count_segments(store)) == 10
    assert_same_stream(whole, pieced, tmp_path)
    assert pieced.result == whole.result
    assert pieced.percents == sorted(pieced.percents)


@pytest.mark.parametrize("count", [1, 2, 5, 9, 10, 11, 12])
def test_after_a_death_hls_goes_on_after_the_last_whole_segments(
    make: Make, store: Store, film: Path, tmp_path: Path, count: int
) -> None:
    options = {**LADDER, "segment_format": "fmp4" if count % 2 else "ts"}
    whole = make("video.hls", film, **options)
    store.dies_after = count
    with pytest.raises(WorkerDied):
        make("video.hls", film, checkpoints=store, **options)
    before = read_inodes(store)

    made = make("video.hls", film, checkpoints=store, **options)

    assert made.usage["resumed_after_segments"] == len(before) == min(count, 10)
    assert "resumed_in_vain" not in made.usage
    assert read_inodes(store).items() >= before.items()
    assert set(count_segments(store).values()) == {1}, "a segment was encoded twice"
    assert len(count_segments(store)) == 10
    assert_same_stream(whole, made, tmp_path)
    assert read_lengths(made.path("360p.m3u8")) == read_lengths(made.path("240p.m3u8"))
    assert made.percents == sorted(made.percents)


CODING = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-vf")
SCENES = (*CODING, "negate=enable=lt(mod(t\\,1.93)\\,0.96)")
UNSTEADY = (*CODING, "select=not(eq(mod(n\\,7)\\,3))*not(between(t\\,3.7\\,4.3))", "-fps_mode", "vfr")
STILL = (*CODING, "select=not(between(t\\,1.1\\,7.9))", "-fps_mode", "vfr")
LATE = (*CODING, "trim=start=0.53")
FILMS: Mapping[str, tuple[tuple[str, ...], Mapping[str, object]]] = {
    "scenes": (SCENES, {}),
    "unsteady": (UNSTEADY, {}),
    "late picture": (LATE, {}),
    "late picture alone": (LATE, {"mute": True}),
    "part": (SCENES, {"start": 1.31, "end": 8.1}),
    "part with a rate": (SCENES, {"start": 1.31, "end": 8.1, "fps": 12.5, "mute": True}),
    "a still with a rate": (STILL, {"fps": 10, "segment_duration": 4}),
    "odd segments": (UNSTEADY, {"segment_duration": 1.5, "audio_bitrate": 64_000, "start": 0.4}),
}


@pytest.mark.parametrize("case", FILMS)
def test_segments_lie_where_they_would_in_one_go_whatever_the_film(
    make: Make, store: Store, tmp_path: Path, case: str
) -> None:
    coding, options = FILMS[case]
    film = make_clip(tmp_path / "film.mp4", seconds=9, size="640x360", rate="30000/1001", coding=coding)
    asked = {**LADDER, "encoder_preset": "veryfast", **options}  # with frames that are shown in another order
    whole = make("video.hls", film, **asked)
    store.dies_after = 3
    with pytest.raises(WorkerDied):
        make("video.hls", film, checkpoints=store, **asked)
    made = make("video.hls", film, checkpoints=store, **asked)
    assert made.usage["resumed_after_segments"] == 3
    # Where the rate is not steady, how long the last frame is shown is a guess.
    assert_same_stream(whole, made, tmp_path, last_within_seconds=0.04 if coding == UNSTEADY else 1e-6)


def test_a_picture_that_begins_between_two_microseconds_is_cut_at_the_same_frames(
    make: Make, store: Store, tmp_path: Path
) -> None:
    coding = (*CODING, "trim=start=0.066")  # from the third frame on, which comes at 1/15 s
    film = make_clip(tmp_path / "film.mp4", seconds=9, size="640x360", rate="30", coding=coding)
    whole = make("video.hls", film, **LADDER)
    store.dies_after = 3
    with pytest.raises(WorkerDied):
        make("video.hls", film, checkpoints=store, **LADDER)
    made = make("video.hls", film, checkpoints=store, **LADDER)
    assert made.usage["resumed_after_segments"] == 3
    assert_same_stream(whole, made, tmp_path)


def read_manifest(made: Made) -> list[object]:
    """Read what a manifest tells of every representation, lengths of segments in seconds."""
    told: list[object] = []
    ticks = 1
    for element in ET.fromstring(made.path("manifest.mpd").read_text()).iter():
        facts = {name: value for name, value in element.items() if name not in ("timescale", "mediaRange", "range")}
        for name in facts.keys() & {"t", "d", "presentationTimeOffset"}:
            facts[name] = f"{float(facts[name]) / ticks:.4f}"
        ticks = int(element.get("timescale", ticks))  # in which the lengths beneath are told
        facts.pop("indexRange", None)
        told.append((element.tag, facts))
    return told


def join_representation(made: Made, directory: Path, number: int) -> Path:
    """Put a representation's pieces together, as a player does."""
    if f"stream-{number}.mp4" in made.outputs:
        return made.path(f"stream-{number}.mp4")
    pieces = [f"init-{number}.m4s", *sorted(name for name in made.outputs if name.startswith(f"part-{number}-"))]
    whole = directory / f"whole-{number}-{len(list(directory.iterdir()))}.mp4"
    whole.write_bytes(b"".join(made.path(piece).read_bytes() for piece in pieces))
    return whole


@pytest.mark.parametrize("is_single", [True, False])
@pytest.mark.parametrize("count", [1, 4, 11, None])
def test_after_a_death_dash_goes_on_after_the_last_whole_segments(
    make: Make, store: Store, tmp_path: Path, count: int | None, *, is_single: bool
) -> None:
    film = make_clip(tmp_path / "film.mp4", seconds=9, size="640x360", rate="30000/1001", coding=SCENES)
    options = {**LADDER, "encoder_preset": "veryfast", "single_file": is_single}
    whole = make("video.dash", film, **options)
    if count is not None:
        store.dies_after = count
        with pytest.raises(WorkerDied):
            make("video.dash", film, checkpoints=store, **options)
    before = read_inodes(store)

    made = make("video.dash", film, checkpoints=store, **options)

    assert made.usage.get("resumed_after_segments", 0) == len(before)
    assert read_inodes(store).items() >= before.items()
    assert set(count_segments(store).values()) == {1}, "a segment was encoded twice"
    assert set(made.outputs) == set(whole.outputs)
    assert next(iter(made.outputs)) == "manifest.mpd"
    assert read_manifest(made) == read_manifest(whole)
    assert made.result == whole.result
    joined = tmp_path / "joined"
    joined.mkdir()
    for number in range(3):
        one, other = (join_representation(each, joined, number) for each in (whole, made))
        assert_plays_the_same(one, other)


@pytest.mark.parametrize("damaged", ["part", "sound"])
def test_kept_work_that_is_no_use_is_made_anew(
    make: Make, store: Store, film: Path, tmp_path: Path, damaged: str
) -> None:
    whole = make("video.hls", film, **LADDER)
    store.dies_after = 11
    with pytest.raises(WorkerDied):
        make("video.hls", film, checkpoints=store, **LADDER)
    next(store.directory.glob(f"*/{damaged}*")).write_bytes(b"\x17" * 5000)
    made = make("video.hls", film, checkpoints=store, **LADDER)
    assert made.usage["resumed_in_vain"] == 10
    assert_same_stream(whole, made, tmp_path)


@pytest.mark.parametrize("code", ["disk_full", "storage_error"])
def test_a_disk_that_does_not_take_what_is_joined_costs_nothing_that_is_kept(
    make: Make, store: Store, film: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    store.dies_after = 11
    with pytest.raises(WorkerDied):
        make("video.hls", film, checkpoints=store, **LADDER)
    before = read_inodes(store)

    def no_room(_shelf: PieceShelf, _output: Output, _name: str) -> None:
        raise SystemFault("There is no room.", code=code, is_passing=True)

    with monkeypatch.context() as patched:
        patched.setattr(DyingShelf, "keep", no_room)
        with pytest.raises(SystemFault, match="no room"):
            make("video.hls", film, checkpoints=store, **LADDER)
    assert read_inodes(store) == before
    made = make("video.hls", film, checkpoints=store, **LADDER)
    assert made.usage["resumed_after_segments"] == 10


def test_what_a_vain_attempt_has_joined_is_in_nobody_s_way(
    make: Make, store: Store, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.dies_after = 11
    with pytest.raises(WorkerDied):
        make("video.hls", film, checkpoints=store, **LADDER)
    asked: list[str] = []

    def break_once(shelf: DyingShelf, output: Output, name: str) -> None:
        asked.append(name)
        if asked == ["joined"]:
            raise SystemFault("The cage died.", code="cage_crashed", is_passing=True)
        PieceShelf.keep(shelf, output, name)

    monkeypatch.setattr(DyingShelf, "keep", break_once)
    made = make("video.hls", film, checkpoints=store, **LADDER)
    assert made.usage["resumed_in_vain"] == 10
    assert "joined.mp4" not in made.outputs


def test_short_streams_are_made_in_one_go(
    make: Make, store: Store, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segmenting, "_WORTH_SECONDS", 60.0)
    make("video.hls", film, checkpoints=store, **LADDER)
    assert store.pieces() == []


def test_the_film_is_not_to_blame_where_what_was_encoded_of_it_can_not_be_packed(
    make: Make, store: Store, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is it remembered as one that kills, nor is it encoded again for the same end."""
    keep = DyingShelf.keep

    def spoil(shelf: DyingShelf, output: Output, name: str) -> None:
        if name == "joined":
            output.path.write_bytes(b"\x17" * 5000)
        keep(shelf, output, name)

    monkeypatch.setattr(DyingShelf, "keep", spoil)
    with pytest.raises(SystemFault) as caught:
        make("video.hls", film, checkpoints=store, **LADDER)
    assert not is_cage_death(caught.value)
    assert not caught.value.is_passing


def test_a_stream_that_grows_too_large_ends_while_it_is_encoded(
    make: Make, store: Store, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most_bytes = 1_000_000
    monkeypatch.setattr(kept, "FILM_LIMITS", replace(FILM_LIMITS, output_bytes=most_bytes))
    for _ in range(2):
        with pytest.raises(LimitError) as caught:
            make("video.hls", film, checkpoints=store, **LADDER)
        assert caught.value.code == "output_limit"
        pieces = list(store.directory.glob("*/part-*"))
        assert 1 <= len(pieces) < 10
        assert sum(piece.stat().st_size for piece in pieces) <= most_bytes
