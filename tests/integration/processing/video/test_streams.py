"""HLS and DASH: playlists name files that are there, and every rendition plays through."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from filemill.processing.errors import OptionsError
from tests.integration.processing.video.clips import make_clip
from tests.integration.processing.video.conftest import Make, gather
from tests.integration.processing.video.reading import read_back, read_lengths

FAST = {"encoder_preset": "ultrafast"}
DASH = {"mpd": "urn:mpeg:dash:schema:mpd:2011"}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("stream") / "film.mp4", seconds=5, size="640x360")


@pytest.mark.parametrize(
    ("options", "files"),
    [
        ({}, {"360p-00000.ts", "360p-00002.ts", "240p-00000.ts"}),
        ({"segment_format": "fmp4"}, {"360p-00000.m4s", "240p-00002.m4s"}),
        ({"single_file": True}, {"360p.ts", "240p.ts"}),
        ({"single_file": True, "segment_format": "fmp4"}, {"360p.mp4", "240p.mp4"}),
    ],
)
def test_every_rendition_of_hls_plays_through(
    make: Make, film: Path, tmp_path: Path, options: dict[str, object], files: set[str]
) -> None:
    made = make("video.hls", film, renditions=["240p", "360p"], segment_duration=2, **options, **FAST)
    directory = gather(made, tmp_path / "published")
    assert next(iter(made.outputs)) == "master.m3u8"
    assert files <= set(made.outputs)
    master = (directory / "master.m3u8").read_text()
    assert re.findall(r"RESOLUTION=(\S+?),", master) == ["640x360", "426x240"]
    assert re.findall(r"^(\S+\.m3u8)$", master, flags=re.MULTILINE) == ["360p.m3u8", "240p.m3u8"]
    for name, size in (("360p", (640, 360)), ("240p", (426, 240))):
        playlist = (directory / f"{name}.m3u8").read_text()
        named = set(re.findall(r"^([^#\s]\S*)$", playlist, flags=re.MULTILINE)) | set(
            re.findall(r'URI="(.+?)"', playlist)
        )
        assert named <= set(made.outputs)
        assert read_lengths(directory / f"{name}.m3u8") == pytest.approx([2.0, 2.0, 1.0], abs=0.1)
        read = read_back(directory / f"{name}.m3u8")
        assert (read.width, read.height) == size
        assert (read.frames, read.video_codec, read.audio_codec) == (125, "h264", "aac")
        assert read.samples / 44100 == pytest.approx(5.0, abs=0.1)
    assert [rendition["name"] for rendition in made.result["renditions"]] == ["360p", "240p"]
    assert made.result["files"] == len(made.outputs)
    assert made.percents == sorted(made.percents)


def test_a_ladder_is_never_higher_than_the_film(make: Make, clip: Path, film: Path) -> None:
    small = make("video.hls", clip, **FAST)
    assert [(each["name"], each["width"]) for each in small.result["renditions"]] == [("360p", 160)]
    preset = make("video.hls", film, preset="hls/240p", mute=True, **FAST)
    assert [each["name"] for each in preset.result["renditions"]] == ["240p"]
    assert preset.result["has_sound"] is False
    with pytest.raises(OptionsError, match="either preset or renditions"):
        make("video.hls", film, preset="hls/240p", renditions=["360p"])


@pytest.mark.parametrize("is_single", [True, False])
def test_every_representation_of_dash_plays_through(make: Make, film: Path, tmp_path: Path, *, is_single: bool) -> None:
    asked = {"renditions": ["360p", "240p"], "segment_duration": 2, "single_file": is_single}
    made = make("video.dash", film, **asked, **FAST)
    directory = gather(made, tmp_path / "published")
    assert next(iter(made.outputs)) == "manifest.mpd"
    manifest = ET.fromstring((directory / "manifest.mpd").read_text())
    representations = manifest.findall(".//mpd:Representation", DASH)
    assert [each.get("width") for each in representations] == ["640", "426", None]
    assert manifest.get("mediaPresentationDuration") == "PT5.0S"
    for number, wanted in enumerate([(125, 640), (125, 426), (0, None)]):
        read = read_back(join(directory, number, is_single=is_single))
        assert (read.frames, read.width) == wanted
        if number == 2:
            assert read.samples / 44100 == pytest.approx(5.0, abs=0.1)


def join(directory: Path, number: int, *, is_single: bool) -> Path:
    """Put a representation's pieces together, as a player does."""
    if is_single:
        return directory / f"stream-{number}.mp4"
    pieces = [directory / f"init-{number}.m4s", *sorted(directory.glob(f"part-{number}-*.m4s"))]
    assert len(pieces) >= 4
    whole = directory / f"whole-{number}.mp4"
    whole.write_bytes(b"".join(piece.read_bytes() for piece in pieces))
    return whole


def test_a_film_without_sound_and_a_part_of_it(make: Make, film: Path, tmp_path: Path) -> None:
    asked = {"renditions": ["240p"], "start": 1, "duration": 2, "fps": 10, "mute": True, "single_file": True}
    made = make("video.dash", film, **asked, **FAST)
    read = read_back(made.path("stream-0.mp4"))
    assert (read.frames, read.audio_codec) == (20, None)


def test_more_segments_than_a_task_can_hold_are_refused(make: Make, tmp_path: Path) -> None:
    long = make_clip(tmp_path / "long.mp4", seconds=1200, size="32x32", rate="1", sound=False)
    with pytest.raises(OptionsError, match="single_file, a longer segment_duration or fewer"):
        make("video.hls", long, renditions=["240p", "360p"], segment_duration=1)
