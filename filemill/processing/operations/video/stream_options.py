"""The options that HLS and DASH share, and how they become a ladder of renditions."""

from math import ceil
from typing import Annotated, Final, Literal, get_args

from pydantic import Field, StrictBool

from filemill.processing.errors import OptionsError
from filemill.processing.operations.ffmpeg.coding import (
    DEFAULT_PRESET,
    HIGHEST_CRF,
    PictureCoding,
    SoundCoding,
    to_crf,
)
from filemill.processing.operations.ffmpeg.cost import estimate_film
from filemill.processing.operations.ffmpeg.presets import RUNGS
from filemill.processing.operations.ffmpeg.rates import (
    VIDEO_BITS_VALID,
    VideoBits,
    to_fraction,
)
from filemill.processing.operations.ffmpeg.spans import plan_span
from filemill.processing.operations.ffmpeg.streaming import BITS, Rendition, SegmentFormat, Stream
from filemill.processing.operations.other_names import by_other_names
from filemill.processing.operations.planning import Cost, Facts
from filemill.processing.operations.quality import QUALITY_VALID, Quality, to_percent
from filemill.processing.operations.sizing import Layout, Resize, Size
from filemill.processing.operations.video.film_options import (
    VIDEO_CODEC_NAMES,
    EncodingOptions,
    SpanOptions,
)
from filemill.processing.operations.video.film_plan import plan_even_layout

RungName = Literal["240p", "360p", "480p", "720p", "1080p", "1440p", "2160p"]
StreamCodec = Literal["h264", "h265"]

_USUAL_LADDER: Final[tuple[RungName, ...]] = ("1080p", "720p", "480p", "360p")
_USUAL_AUDIO_BITS: Final = 128_000
_FAST_FPS: Final = 31.0
_MOST_OUTPUTS: Final = 990
_HIGHEST_CRF: Final = HIGHEST_CRF["h264"]
_LEAST_BITS: Final = 10_000

STREAM_DETAILS: Final = """\
The pictures are H.264 at a steady rate, the sound AAC of 128k; `video_codec`, `video_bitrate`, `audio_bitrate` and
`fps` ask for others, `crf` or `quality` for an even quality under the rate, and each outweighs what the names of
renditions stand for."""
"""For the pages of both."""


class StreamOptions(SpanOptions, EncodingOptions):
    """Which renditions, how they are cut, and how they are encoded."""

    renditions: Annotated[list[RungName], Field(min_length=1, max_length=7)] | None = Field(
        None,
        description="The sizes, by their names: 720p is the box of 1280 x 720 that the film is fitted into. Left out, "
        "those of 1080p, 720p, 480p and 360p that the film is large enough for; nothing is ever enlarged.",
        examples=[["720p", "360p"]],
        json_schema_extra={"x-valid": f"a list of 1 to 7 of {', '.join(get_args(RungName))}"},
    )
    segment_duration: Annotated[float, Field(ge=1, le=30)] = Field(
        6.0,
        description="Seconds in a segment; players can change the rendition at each.",
        examples=[4],
        json_schema_extra={"x-valid": "a number of seconds from 1 to 30"},
    )
    single_file: StrictBool = Field(
        False,
        description="One file per rendition, of which players ask for byte ranges, instead of one per segment.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
    video_codec: Annotated[StreamCodec, by_other_names(VIDEO_CODEC_NAMES, StreamCodec)] | None = Field(
        None,
        description="Codec of the pictures; h264 where nothing is said, which every player knows. h265 has two thirds "
        "of its bit rate, takes several times as long, and goes into fragmented MP4 only.",
        examples=["h265"],
        json_schema_extra={"x-valid": f"one of {', '.join(get_args(StreamCodec))}"},
    )
    video_bitrate: VideoBits | None = Field(
        None,
        description="Bits per second of the largest rendition's picture; each smaller one has as much less as it "
        "usually has. Left out, from 400k (240p) over 2.8M (720p) to 16M (2160p), and half as much again above 31 "
        "frames a second.",
        examples=["2.5M"],
        json_schema_extra={"x-valid": VIDEO_BITS_VALID},
    )
    quality: Quality | None = Field(
        None,
        description="An even quality instead of a steady rate: low (50), medium (70), high (85) or a number. The bit "
        "rate of each rendition is then its ceiling, which players go by.",
        examples=["medium", 60],
        json_schema_extra={"x-valid": QUALITY_VALID},
    )
    crf: Annotated[int, Field(ge=0, le=_HIGHEST_CRF)] | None = Field(
        None,
        description="The encoder's own constant quality, instead of `quality` and under the same ceiling: lower is "
        "better.",
        examples=[23],
        json_schema_extra={"x-valid": f"a whole number from 0 to {_HIGHEST_CRF}"},
    )


def plan_stream(facts: Facts, options: StreamOptions, segment_format: SegmentFormat) -> Stream:
    """Work out the renditions.

    Raises OptionsError for more segments than a task can hold, and for a codec that they do not.
    """
    _refuse_foreign(options, segment_format)
    channels = facts.more.get("audio_channels")
    bits = options.audio_bitrate or _USUAL_AUDIO_BITS
    sound = SoundCoding(codec="aac", bits_per_second=bits, channels=min(2, channels)) if channels else None
    stream = Stream(
        renditions=_plan_ladder(facts, options),
        sound=None if options.mute else sound,
        segment_seconds=round(options.segment_duration, 3),
        is_single_file=options.single_file,
        segment_format=segment_format,
        span=plan_span(options.start, options.end, options.duration, duration_seconds=facts.duration),
        fps=to_fraction(options.fps) if options.fps else None,
    )
    _refuse_many(stream)
    return stream


def _plan_ladder(facts: Facts, options: StreamOptions) -> tuple[Rendition, ...]:
    """One rendition for each size that differs; of two rungs that a small film is not enlarged for, the lower one."""
    wanted = options.renditions or _USUAL_LADDER
    rungs = sorted(dict.fromkeys(wanted), key=lambda name: RUNGS[name][1])
    found: dict[Size, tuple[RungName, Layout]] = {}
    for name in rungs:
        width, height = RUNGS[name]
        layout = plan_even_layout(facts, Resize(width=width, height=height))
        found.setdefault(layout.canvas, (name, layout))
    ladder = list(reversed(found.values()))
    largest = ladder[0][0]
    return tuple(
        Rendition(name=name, layout=layout, coding=_plan_coding(facts, options, name, largest))
        for name, layout in ladder
    )


def _plan_coding(facts: Facts, options: StreamOptions, name: RungName, largest: RungName) -> PictureCoding:
    codec = options.video_codec or "h264"
    bits = BITS[name]
    if options.video_bitrate is not None:
        bits = max(_LEAST_BITS, options.video_bitrate * BITS[name] // BITS[largest])
    else:
        bits = bits * 3 // 2 if (options.fps or facts.fps or 0.0) > _FAST_FPS else bits
        bits = bits * 2 // 3 if codec == "h265" else bits
    crf = options.crf
    if crf is None and options.quality is not None:
        crf = to_crf(codec, to_percent(options.quality))
    preset = options.encoder_preset or DEFAULT_PRESET
    return PictureCoding(codec=codec, preset=preset, crf=crf, bits_per_second=bits)


def _refuse_foreign(options: StreamOptions, segment_format: SegmentFormat) -> None:
    if options.video_codec == "h265" and segment_format == "ts":
        message = "Players take h265 in fragmented MP4 only: ask for segment_format fmp4 with it, or for h264."
        raise OptionsError(message, code="invalid_options")


def _refuse_many(stream: Stream) -> None:
    if stream.is_single_file or stream.span.lasting_seconds is None:
        return
    segments = ceil(stream.span.lasting_seconds / stream.segment_seconds)
    tracks = len(stream.renditions) + (1 if stream.sound else 0)
    if segments * tracks > _MOST_OUTPUTS:
        message = (
            f"That gives about {segments * tracks:,} segments, and a task holds {_MOST_OUTPUTS} files: ask for "
            "single_file, a longer segment_duration or fewer renditions."
        )
        raise OptionsError(message, code="invalid_options")


def estimate_stream(facts: Facts, stream: Stream) -> Cost:
    """Guess at the CPU time and memory of making all renditions."""
    total = Cost(cpu_seconds=0.0)
    for rendition in stream.renditions:
        one = estimate_film(facts, stream.as_film(rendition))
        total = Cost(
            cpu_seconds=total.cpu_seconds + one.cpu_seconds, memory_bytes=total.memory_bytes + one.memory_bytes
        )
    return total
