"""What HLS and DASH are encoded to: codec, rates and quality outweigh what the names of renditions stand for."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

import av
import pytest

from tests.integration.processing.video.clips import FAST, make_clip
from tests.integration.processing.video.conftest import Made, Make, gather
from tests.integration.processing.video.dying import Store, WorkerDied
from tests.integration.processing.video.reading import Read, read_back, read_lengths

SOON = {"encoder_preset": "ultrafast", "segment_duration": 2}
FMP4 = {"segment_format": "fmp4"}
NOISE = (*FAST, "-vf", "noise=alls=60:allf=t")
"""What takes any rate that it is given, and more."""
SCENES = (*FAST, "-vf", "negate=enable=lt(mod(t\\,1.93)\\,0.96)")
"""Key frames of the encoder's own shortly before those of the segments."""
DASH = {"mpd": "urn:mpeg:dash:schema:mpd:2011"}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("rates") / "film.mp4", seconds=6, size="640x360", coding=NOISE)


@pytest.fixture
def scenes(tmp_path: Path, short_films_are_worth_cutting: None) -> Path:
    """Nine seconds that are worth cutting, a checkpoint for each segment of the stream."""
    del short_films_are_worth_cutting
    return make_clip(tmp_path / "scenes.mp4", seconds=9, size="640x360", rate="30000/1001", coding=SCENES)


def measure_rates(path: Path) -> tuple[float, float]:
    """Count the bits per second of picture and sound in a file's packets."""
    with av.open(str(path)) as container:
        lasting = (container.duration or 0) / av.time_base
        sizes = {"video": 0, "audio": 0}
        for packet in container.demux():
            sizes[packet.stream.type] += packet.size
    return sizes["video"] * 8 / lasting, sizes["audio"] * 8 / lasting


def read_master(made: Made) -> list[tuple[int, str]]:
    """Read rate and codecs of each rendition that a player is told of."""
    master = made.path("master.m3u8").read_text()
    found = re.findall(r'^#EXT-X-STREAM-INF:.*?\bBANDWIDTH=(\d+).*CODECS="(.+?)"', master, flags=re.MULTILINE)
    return [(int(bits), codecs) for bits, codecs in found]


def read_codecs(made: Made) -> list[str]:
    """Read the codecs that a manifest tells players of."""
    manifest = ET.fromstring(made.path("manifest.mpd").read_text())
    return [each.get("codecs", "") for each in manifest.findall(".//mpd:Representation", DASH)]


def test_the_rate_of_a_preset_s_one_rendition_is_the_one_that_is_asked_for(
    make: Make, film: Path, tmp_path: Path
) -> None:
    asked = {"video_bitrate": "1.2M", "audio_bitrate": "48k", "fps": 12.5, "single_file": True}
    usual = make("video.hls", film, preset="hls/240p", single_file=True, **SOON)
    made = make("video.hls", film, preset="hls/240p", **asked, **SOON)
    assert [each["video_bitrate"] for each in made.result["renditions"]] == [1_200_000]
    picture, sound = measure_rates(made.path("240p.ts"))
    assert picture == pytest.approx(1_200_000, rel=0.25)
    assert sound == pytest.approx(48_000, rel=0.25)
    picture, sound = measure_rates(usual.path("240p.ts"))
    assert picture == pytest.approx(400_000, rel=0.25)
    assert sound == pytest.approx(128_000, rel=0.25)
    read = read_back(gather(made, tmp_path / "published") / "240p.m3u8")
    assert (read.frames, read.video_codec, read.audio_codec) == (75, "h264", "aac")
    assert read.fps == pytest.approx(12.5)


def test_of_several_renditions_the_rate_is_the_largest_s_and_the_others_keep_their_part_of_it(
    make: Make, film: Path
) -> None:
    made = make("video.dash", film, renditions=["240p", "360p"], video_bitrate=2_000_000, single_file=True, **SOON)
    assert [each["video_bitrate"] for each in made.result["renditions"]] == [2_000_000, 1_000_000]
    for number, bits in enumerate((2_000_000, 1_000_000)):
        assert measure_rates(made.path(f"stream-{number}.mp4"))[0] == pytest.approx(bits, rel=0.25)


def test_a_film_smaller_than_the_ladder_has_the_rate_that_is_asked_for(make: Make, clip: Path) -> None:
    made = make("video.hls", clip, video_bitrate="500k", **SOON)
    assert [each["video_bitrate"] for each in made.result["renditions"]] == [500_000]


@pytest.mark.parametrize(
    ("options", "crf"), [({"crf": 45}, 45), ({"quality": 20}, 35), ({"quality": 20, "crf": 45}, 45)]
)
def test_a_quality_is_even_under_the_rate(
    make: Make, clip: Path, tmp_path: Path, options: Mapping[str, object], crf: int
) -> None:
    steady = make("video.hls", clip, single_file=True, **SOON)
    made = make("video.hls", clip, single_file=True, **options, **SOON)
    assert [(each["crf"], each["video_bitrate"]) for each in made.result["renditions"]] == [(crf, 800_000)]
    assert measure_rates(made.path("360p.ts"))[0] < measure_rates(steady.path("360p.ts"))[0] / 2
    assert read_back(gather(made, tmp_path / "published") / "360p.m3u8").frames == 100


def test_a_quality_never_takes_more_than_the_rate(make: Make, film: Path) -> None:
    made = make("video.hls", film, preset="hls/360p", crf=1, video_bitrate="600k", single_file=True, **SOON)
    assert measure_rates(made.path("360p.ts"))[0] < 600_000 * 1.4
    assert read_master(made)[0][0] >= 600_000, "players have to know the most that may come"


@pytest.mark.parametrize("is_single", [True, False])
def test_hls_is_h265_in_fragmented_mp4(make: Make, film: Path, tmp_path: Path, *, is_single: bool) -> None:
    asked = {"renditions": ["360p", "240p"], "video_codec": "hevc", "single_file": is_single, **FMP4}
    made = make("video.hls", film, **asked, **SOON)
    assert [(each["video_codec"], each["video_bitrate"]) for each in made.result["renditions"]] == [
        ("h265", 533_333),
        ("h265", 266_666),
    ]
    assert all(codecs.startswith("hvc1.") for _bits, codecs in read_master(made)), read_master(made)
    directory = gather(made, tmp_path / "published")
    for name, size in (("360p", (640, 360)), ("240p", (426, 240))):
        read = read_back(directory / f"{name}.m3u8")
        assert (read.frames, read.video_codec, read.audio_codec) == (150, "hevc", "aac")
        assert (read.width, read.height) == size


def test_dash_is_h265_at_its_rate(make: Make, film: Path) -> None:
    made = make("video.dash", film, renditions=["360p"], video_codec="h265", single_file=True, **SOON)
    read = read_back(made.path("stream-0.mp4"))
    assert (read.frames, read.video_codec) == (150, "hevc")
    assert measure_rates(made.path("stream-0.mp4"))[0] == pytest.approx(533_333, rel=0.35)
    assert read_codecs(made)[0].startswith("hvc1.")


@pytest.mark.parametrize("count", [1, 4, None])
def test_after_a_death_dash_of_h265_is_told_to_players_as_in_one_go(
    make: Make, store: Store, scenes: Path, count: int | None
) -> None:
    asked = {"renditions": ["360p", "240p"], "video_codec": "h265", "crf": 32, "single_file": True, **SOON}
    whole = make("video.dash", scenes, **asked)
    if count is not None:
        store.dies_after = count
        with pytest.raises(WorkerDied):
            make("video.dash", scenes, checkpoints=store, **asked)
    made = make("video.dash", scenes, checkpoints=store, **asked)
    assert made.usage.get("resumed_after_segments", 0) == (count or 0)
    assert read_codecs(made) == read_codecs(whole)
    assert read_codecs(made)[0].startswith("hvc1.")
    for number in range(2):
        one, other = (read_back(each.path(f"stream-{number}.mp4")) for each in (whole, made))
        assert other.times == pytest.approx(one.times, abs=0.001)


def test_segments_of_h265_begin_where_those_of_h264_do(make: Make, tmp_path: Path) -> None:
    film = make_clip(tmp_path / "film.mp4", seconds=9, size="320x180", rate="30000/1001", coding=SCENES)
    asked = {"preset": "hls/360p", "encoder_preset": "veryfast", "segment_duration": 2, **FMP4}
    made = [make("video.hls", film, video_codec=codec, **asked) for codec in ("h264", "h265")]
    lengths = [read_lengths(each.path("360p.m3u8")) for each in made]
    assert lengths[1] == pytest.approx(lengths[0])


CODED: list[dict[str, object]] = [
    {"crf": 30},
    {"crf": 30, "video_bitrate": "300k"},
    {"video_codec": "h265", **FMP4},
    {"video_codec": "h265", "quality": "medium", **FMP4},
    {"video_codec": "vp9", "audio_codec": "opus", **FMP4},
    {"video_codec": "vp9", "quality": "medium", **FMP4},
    {"video_codec": "av1", **FMP4},
    {"video_codec": "av1", "crf": 40, "audio_codec": "mp3", **FMP4},
    {"audio_codec": "mp3"},
    {"width": 320, "height": 320, "fit": "cover"},
    {"width": 300, "height": 300, "fit": "contain", "fps": 12.5},
]


def read_pictures(made: Made, directory: Path) -> list[Read]:
    return [read_back(gather(made, directory) / f"{each['name']}.m3u8") for each in made.result["renditions"]]


@pytest.mark.parametrize("options", CODED, ids=json.dumps)
def test_after_a_death_a_stream_goes_on_with_the_same_codec_and_quality(
    make: Make, store: Store, scenes: Path, tmp_path: Path, options: Mapping[str, object]
) -> None:
    asked = {"preset": "hls/240p", "encoder_preset": "veryfast", "segment_duration": 2, **options}
    whole = make("video.hls", scenes, **asked)
    store.dies_after = 3
    with pytest.raises(WorkerDied):
        make("video.hls", scenes, checkpoints=store, **asked)
    made = make("video.hls", scenes, checkpoints=store, **asked)

    assert made.usage["resumed_after_segments"] == 3
    assert "resumed_in_vain" not in made.usage
    assert made.result == whole.result
    assert set(made.outputs) == set(whole.outputs)
    told, expected = read_master(made), read_master(whole)
    assert [codecs for _bits, codecs in told] == [codecs for _bits, codecs in expected]
    assert [bits for bits, _ in told] == pytest.approx([bits for bits, _ in expected], rel=0.2)
    for read, wanted in zip(read_pictures(made, tmp_path / "a"), read_pictures(whole, tmp_path / "b"), strict=True):
        assert read.video_codec == wanted.video_codec
        assert read.times == pytest.approx(wanted.times, abs=0.001)
        assert read.decode_times == sorted(set(read.decode_times))


@pytest.mark.parametrize(
    "changed",
    [
        {"crf": 31},
        {"crf": None},
        {"video_bitrate": "300k"},
        {"video_codec": "h265"},
        {"fps": 10},
        {"audio_bitrate": "64k"},
        {"audio_codec": "opus"},
        {"width": 320},
        {"width": 240, "height": 240, "fit": "cover"},
    ],
    ids=json.dumps,
)
def test_what_was_kept_is_not_taken_up_for_other_settings(
    make: Make, store: Store, scenes: Path, changed: Mapping[str, object]
) -> None:
    asked = {"preset": "hls/240p", "crf": 30, **SOON, **FMP4}
    store.dies_after = 3
    with pytest.raises(WorkerDied):
        make("video.hls", scenes, checkpoints=store, **asked)
    made = make("video.hls", scenes, checkpoints=store, **{**asked, **changed})
    assert "resumed_after_segments" not in made.usage
    assert "resumed_in_vain" not in made.usage
