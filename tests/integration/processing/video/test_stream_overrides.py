"""Sizes, codecs and copies outweigh what a preset stands for; what a player is told of is what it gets."""

import json
import re
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from filemill.processing.errors import OptionsError
from tests.integration.processing.video.clips import FFMPEG, make_clip, make_plain_picture, run_ffmpeg
from tests.integration.processing.video.conftest import Made, Make, gather
from tests.integration.processing.video.dying import Store, WorkerDied
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
    manifest = made.path("manifest.mpd").read_text()
    assert set(re.findall(r'mimeType="(.+?)"', manifest)) == {"video/mp4", "audio/mp4"}
    for number, width in enumerate((640, 426)):
        assert made.path(f"stream-{number}.mp4").read_bytes()[4:8] == b"ftyp"
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
    asked = {"video_codec": "copy", "audio_codec": "mp3", "end": 3, "segment_duration": 2}
    made = make("video.hls", film, preset="hls/240p", **asked)
    read = read_back(gather(made, tmp_path / "published") / "240p.m3u8")
    assert (read.width, read.frames, read.video_codec) == (640, 75, "h264")


def test_the_sound_alone_can_be_copied_into_every_rendition(make: Make, film: Path, tmp_path: Path) -> None:
    made = make("video.hls", film, renditions=["360p", "240p"], audio_codec="copy", **SOON)
    directory = gather(made, tmp_path / "published")
    for name in ("360p", "240p"):
        assert hash_sound(directory / f"{name}.m3u8") == hash_sound(film)
        assert read_lengths(directory / f"{name}.m3u8") == pytest.approx([2.0, 2.0, 2.0], abs=0.05)


def test_an_avi_that_is_what_is_asked_for_is_encoded_all_the_same(make: Make, film: Path, tmp_path: Path) -> None:
    """Its pictures have no times: packed as they are, they would be lost without a word of FFmpeg."""
    old = tmp_path / "old.avi"
    coding = ("-c:v", "libx264", "-bf", "2", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "mp3")
    run_ffmpeg("-i", str(film), *coding, str(old))
    asked = {"preset": "hls/360p", "skip_if_compliant": True, "audio_codec": "mp3", "video_bitrate": "40M"}
    made = make("video.hls", old, **asked, **FMP4, **SOON)
    assert read_back(gather(made, tmp_path / "published") / "360p.m3u8").frames == 150


def test_mp3_of_a_low_rate_is_brought_to_one_that_fragmented_mp4_holds(make: Make, film: Path, tmp_path: Path) -> None:
    low = tmp_path / "low.mp4"
    run_ffmpeg("-i", str(film), "-c:v", "copy", "-ar", "8000", str(low))
    asked = {"renditions": ["240p"], "audio_codec": "mp3", "single_file": True}
    made = make("video.dash", low, **asked, **SOON)
    assert read_back(made.path("stream-1.mp4")).sample_rate == 16_000


def test_what_can_not_be_copied_is_refused_with_the_way_out(make: Make, film: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.mkv"
    run_ffmpeg("-i", str(film), "-c:v", "mpeg4", "-c:a", "mp3", str(old))
    with pytest.raises(OptionsError, match=r"The video is mpeg4, .* leave out video_codec to encode it"):
        make("video.hls", old, video_codec="copy")


@pytest.fixture(scope="module")
def blue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("blue") / "blue.mp4"
    return make_clip(path, seconds=6, size="640x360", picture="color=c=blue", coding=KEYS)


def find_red(path: Path, number: int, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Find the box of what is red in a frame."""
    frame = Image.frombytes("RGB", size, read_frame(path, number))
    return frame.getchannel("R").point(lambda red: 255 * (red > 128)).getbbox()


@pytest.mark.parametrize(
    ("watermark", "boxes"),
    [
        (True, [(496, 248, 624, 344), (330, 165, 415, 229)]),
        ({"position": "top-left", "scale": 0.25, "offset": [30, 20]}, [(30, 20, 190, 140), (20, 13, 126, 93)]),
        ({"position": "center", "scale": 0.5, "x_offset": -100}, [(60, 60, 380, 300), (39, 40, 252, 200)]),
    ],
    ids=str,
)
def test_a_watermark_lies_at_the_same_place_of_every_rendition(
    make: Make, blue: Path, picture: Path, watermark: object, boxes: list[tuple[int, int, int, int]]
) -> None:
    asked = {"renditions": ["360p", "240p"], "single_file": True, "crf": 5, "video_bitrate": "8M", **SOON}
    for operation, names in (("video.hls", ["360p.ts", "240p.ts"]), ("video.dash", ["stream-0.mp4", "stream-1.mp4"])):
        made = make(operation, blue, inputs=[picture], watermark=watermark, **asked)
        sizes, renditions = [(640, 360), (426, 240)], made.result["renditions"]
        for name, size, box, told in zip(names, sizes, boxes, renditions, strict=True):
            for number in (0, 149):
                assert find_red(made.path(name), number, size) == pytest.approx(box, abs=2)
            assert (told["watermark"]["left"], told["watermark"]["top"]) == box[:2]
        assert not [name for name in made.outputs if name.startswith("watermark")]


def test_a_watermark_of_a_stream_is_shown_for_a_while(make: Make, blue: Path, picture: Path) -> None:
    wish = {"start": 1.0, "end": 2.0, "scale": 1.0}
    asked = {"preset": "hls/240p", "single_file": True, "start": 1, "watermark": wish}
    made = make("video.hls", blue, inputs=[picture], **asked, **SOON)
    seen = [find_red(made.path("240p.ts"), number, (426, 240)) is not None for number in (5, 35, 70)]
    assert seen == [False, True, False]


@pytest.mark.usefixtures("short_films_are_worth_cutting")
@pytest.mark.parametrize("count", [1, 3, 6, 7])
def test_after_a_death_the_watermark_goes_on_where_it_was(
    make: Make, store: Store, blue: Path, picture: Path, count: int
) -> None:
    operation = "video.dash" if count % 2 else "video.hls"
    wish = {"start": 1.5, "end": 4.5, "scale": 0.5}
    asked = {"renditions": ["360p", "240p"], "single_file": True, "watermark": wish, **SOON}
    whole = make(operation, blue, inputs=[picture], **asked)
    store.dies_after = count
    with pytest.raises(WorkerDied):
        make(operation, blue, inputs=[picture], checkpoints=store, **asked)
    made = make(operation, blue, inputs=[picture], checkpoints=store, **asked)
    assert made.usage["resumed_after_segments"] == min(count, 6)
    assert "resumed_in_vain" not in made.usage
    assert made.result == whole.result
    assert set(made.outputs) == set(whole.outputs)
    names = ["360p.ts", "240p.ts"] if operation == "video.hls" else ["stream-0.mp4", "stream-1.mp4"]
    for name, size in zip(names, [(640, 360), (426, 240)], strict=True):
        assert read_back(made.path(name)).times == pytest.approx(read_back(whole.path(name)).times, abs=0.001)
        for number in (20, 50, 100, 140):
            one, other = (find_red(each.path(name), number, size) for each in (whole, made))
            assert (one is None) == (number in (20, 140))
            assert other == (one and pytest.approx(one, abs=2))


@pytest.mark.usefixtures("short_films_are_worth_cutting")
def test_what_was_kept_with_another_watermark_is_not_taken_up(
    make: Make, store: Store, blue: Path, picture: Path, tmp_path: Path
) -> None:
    asked = {"preset": "hls/240p", "watermark": True, **SOON}
    store.dies_after = 2
    with pytest.raises(WorkerDied):
        make("video.hls", blue, inputs=[picture], checkpoints=store, **asked)
    other = make_plain_picture(tmp_path / "white.png", "white")
    made = make("video.hls", blue, inputs=[other], checkpoints=store, **asked)
    assert "resumed_after_segments" not in made.usage


def test_a_watermark_of_a_stream_needs_a_picture(make: Make, film: Path) -> None:
    with pytest.raises(OptionsError, match="name it in inputs"):
        make("video.hls", film, watermark=True)


@pytest.mark.parametrize("operation", ["video.hls", "video.dash"])
def test_a_film_that_already_is_what_is_asked_for_is_packed_as_it_is(make: Make, film: Path, operation: str) -> None:
    asked = {"renditions": ["360p"], "skip_if_compliant": True, "video_bitrate": "40M", "single_file": True, **SOON}
    made = make(operation, film, **asked)
    assert hash_sound(made.path("360p.ts" if operation == "video.hls" else "stream-1.mp4")) == hash_sound(film)
    assert "video_bitrate" not in made.result["renditions"][0], "it has the film's own"
    changed = make(operation, film, **{**asked, "renditions": ["240p"]})
    assert changed.result["renditions"][0]["video_bitrate"] == 40_000_000
