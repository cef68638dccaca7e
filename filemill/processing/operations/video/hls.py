"""`video.hls`: a film in several renditions, for players that choose by the speed of the line (HLS)."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from filemill.processing.bench import Bench, Output
from filemill.processing.errors import OptionsError
from filemill.processing.media import FILM_TYPES
from filemill.processing.operations.declaration import Example, InputsRule, Operation, RetryPolicy
from filemill.processing.operations.ffmpeg.running import FILM_LIMITS
from filemill.processing.operations.ffmpeg.streaming import HLS, MASTER, Stream
from filemill.processing.operations.planning import Facts, Planned, PlannedOutput
from filemill.processing.operations.video.probing import probe
from filemill.processing.operations.video.stream_ladder import RUNG_NAMES, RungName
from filemill.processing.operations.video.stream_options import STREAM_DETAILS, StreamOptions
from filemill.processing.operations.video.stream_plan import estimate_stream, plan_stream
from filemill.processing.operations.video.streaming import describe_renditions, make_stream, measure_playlist
from filemill.processing.operations.video.watermarking import WATERMARK_TYPES

PLAYLIST_TYPE: Final = "application/vnd.apple.mpegurl"
_PRESETS: Final[Mapping[str, RungName]] = {f"hls/{name}": name for name in RUNG_NAMES}

DETAILS: Final = f"""
`master.m3u8` is what a player opens; it names a playlist for each rendition (`720p.m3u8`), and that its segments
(`720p-00000.ts`). All names are relative, so keep the files side by side. Segments begin with a key frame, at the same
moments in every rendition.

{STREAM_DETAILS}

Long films are encoded in segments that outlive the worker: after a crash the next attempt goes on after the last whole
one, and the stream is what it would have been. What takes less than about 12 seconds is made in one go.

A task holds at most 1000 files. Long films need `single_file`, longer segments or fewer renditions; that is said before
any work is done.
"""


def _refuse_unknown(name: str) -> str:
    if name not in _PRESETS:
        raise ValueError(f"{name} is no preset of HLS")
    return name


HlsPreset = Annotated[str, AfterValidator(_refuse_unknown), WithJsonSchema({"type": "string", "enum": list(_PRESETS)})]


class HlsOptions(StreamOptions):
    """Which renditions, and what the segments are."""

    preset: HlsPreset | None = Field(
        None,
        description="One rendition by its name, instead of `renditions`; every size, codec and rate that is asked for "
        "outweighs it.",
        examples=["hls/720p"],
        json_schema_extra={"x-valid": f"one of {', '.join(_PRESETS)}"},
    )
    segment_format: Literal["ts", "fmp4"] = Field(
        "ts",
        description="MPEG-TS, which every player knows, or fragmented MP4, which is smaller.",
        examples=["fmp4"],
        json_schema_extra={"x-valid": "one of ts, fmp4"},
    )


def plan_hls(facts: Facts, options: HlsOptions) -> Stream:
    """Work out the renditions, of a preset or of those that are named. Raises OptionsError as `plan_stream` does."""
    if options.preset is None:
        return plan_stream(facts, options, options.segment_format)
    if options.renditions is not None:
        message = "Give either preset or renditions: both name the sizes."
        raise OptionsError(message, code="invalid_options")
    return plan_stream(facts, options, options.segment_format, preset=_PRESETS[options.preset])


def make_hls(bench: Bench, options: HlsOptions) -> dict[str, Any]:
    """Make the stream. Raises InputError `corrupt_file`; OptionsError `invalid_options`."""
    facts = probe(bench)
    stream = plan_hls(facts, options)
    stream, outputs = make_stream(
        bench,
        facts,
        stream,
        HLS,
        watermark=options.find_watermark(),
        measure=lambda _master: measure_playlist(_find(bench, f"{stream.renditions[0].name}.m3u8")),
    )
    told = describe_renditions(stream)
    for rendition in told:
        rendition["playlist"] = f"{rendition['name']}.m3u8"
    return {
        "playlist": MASTER,
        "renditions": told,
        "segment_duration": stream.segment_seconds,
        "files": len(outputs),
        "has_sound": stream.sound is not None,
    }


def _find(bench: Bench, name: str) -> Output:
    return next(output for output in bench.outputs if output.name == name)


def plan(facts: Facts, options: HlsOptions) -> Planned:
    """Foresee the playlists and segments."""
    stream = plan_hls(facts, options)
    playlist = Facts(media_type=PLAYLIST_TYPE, duration=stream.span.lasting_seconds)
    ending, media_type = ("ts", "video/mp2t") if options.segment_format == "ts" else ("m4s", "video/iso.segment")
    outputs = [PlannedOutput(name=MASTER, facts=playlist)]
    for rendition in stream.renditions:
        size = rendition.layout.canvas
        part = Facts(media_type=media_type, width=size.width, height=size.height)
        outputs += [
            PlannedOutput(name=f"{rendition.name}.m3u8", facts=playlist),
            PlannedOutput(name=f"{rendition.name}-*.{ending}", facts=part),
        ]
    return Planned(outputs=tuple(outputs), cost=estimate_stream(facts, stream))


OPERATION: Final = Operation(
    name="video.hls",
    task_type="video",
    summary="A film in several renditions for adaptive streaming by HLS.",
    details=DETAILS,
    media_types=FILM_TYPES,
    options=HlsOptions,
    limits=FILM_LIMITS,
    retry=RetryPolicy(patience=3.0),
    run=make_hls,
    plan=plan,
    produces=lambda _media_type, _options: PLAYLIST_TYPE,
    needs=lambda _media_type, _options: ("ffmpeg",),
    tools=("ffmpeg",),
    inputs=InputsRule(least=0, most=1, media_types=WATERMARK_TYPES),
    samples=("clip.mp4",),
    examples=(
        Example(options={"preset": "hls/240p", "encoder_preset": "veryfast"}, shows="One small rendition, made fast."),
        Example(options={}, shows="As many of 1080p, 720p, 480p and 360p as the film is large enough for."),
        Example(
            options={"renditions": ["720p", "360p"], "segment_duration": 4, "segment_format": "fmp4"},
            shows="Two renditions in fragmented MP4, in segments of four seconds.",
        ),
        Example(
            options={"preset": "hls/480p", "width": 360, "height": 360, "fit": "cover", "encoder_preset": "veryfast"},
            shows="One square rendition, cut out of the middle.",
        ),
        Example(
            options={"video_codec": "copy", "audio_codec": "copy"},
            shows="The film as it is encoded, cut at its key frames: no quality is lost, and next to no time.",
        ),
    ),
)
