"""Sizes, codecs and copies outweigh what a preset stands for; what a player is told of is what it gets."""

import json
import re
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

import pytest

from filemill.processing.errors import OptionsError
from tests.integration.processing.video.clips import FFMPEG, make_clip, run_ffmpeg
from tests.integration.processing.video.conftest import Made, Make, gather
from tests.integration.processing.video.dying import Store
from tests.integration.processing.video.reading import read_back, read_frame, read_lengths

SOON = {"encoder_preset": "ultrafast", "segment_duration": 2}
FMP4 = {"segment_format": "fmp4"}
DASH = {"mpd": "urn:mpeg:dash:schema:mpd:2011"}
KEYS = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "50", "-c:a", "aac")
"""A key frame every two seconds."""
TOLD_PICTURE = {"h264": "avc1.", "h265": "hvc1.", "vp9": "vp09.", "av1": "av01."}
TOLD_SOUND = {"aac": "mp4a.40.2", "opus": "opus", "mp3": "mp4a.40.34"}
READ = {"h265": "hevc", "mp3": "mp3float"}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("overrides") / "film.mp4", seconds=6, size="640x360", coding=KEYS)


def read_codecs(made: Made) -> list[str]:
    """Read the codecs that players are told of, each representation's."""
    if "master.m3u8" in made.outputs:
        return re.findall(r'CODECS="(.+?)"', made.path("master.m3u8").read_text())
    manifest = ET.fromstring(made.path("manifest.mpd").read_text())
    return [each.get("codecs", "") for each in manifest.findall(".//mpd:Representation", DASH)]


def hash_sound(path: Path) -> list[str]:
    """Hash each packet of the sound, without the heads that it has in transport streams."""
    bare = ["-bsf:a", "aac_adtstoasc"]
    asked = [FFMPEG, "-loglevel", "error", "-i", str(path), "-map", "0:a:0", "-c", "copy", *bare]
    told = subprocess.run([*asked, "-f", "framemd5", "-"], check=True, capture_output=True, text=True).stdout
    return [line.split(",")[5].strip() for line in told.splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("sound", ["aac", "opus", "mp3"])
@pytest.mark.parametrize("picture", ["h264", "h265", "vp9", "av1"])
def test_every_codec_of_fragmented_mp4_plays_through_and_is_told_to_players(
    make: Make, film: Path, tmp_path: Path, picture: str, sound: str
) -> None:
    asked = {"preset": "hls/240p", "video_codec": picture, "audio_codec": sound, **FMP4, **SOON}
    made = make("video.hls", film, **asked)
    ((told_picture, told_sound),) = [codecs.split(",") for codecs in read_codecs(made)]
    assert told_picture.startswith(TOLD_PICTURE[picture])
    assert told_sound == TOLD_SOUND[sound]
    playlist = gather(made, tmp_path / "published") / "240p.m3u8"
    read = read_back(playlist)
    assert (read.frames, read.width, read.height) == (150, 426, 240)
    assert read.video_codec == READ.get(picture, picture)
    assert read.audio_codec in (sound, READ.get(sound))
    assert read.samples / (read.sample_rate or 1) == pytest.approx(6.0, abs=0.1)
    assert read_lengths(playlist) == pytest.approx([2.0, 2.0, 2.0], abs=0.05)


@pytest.mark.parametrize(("picture", "sound"), [("vp9", "opus"), ("av1", "mp3")])
def test_dash_takes_the_codecs_of_fragmented_mp4(make: Make, film: Path, picture: str, sound: str) -> None:
    asked = {"renditions": ["360p", "240p"], "single_file": True, "video_codec": picture, "audio_codec": sound}
    made = make("video.dash", film, **asked, **SOON)
    *pictures, told_sound = read_codecs(made)
    assert all(codecs.startswith(TOLD_PICTURE[picture]) for codecs in pictures)
    assert told_sound == TOLD_SOUND[sound]
    for number, width in enumerate((640, 426)):
        read = read_back(made.path(f"stream-{number}.mp4"))
        assert (read.frames, read.width, read.video_codec) == (150, width, picture)


def test_transport_streams_take_mp3(make: Make, film: Path, tmp_path: Path) -> None:
    made = make("video.hls", film, preset="hls/240p", audio_codec="libmp3lame", **SOON)
    read = read_back(gather(made, tmp_path / "published") / "240p.m3u8")
    assert read.audio_codec in ("mp3", "mp3float")
    assert read_codecs(made)[0].endswith("mp4a.40.34")


@pytest.mark.parametrize("codec", ["vp9", "av1"])
def test_a_quality_is_even_under_the_rate_in_every_codec(make: Make, film: Path, codec: str) -> None:
    asked = {"preset": "hls/360p", "video_codec": codec, "single_file": True, "mute": True, **FMP4, **SOON}
    sizes = [make("video.hls", film, crf=crf, **asked).path("360p.mp4").stat().st_size for crf in (20, 55)]
    assert sizes[1] < sizes[0] / 2


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"width": 320}, (320, 180)),
        ({"width": 200, "height": 200, "fit": "cover"}, (200, 200)),
        ({"width": 200, "height": 200, "fit": "contain"}, (200, 200)),
        ({"height": 720, "fit": "fill"}, (1280, 720)),
    ],
)
@pytest.mark.parametrize("operation", ["video.hls", "video.dash"])
def test_a_rendition_has_the_size_that_is_asked_for(
    make: Make, film: Path, operation: str, options: Mapping[str, object], size: tuple[int, int]
) -> None:
    made = make(operation, film, renditions=["240p"], single_file=True, mute=True, **options, **SOON)
    read = read_back(made.path("240p.ts" if operation == "video.hls" else "stream-0.mp4"))
    assert (read.width, read.height, read.frames) == (*size, 150)
    assert [(each["width"], each["height"]) for each in made.result["renditions"]] == [size]
    foreseen = {(each.facts.width, each.facts.height) for each in made.planned.outputs if each.facts.width}
    assert foreseen == {size}


def test_what_is_padded_is_padded_in_every_rendition(make: Make, film: Path) -> None:
    asked = {"renditions": ["360p", "240p"], "width": 300, "height": 300, "fit": "contain", "single_file": True}
    made = make("video.hls", film, mute=True, **asked, **SOON)
    for name, side in (("360p", 300), ("240p", 240)):
        frame, row = read_frame(made.path(f"{name}.ts"), 10), side * 3
        assert len(frame) == side * row
        above, middle = frame[5 * row : 6 * row], frame[side // 2 * row : (side // 2 + 1) * row]
        assert max(above) < 16, "what is padded is black"
        assert max(middle) > 100


@pytest.mark.parametrize("options", [{}, {"single_file": True}, FMP4, {"single_file": True, **FMP4}], ids=json.dumps)
def test_a_copy_plays_the_very_frames_and_sound_of_the_film(
    make: Make, store: Store, film: Path, tmp_path: Path, options: Mapping[str, object]
) -> None:
    asked = {"video_codec": "copy", "audio_codec": "copy", "segment_duration": 2}
    made = make("video.hls", film, checkpoints=store, **asked, **options)
    (rendition,) = made.result["renditions"]
    assert rendition == {"name": "360p", "width": 640, "height": 360, "video_codec": "h264", "playlist": "360p.m3u8"}
    playlist = gather(made, tmp_path / "published") / "360p.m3u8"
    assert read_lengths(playlist) == pytest.approx([2.0, 2.0, 2.0], abs=0.05)
    assert read_back(playlist).frames == 150
    assert hash_sound(playlist) == hash_sound(film)
    assert read_frame(playlist, 70) == read_frame(film, 70)
    assert store.pieces() == []


@pytest.mark.parametrize("operation", ["video.hls", "video.dash"])
def test_a_film_of_h265_is_copied_and_told_to_players(make: Make, film: Path, tmp_path: Path, operation: str) -> None:
    coding = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=50", "-c:a", "libopus")
    hevc = tmp_path / "hevc.mkv"
    run_ffmpeg("-i", str(film), *coding, str(hevc))
    options = FMP4 if operation == "video.hls" else {}
    made = make(
        operation, hevc, video_codec="copy", audio_codec="copy", segment_duration=2, single_file=True, **options
    )
    told = ",".join(read_codecs(made)).split(",")
    assert told[0].startswith("hvc1.")
    assert told[1] == "opus"
    assert [each["video_codec"] for each in made.result["renditions"]] == ["h265"]
    read = read_back(made.path("360p.mp4" if operation == "video.hls" else "stream-0.mp4"))
    assert (read.frames, read.video_codec) == (150, "hevc")


def test_the_picture_alone_can_be_copied_and_a_part_of_it(make: Make, film: Path, tmp_path: Path) -> None:
    asked = {"video_codec": "copy", "audio_codec": "mp3", "start": 2, "duration": 3, "segment_duration": 2}
    made = make("video.hls", film, preset="hls/240p", **asked)
    read = read_back(gather(made, tmp_path / "published") / "240p.m3u8")
    assert (read.width, read.frames, read.video_codec) == (640, 75, "h264")


def test_the_sound_alone_can_be_copied_into_every_rendition(make: Make, film: Path, tmp_path: Path) -> None:
    made = make("video.hls", film, renditions=["360p", "240p"], audio_codec="copy", **SOON)
    directory = gather(made, tmp_path / "published")
    for name in ("360p", "240p"):
        assert hash_sound(directory / f"{name}.m3u8") == hash_sound(film)
        assert read_lengths(directory / f"{name}.m3u8") == pytest.approx([2.0, 2.0, 2.0], abs=0.05)


def test_what_can_not_be_copied_is_refused_with_the_way_out(make: Make, film: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.avi"
    run_ffmpeg("-i", str(film), "-c:v", "mpeg4", "-c:a", "mp3", str(old))
    with pytest.raises(OptionsError, match=r"The video is mpeg4, .* leave out video_codec to encode it"):
        make("video.hls", old, video_codec="copy")
