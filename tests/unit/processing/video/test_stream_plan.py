"""Which renditions a stream has and what they are encoded to, worked out from facts and options; no FFmpeg runs."""

from typing import Any

import pytest

from filemill.processing.errors import OptionsError
from filemill.processing.operations import OPERATIONS
from filemill.processing.operations.checking import check
from filemill.processing.operations.ffmpeg.coding import COPY, SoundCoding
from filemill.processing.operations.ffmpeg.streaming import BITS, CopiedPicture, Stream
from filemill.processing.operations.planning import Facts
from filemill.processing.operations.sizing import Layout, Size
from filemill.processing.operations.video.hls import HlsOptions, plan_hls

WIDE = {"width": 1920, "height": 1080}
TALL = {"width": 1080, "height": 1920}
SMALL = {"width": 1000, "height": 562}


def plan(
    film: dict[str, int] = WIDE,
    codecs: tuple[str, str] = ("h264", "aac"),
    rotation: int = 0,
    told: dict[str, Any] | None = None,
    media_type: str = "video/mp4",
    **options: Any,
) -> Stream:
    more = {"video_codec": codecs[0], "audio_codec": codecs[1], "audio_channels": 2, "rotation": rotation}
    facts = Facts(media_type=media_type, duration=60.0, fps=25.0, more={**more, **(told or {})}, **film)
    return plan_hls(facts, HlsOptions.model_validate(options))


def sizes_of(stream: Stream) -> dict[str, tuple[int, int]]:
    canvases = {each.name: each.layout.canvas for each in stream.renditions}
    return {name: (canvas.width, canvas.height) for name, canvas in canvases.items()}


def bits_of(stream: Stream) -> list[int | None]:
    return [
        None if isinstance(each.coding, CopiedPicture) else each.coding.bits_per_second for each in stream.renditions
    ]


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({}, (1280, 720)),
        ({"width": 1000}, (1000, 562)),
        ({"height": 500}, (888, 500)),
        ({"width": 600, "height": 600}, (600, 338)),
        ({"width": 600, "height": 600, "fit": "cover"}, (600, 600)),
        ({"width": 600, "height": 600, "fit": "pad"}, (600, 600)),
        ({"width": 600, "height": 600, "fit": "fill"}, (600, 600)),
        ({"width": 600, "height": 600, "fit": "outside"}, (1066, 600)),
        ({"width": 3840}, (1920, 1080)),
        ({"width": 3840, "height": 2160, "fit": "fill"}, (3840, 2160)),
        ({"fit": "cover"}, (1280, 720)),
    ],
)
def test_a_size_outweighs_that_of_a_preset(options: dict[str, Any], size: tuple[int, int]) -> None:
    assert sizes_of(plan(preset="hls/720p", **options)) == {"720p": size}


@pytest.mark.parametrize(
    ("film", "fit", "layout"),
    [
        (TALL, "inside", Layout(Size(404, 720), Size(404, 720))),
        (TALL, "cover", Layout(Size(1280, 2276), Size(1280, 720))),
        (TALL, "contain", Layout(Size(404, 720), Size(1280, 720))),
        (TALL, "fill", Layout(Size(1280, 720), Size(1280, 720))),
        (SMALL, "inside", Layout(Size(1000, 562), Size(1000, 562))),
        (SMALL, "cover", Layout(Size(1280, 720), Size(1280, 720))),
    ],
)
def test_a_fit_alone_says_how_the_film_meets_the_box_of_a_preset(
    film: dict[str, int], fit: str, layout: Layout
) -> None:
    assert plan(film, preset="hls/720p", fit=fit).renditions[0].layout == layout


@pytest.mark.parametrize(
    ("film", "options", "sizes"),
    [
        (WIDE, {}, {"1080p": (1920, 1080), "720p": (1280, 720), "480p": (852, 480), "360p": (640, 360)}),
        (SMALL, {}, {"720p": (1000, 562), "480p": (854, 480), "360p": (640, 360)}),
        (SMALL, {"fit": "cover"}, {"480p": (854, 480), "360p": (640, 360)}),
        ({"width": 160, "height": 120}, {"fit": "cover"}, {"360p": (640, 360)}),
        (WIDE, {"width": 1000}, {"720p": (1000, 562), "480p": (854, 480), "360p": (640, 360)}),
        (WIDE, {"width": 600, "height": 600, "fit": "cover"}, {"480p": (600, 600), "360p": (360, 360)}),
        (WIDE, {"width": 3840, "fit": "cover"}, {"2160p": (3840, 2160), "1080p": (1920, 1080), "720p": (1280, 720),
         "480p": (852, 480), "360p": (640, 360)}),
        (WIDE, {"width": 400}, {"240p": (400, 224)}),
        (TALL, {"height": 1920}, {"1080p": (1080, 1920), "720p": (404, 720), "480p": (270, 480), "360p": (202, 360)}),
        (WIDE, {"renditions": ["720p", "360p"], "width": 1000}, {"720p": (1000, 562), "360p": (640, 360)}),
        (WIDE, {"renditions": ["720p", "360p"], "width": 320}, {"360p": (320, 180)}),
        (WIDE, {"renditions": ["360p", "720p"], "fit": "fill"}, {"720p": (1280, 720), "360p": (640, 360)}),
    ],
)  # fmt: skip
def test_the_size_is_the_largest_rendition_s_and_the_smaller_ones_have_its_shape(
    film: dict[str, int], options: dict[str, Any], sizes: dict[str, tuple[int, int]]
) -> None:
    assert sizes_of(plan(film, **options)) == sizes


def test_what_is_cut_off_or_padded_is_so_in_every_rendition() -> None:
    box: dict[str, Any] = {"renditions": ["720p", "360p"], "width": 720, "height": 720}
    cut = [each.layout for each in plan(fit="cover", **box).renditions]
    assert cut == [Layout(Size(1280, 720), Size(720, 720)), Layout(Size(640, 360), Size(360, 360))]
    padded = [each.layout for each in plan(fit="contain", **box).renditions]
    assert padded == [Layout(Size(720, 404), Size(720, 720)), Layout(Size(360, 202), Size(360, 360))]


def test_the_usual_rate_is_that_of_as_many_pixels() -> None:
    assert bits_of(plan(preset="hls/240p", width=1920)) == [BITS["1080p"]]
    assert bits_of(plan(preset="hls/1080p", width=426)) == [BITS["240p"]]
    assert bits_of(plan(TALL, preset="hls/720p", height=1920)) == [BITS["1080p"]]
    assert bits_of(plan(TALL, preset="hls/1080p")) == [BITS["1080p"]], "without a size it is that of the name"
    assert bits_of(plan(renditions=["720p", "360p"], width=1920)) == [BITS["1080p"], BITS["360p"]]
    assert bits_of(plan(renditions=["1080p", "720p"], width=320)) == [BITS["240p"]]
    tall = bits_of(plan(TALL, width=414))
    assert tall == sorted(tall, key=lambda bits: -(bits or 0)), "a smaller rendition never has the higher rate"


@pytest.mark.parametrize(("codec", "bits"), [("h264", 2_800_000), ("vp9", 1_866_666), ("av1", 1_400_000)])
def test_codecs_that_need_less_get_less(codec: str, bits: int) -> None:
    assert bits_of(plan(preset="hls/720p", video_codec=codec, segment_format="fmp4")) == [bits]


@pytest.mark.parametrize(("codec", "crf"), [("h265", 52), ("h264", 63)])
def test_a_constant_quality_beyond_the_codec_s_is_refused(codec: str, crf: int) -> None:
    with pytest.raises(OptionsError, match=f"crf is {crf}; for {codec} it goes to 51"):
        plan(video_codec=codec, crf=crf, segment_format="fmp4")


@pytest.mark.parametrize("option", ["width", "height"])
def test_a_size_that_no_video_can_have_is_refused(option: str) -> None:
    beyond: dict[str, Any] = {option: 16_384, "fit": "outside"}
    with pytest.raises(OptionsError, match="a video may have"):
        plan(preset="hls/720p", **beyond)


@pytest.mark.parametrize(
    ("options", "way_out"),
    [
        ({"video_codec": "h265"}, "ask for segment_format fmp4 with it, or for h264"),
        ({"video_codec": "vp9"}, "ask for segment_format fmp4 with it, or for h264"),
        ({"video_codec": "av1"}, "ask for segment_format fmp4 with it, or for h264"),
        ({"audio_codec": "opus"}, "ask for segment_format fmp4 with it, or for aac or mp3"),
    ],
)
def test_what_players_do_not_take_in_transport_streams_is_refused_with_the_way_out(
    options: dict[str, Any], way_out: str
) -> None:
    with pytest.raises(OptionsError, match=way_out):
        plan(**options)
    plan(segment_format="fmp4", **options)


@pytest.mark.parametrize(
    ("codecs", "segment_format", "says"),
    [
        (("h264", "aac"), "ts", None),
        (("h264", "mp3"), "ts", None),
        (("hevc", "opus"), "fmp4", None),
        (("vp9", "opus"), "fmp4", None),
        (("hevc", "aac"), "ts", "Players take h265 in fragmented MP4 only"),
        (("h264", "opus"), "ts", "Players take opus in fragmented MP4 only"),
        (("mpeg4", "aac"), "fmp4", "The video is mpeg4, .*h264, h265, vp9, av1.* leave out video_codec to encode it"),
        (("h264", "vorbis"), "ts", "The audio is vorbis, .*aac, mp3.* leave out audio_codec to encode it"),
    ],
)
def test_what_is_copied_has_to_be_what_players_take(
    codecs: tuple[str, str], segment_format: str, says: str | None
) -> None:
    asked: dict[str, Any] = {"video_codec": "copy", "audio_codec": "copy", "segment_format": segment_format}
    if says is None:
        stream = plan(WIDE, codecs, **asked)
        assert stream.is_copied
        assert stream.sound == COPY
    else:
        with pytest.raises(OptionsError, match=says):
            plan(WIDE, codecs, **asked)


def test_a_copy_is_one_rendition_of_the_film_s_own_size() -> None:
    assert sizes_of(plan(video_codec="copy")) == {"1080p": (1920, 1080)}
    assert sizes_of(plan(video_codec="copy", preset="hls/720p")) == {"720p": (1920, 1080)}
    assert sizes_of(plan({"width": 641, "height": 361}, video_codec="copy")) == {"480p": (641, 361)}
    assert plan(video_codec="copy").sound == SoundCoding(codec="aac", bits_per_second=128_000, channels=2)
    assert plan(video_codec="copy", mute=True).sound is None
    with pytest.raises(OptionsError, match="one rendition"):
        plan(video_codec="copy", renditions=["720p", "360p"])


def test_a_picture_that_players_would_show_on_its_side_is_not_copied() -> None:
    """Transport streams can't hold how a film is turned, and players of the others pass over it."""
    with pytest.raises(OptionsError, match=r"turned by 90 degrees.*leave out video_codec to encode it"):
        plan(video_codec="copy", rotation=90)
    assert plan(video_codec="copy", rotation=0).is_copied
    assert sizes_of(plan(TALL, rotation=90, preset="hls/1080p")) == {"1080p": (608, 1080)}


@pytest.mark.parametrize(
    "option", [{"width": 640}, {"height": 360}, {"crf": 20}, {"quality": 70}, {"fps": 10}, {"video_bitrate": 10**6}]
)
def test_a_copy_can_not_be_changed(option: dict[str, Any]) -> None:
    with pytest.raises(OptionsError, match=f"{next(iter(option))} can't be had with it"):
        plan(video_codec="copy", **option)


@pytest.mark.parametrize("option", [{"start": 6}, {"start": "10%"}, {"fit": "cover"}])
def test_a_copy_neither_begins_elsewhere_nor_has_another_fit(option: dict[str, Any]) -> None:
    with pytest.raises(OptionsError, match=f"{next(iter(option))} can't be had with it"):
        plan(video_codec="copy", **option)
    assert plan(video_codec="copy", end=5).is_copied


@pytest.mark.parametrize("kind", ["video", "audio"])
def test_an_avi_is_not_copied_since_it_has_no_times_of_its_own(kind: str) -> None:
    asked: dict[str, Any] = {f"{kind}_codec": "copy"}
    with pytest.raises(OptionsError, match=f"leave out {kind}_codec to encode it"):
        plan(WIDE, ("h264", "mp3"), media_type="video/x-msvideo", **asked)


LOW = {"streams": [{"type": "video"}, {"type": "audio", "sample_rate": 8000}]}


def test_mp3_has_a_rate_that_fragmented_mp4_holds() -> None:
    sound = plan(audio_codec="mp3", segment_format="fmp4", told=LOW).sound
    assert isinstance(sound, SoundCoding)
    assert sound.sample_rate == 16_000
    with pytest.raises(OptionsError, match="an MP3 of 8000 Hz"):
        plan(WIDE, ("h264", "mp3"), audio_codec="copy", segment_format="fmp4", told=LOW)
    assert plan(WIDE, ("h264", "mp3"), audio_codec="copy", told=LOW).sound == COPY


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"video_codec": "av1", "width": 60, "height": 64, "fit": "fill"}, "from 64 x 64 pixels on"),
        ({"video_codec": "av1", "video_bitrate": "200M"}, "av1 goes to 100000000 bits"),
        ({"video_codec": "av1", "video_bitrate": "200M", "crf": 30}, "av1 goes to 100000000 bits"),
        ({"video_codec": "h265", "width": 14}, "h265 has sides of 16 pixels or more"),
        ({"audio_codec": "opus", "audio_bitrate": "512k", "told": {"audio_channels": 1}}, "one channel goes to 256000"),
    ],
)
def test_what_an_encoder_does_not_take_is_told_before_the_work(options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionsError, match=says):
        plan(segment_format="fmp4", preset="hls/720p", **options)


def test_small_pictures_of_av1_have_a_quality() -> None:
    plan(segment_format="fmp4", preset="hls/720p", video_codec="av1", width=60, crf=40)


def test_a_watermark_is_not_to_be_had_on_a_copy() -> None:
    with pytest.raises(OptionsError, match="video_codec can't be copy"):
        plan(video_codec="copy", watermark=True)


@pytest.mark.parametrize(
    "changed",
    [
        {"renditions": ["1080p", "720p"]},
        {"preset": "hls/720p"},
        {"preset": "hls/1080p", "video_codec": "h265", "segment_format": "fmp4"},
        {"preset": "hls/1080p", "audio_codec": "mp3"},
        {"preset": "hls/1080p", "mute": True},
        {"preset": "hls/1080p", "start": 5},
        {"preset": "hls/1080p", "video_bitrate": "2M"},
        {"preset": "hls/1080p", "fps": 10},
        {"preset": "hls/1080p", "fit": "cover", "width": 500, "height": 500},
        {"preset": "hls/1080p", "watermark": True},
        {"preset": "hls/1080p", "rotation": 90},
        {"preset": "hls/1080p", "audio_bitrate": "8k"},
        {"preset": "hls/1080p", "media_type": "video/x-msvideo"},
    ],
    ids=str,
)
def test_only_what_already_is_the_only_rendition_is_left_as_it_is(changed: dict[str, Any]) -> None:
    told = {"pixel_format": "yuv420p", "bit_rate": 4_000_000}
    assert plan(preset="hls/1080p", skip_if_compliant=True, told=told).is_copied
    assert not plan(preset="hls/1080p", told=told).is_copied
    assert not plan(skip_if_compliant=True, told=told, **changed).is_copied


def test_sound_that_is_copied_has_no_rate_of_its_own() -> None:
    with pytest.raises(OptionsError, match="audio_codec copy leaves the sound as it is, so audio_bitrate can't"):
        plan(audio_codec="copy", audio_bitrate="64k")


@pytest.mark.parametrize(
    ("option", "value", "valid"),
    [
        ("video_codec", "theora", "one of h264, h265, vp9, av1, copy"),
        ("audio_codec", "vorbis", "one of aac, opus, mp3, copy"),
        ("width", 0, "from 1 to 16384"),
        ("height", "720p", "from 1 to 16384"),
        ("fit", "zoom", "inside, cover, contain"),
        ("crf", 64, "from 0 to 63"),
        ("video_bitrate", "fast", "bits per second"),
        ("quality", 0, "from 1 to 100"),
    ],
)
@pytest.mark.parametrize("operation", ["video.hls", "video.dash"])
def test_a_wrong_value_is_told_with_what_is_valid(operation: str, option: str, value: object, valid: str) -> None:
    checked = check(OPERATIONS[operation], {option: value})
    assert [problem.option for problem in checked.problems] == [option]
    assert valid in checked.problems[0].message
