"""What a film becomes, worked out from its facts and the options; no FFmpeg runs."""

import re
from typing import Any

import pytest

from filemill.processing.errors import OptionsError
from filemill.processing.operations import OPERATIONS
from filemill.processing.operations.checking import check, valid_values
from filemill.processing.operations.ffmpeg.coding import COPY, PictureCoding, SoundCoding, encode_picture
from filemill.processing.operations.ffmpeg.film import Film, ask_for_film
from filemill.processing.operations.ffmpeg.presets import FILM_PRESETS
from filemill.processing.operations.planning import Facts
from filemill.processing.operations.sizing import Size
from filemill.processing.operations.video.compliance import find_differences
from filemill.processing.operations.video.film_options import FilmOptions
from filemill.processing.operations.video.film_plan import plan_film

TRANSCODE = OPERATIONS["video.transcode"]


def facts_of(**changed: Any) -> Facts:
    known: dict[str, Any] = {"media_type": "video/mp4", "size": 10**7, "width": 1920, "height": 1080}
    known |= {"duration": 60.0, "fps": 25.0}
    more = {
        "video_codec": "h264",
        "audio_codec": "aac",
        "audio_channels": 6,
        "pixel_format": "yuv420p",
        "rotation": 0,
        "bit_rate": 4_000_000,
    }
    of_its_own = {name: value for name, value in changed.items() if name in known}
    return Facts(**{**known, **of_its_own}, more={**more, **{k: v for k, v in changed.items() if k not in known}})


def plan(facts: Facts | None = None, **options: Any) -> Film:
    return plan_film(facts or facts_of(), FilmOptions.model_validate(options))


def coding(film: Film) -> PictureCoding:
    assert isinstance(film.picture, PictureCoding)
    return film.picture


def test_what_is_encoded_plays_in_browsers_unless_something_else_is_asked_for() -> None:
    film = plan(quality="medium")
    assert (film.container, coding(film).codec, coding(film).crf, coding(film).preset) == ("mp4", "h264", 23, "fast")
    assert film.sound == SoundCoding(codec="aac", channels=2)
    assert film.layout.canvas == Size(1920, 1080)
    assert film.index_bytes is not None


def test_a_webm_stays_one() -> None:
    film = plan(facts_of(media_type="video/webm"), quality="high")
    assert (film.container, coding(film).codec, coding(film).crf) == ("webm", "vp9", 26)
    assert film.sound == SoundCoding(codec="opus", channels=2)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"preset": "web/mp4/720p"}, ("mp4", "h264", "aac", 1280, 720)),
        ({"preset": "web/mp4-x265/480p"}, ("mp4", "h265", "aac", 852, 480)),
        ({"preset": "web/webm/360p"}, ("webm", "vp9", "opus", 640, 360)),
        ({"preset": "web/webm-av1/2160p"}, ("webm", "av1", "opus", 1920, 1080)),
        ({"preset": "web/mp4/720p", "height": 240}, ("mp4", "h264", "aac", 426, 240)),
        ({"preset": "web/mp4/720p", "resize": [100, 100]}, ("mp4", "h264", "aac", 100, 56)),
        ({"preset": "web/mp4/720p", "format": "webm"}, ("webm", "vp9", "opus", 1280, 720)),
        ({"preset": "web/webm/720p", "video_codec": "av1"}, ("webm", "av1", "opus", 1280, 720)),
        ({"video_codec": "vp9"}, ("webm", "vp9", "opus", 1920, 1080)),
        ({"video_codec": "hevc", "audio_codec": "libopus"}, ("mp4", "h265", "opus", 1920, 1080)),
        ({"width": 400, "height": 400, "fit": "fillcrop"}, ("mp4", "h264", "aac", 400, 400)),
        ({"width": 401, "height": 301, "fit": "stretch"}, ("mp4", "h264", "aac", 400, 300)),
        ({"preset": "web/mp4/720p", "fit": "fill"}, ("mp4", "h264", "aac", 1280, 720)),
        ({"preset": "web/mp4/2160p", "fit": "min_fit"}, ("mp4", "h264", "aac", 3840, 2160)),
    ],
)
def test_every_option_outweighs_the_preset(options: dict[str, Any], expected: tuple[str, str, str, int, int]) -> None:
    film = plan(**options)
    assert isinstance(film.sound, SoundCoding)
    canvas = film.layout.canvas
    assert (film.container, coding(film).codec, film.sound.codec, canvas.width, canvas.height) == expected


@pytest.mark.parametrize(
    ("fit", "canvas"),
    [
        ("fit", (400, 224)),
        ("fillcrop", (400, 400)),
        ("pad", (400, 400)),
        ("stretch", (400, 400)),
        ("force", (400, 400)),
        ("min_fit", (710, 400)),
        ("fill-down", (400, 400)),
    ],
)
def test_a_fit_has_its_other_names_wherever_it_stands(fit: str, canvas: tuple[int, int]) -> None:
    within = plan(resize={"width": 400, "height": 400, "fit": fit})
    beside = plan(resize=[400, 400], fit=fit)
    of_sides = plan(width=400, height=400, fit=fit)
    for film in (within, beside, of_sides):
        assert (film.layout.canvas.width, film.layout.canvas.height) == canvas


def test_fits_of_films_have_the_other_names_that_those_of_pictures_have() -> None:
    pictures = valid_values(OPERATIONS["image.resize"], "fit")
    names = [name for name in re.findall(r"[\w-]+", pictures) if name != "or"]
    assert {"inside", "pad", "force", "fill-down"} <= set(names)
    for name in set(names) - {"auto", "crop"}:  # a film has a part cut out by no fit
        for asked in ({"fit": name}, {"resize": {"width": 9, "fit": name}}):
            assert not check(TRANSCODE, asked).problems, asked
        assert bool(check(OPERATIONS["video.concat"], {"fit": name}).problems) == (name == "fill-down")


def test_every_preset_can_be_planned() -> None:
    for name, preset in FILM_PRESETS.items():
        film = plan(facts_of(width=7680, height=4320), preset=name)
        assert (film.layout.canvas.height, film.container) == (preset.height, preset.format)


@pytest.mark.parametrize(
    ("options", "rate"),
    [
        ({"crf": 30}, ["-crf", "30"]),
        ({"video_bitrate": "1M"}, ["-b:v", "1000000", "-maxrate", "1500000", "-bufsize", "3000000"]),
        ({"crf": 20, "video_bitrate": "1M"}, ["-crf", "20", "-maxrate", "1000000", "-bufsize", "2000000"]),
        ({"quality": 85, "video_bitrate": "1M"}, ["-crf", "20", "-maxrate", "1000000", "-bufsize", "2000000"]),
        ({"format": "webm", "crf": 40}, ["-b:v", "0", "-crf", "40"]),
        ({"format": "webm", "video_codec": "av1", "video_bitrate": "1M"}, ["-b:v", "1000000"]),
    ],
)
def test_a_quality_a_bit_rate_or_a_ceiling(options: dict[str, Any], rate: list[str]) -> None:
    arguments = " ".join(encode_picture(plan(**options).picture))
    assert " ".join(rate) in arguments


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"format": "webm", "video_codec": "h264"}, "webm does not hold h264; it holds av1, vp9"),
        ({"format": "webm", "audio_codec": "aac"}, "webm does not hold aac; it holds opus"),
        ({"crf": 55}, "for h264 it goes to 51"),
        ({"video_codec": "copy", "fps": 10, "width": 100}, "so width, fps can't be had"),
        ({"format": "webm", "video_codec": "copy"}, "h264, which can't be copied into webm"),
        ({"format": "webm", "audio_codec": "copy"}, "aac, which can't be copied into webm"),
        ({"resize": [10, 10], "width": 10}, "either resize or width and height"),
        ({"width": 16000, "height": 16000, "fit": "fill"}, "a video may have"),
        ({"start": 61}, "lasts only 60 s"),
    ],
)
def test_what_can_not_be_is_refused_with_a_reason(options: dict[str, Any], match: str) -> None:
    with pytest.raises(OptionsError, match=match):
        plan(**options)


def test_a_copy_keeps_picture_and_sound() -> None:
    film = plan(video_codec="copy", audio_codec="copy", start=5)
    assert (film.picture, film.sound, film.container) == (COPY, COPY, "mp4")


def test_a_muted_film_and_one_without_sound_have_none() -> None:
    assert plan(mute=True).sound is None
    assert plan(facts_of(audio_channels=None), quality=50).sound is None


@pytest.mark.parametrize(
    ("facts", "options", "differences"),
    [
        ({}, {"format": "mp4"}, []),
        ({}, {"format": "mp4", "resize": [1920, 1080]}, []),
        ({}, {"format": "mp4", "video_bitrate": "4M"}, []),
        ({"audio_channels": None, "audio_codec": None}, {"format": "mp4"}, []),
        ({}, {"format": "mp4", "resize": [1280, 720]}, ["size"]),
        ({}, {"format": "webm"}, ["container", "video codec", "audio codec"]),
        ({}, {"format": "mp4", "video_bitrate": "1M"}, ["bit rate"]),
        ({}, {"format": "mp4", "fps": 24}, ["frame rate"]),
        ({}, {"format": "mp4", "mute": True}, ["audio codec"]),
        ({}, {"format": "mp4", "start": 3}, ["part"]),
        ({"rotation": 90}, {"format": "mp4"}, ["rotation"]),
        ({"pixel_format": "yuv420p10le"}, {"format": "mp4"}, ["pixel format"]),
        ({"width": 1919}, {"format": "mp4"}, ["size"]),
    ],
)
def test_a_film_is_compliant_when_nothing_differs(
    facts: dict[str, Any], options: dict[str, Any], differences: list[str]
) -> None:
    known = facts_of(**facts)
    assert find_differences(known, plan(known, **options)) == differences


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("preset", "web/mp4/99p"),
        ("preset", 720),
        ("video_codec", "theora"),
        ("video_codec", "h264 -vf drawtext"),
        ("audio_codec", "flac; rm"),
        ("crf", 64),
        ("crf", "23"),
        ("encoder_preset", "placebo"),
        ("video_bitrate", "fast"),
        ("audio_bitrate", "1M"),
        ("fps", 0),
        ("fps", "25,drawtext"),
        ("width", 0),
        ("height", 20_000),
        ("fit", "crop"),
        ("start", "half"),
        ("start", -1),
        ("end", "120%"),
        ("duration", 0),
        ("mute", "yes"),
        ("watermark", {"position": "anywhere"}),
        ("watermark", {"scale": 2}),
        ("watermark", "logo.png"),
        ("skip_if_compliant", 1),
    ],
)
def test_a_wrong_value_is_told_with_what_is_valid(option: str, value: object) -> None:
    checked = check(TRANSCODE, {option: value})
    assert [problem.option for problem in checked.problems] == [option]
    assert checked.problems[0].message.startswith(f"Option '{option}' must be {valid_values(TRANSCODE, option)}; it is")


@pytest.mark.parametrize(
    ("position", "meant"),
    [
        ("southeast", "southeast"),
        ("soea", "southeast"),
        ("bottom-right", "southeast"),
        ("Bottom Right", "southeast"),
        ("top_left", "northwest"),
        ("right", "east"),
        ("centre", "center"),
    ],
)
def test_a_watermark_s_place_has_the_names_that_it_has_on_pictures(position: str, meant: str) -> None:
    asked = {"position": position, "offset": [3, 4]}
    beside = check(OPERATIONS["video.watermark"], asked)
    within = [check(OPERATIONS[name], {"watermark": asked}) for name in ("video.transcode", "image.transform")]
    assert not any(checked.problems or checked.warnings for checked in (beside, *within))
    top, *others = [checked.options.model_dump() for checked in (beside, *within) if checked.options is not None]
    told = [top, *(other["watermark"] for other in others)]
    assert [(each["position"], each["offset"]) for each in told] == [(meant, (3, 4))] * 3


@pytest.mark.parametrize(
    ("option", "value"), [("position", "smart"), ("offset", [1]), ("offset", 5), ("x_offset", 20_000)]
)
def test_a_place_that_is_none_is_told_with_what_is_valid(option: str, value: object) -> None:
    operation = OPERATIONS["video.watermark"]
    [problem] = check(operation, {option: value}).problems
    assert problem.message.startswith(f"Option '{option}' must be {valid_values(operation, option)}; it is")


def test_no_option_says_anything_that_ffmpeg_could_take_for_more_than_a_number() -> None:
    film = plan(preset="web/mp4/720p", start="10%", end=50, fps="30000/1001", video_bitrate="2M", fit="cover", width=99)
    plain = {"-", ".", ":", "=", "/", ",", "_", "[", "]", "(", ")", "\\", "%"}
    for argument in ask_for_film("video/mp4", film):
        assert all(letter.isascii() and (letter.isalnum() or letter in plain) for letter in argument), argument


def test_the_plan_foresees_film_and_poster_and_says_what_they_cost() -> None:
    options = check(TRANSCODE, {"preset": "web/mp4/720p", "start": 10, "duration": 20}).options
    planned = TRANSCODE.plan(facts_of(), options)
    film, poster = planned.outputs
    assert (film.facts.width, film.facts.height, film.facts.duration) == (1280, 720, 20.0)
    assert film.facts.more["video_codec"] == "h264"
    assert poster.facts.media_type == "image/jpeg"
    longer = TRANSCODE.plan(facts_of(), check(TRANSCODE, {"preset": "web/mp4/720p"}).options)
    assert longer.cost.cpu_seconds > 2 * planned.cost.cpu_seconds > 0


@pytest.mark.parametrize(
    ("options", "media_type"),
    [({}, "image/jpeg"), ({"poster": False}, None), ({"format": "webm"}, "video/webm"), ({"mute": True}, "video/mp4")],
)
def test_it_says_what_comes_first(options: dict[str, Any], media_type: str | None) -> None:
    assert TRANSCODE.produces("video/mp4", check(TRANSCODE, options).options) == media_type


def test_sound_that_is_copied_has_no_rate_of_its_own() -> None:
    with pytest.raises(OptionsError, match="audio_codec copy leaves the sound as it is, so audio_bitrate can't"):
        plan(audio_codec="copy", audio_bitrate="64k")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"video_codec": "av1", "width": 60, "height": 64, "fit": "fill", "video_bitrate": "100k"}, "from 64 x 64"),
        ({"video_codec": "av1", "video_bitrate": "200M"}, "av1 goes to 100000000 bits"),
        ({"video_codec": "h265", "height": 14}, "h265 has sides of 16 pixels or more"),
        ({"audio_codec": "opus", "audio_bitrate": "512k"}, "opus of one channel goes to 256000"),
    ],
)
def test_what_an_encoder_does_not_take_is_told_before_the_work(options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionsError, match=says):
        plan(facts_of(audio_channels=1), format="mp4", **options)


def test_mp3_has_a_rate_that_mp4_holds() -> None:
    low = [{"type": "video"}, {"type": "audio", "sample_rate": 11025}]
    sound = plan(facts_of(streams=low), format="mp4", audio_codec="mp3").sound
    assert isinstance(sound, SoundCoding)
    assert sound.sample_rate == 16_000
    with pytest.raises(OptionsError, match="an MP3 of 11025 Hz"):
        plan(facts_of(streams=low, audio_codec="mp3"), format="mp4", audio_codec="copy")
