"""The options that HLS and DASH share, and how they become a ladder of renditions."""

from math import ceil
from typing import Annotated, Final, Literal, get_args

from pydantic import Field, StrictBool

from filemill.processing.errors import OptionsError
from filemill.processing.operations.ffmpeg.coding import DEFAULT_PRESET, EncoderPreset, PictureCoding, SoundCoding
from filemill.processing.operations.ffmpeg.cost import estimate_film
from filemill.processing.operations.ffmpeg.presets import RUNGS
from filemill.processing.operations.ffmpeg.rates import (
    AUDIO_BITS_VALID,
    FRAME_RATE_VALID,
    AudioBits,
    FrameRate,
    to_fraction,
)
from filemill.processing.operations.ffmpeg.spans import plan_span
from filemill.processing.operations.ffmpeg.streaming import BITS, Rendition, SegmentFormat, Stream
from filemill.processing.operations.planning import Cost, Facts
from filemill.processing.operations.sizing import Resize, Size
from filemill.processing.operations.video.film_options import SpanOptions
from filemill.processing.operations.video.film_plan import plan_even_layout

RungName = Literal["240p", "360p", "480p", "720p", "1080p", "1440p", "2160p"]

_USUAL_LADDER: Final[tuple[RungName, ...]] = ("1080p", "720p", "480p", "360p")
_USUAL_AUDIO_BITS: Final = 128_000
_FAST_FPS: Final = 31.0
_MOST_OUTPUTS: Final = 990


class StreamOptions(SpanOptions):
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
    fps: FrameRate | None = Field(
        None,
        description="Frames per second; left out, those of the source.",
        examples=[25],
        json_schema_extra={"x-valid": FRAME_RATE_VALID},
    )
    encoder_preset: EncoderPreset | None = Field(
        None,
        description="How long the encoder may think, by the names of x264; `fast` where nothing is said.",
        examples=["veryfast"],
        json_schema_extra={"x-valid": f"one of {', '.join(get_args(EncoderPreset))}"},
    )
    audio_bitrate: AudioBits | None = Field(
        None,
        description="Bits per second of the sound; 128k where nothing is said.",
        examples=["96k"],
        json_schema_extra={"x-valid": AUDIO_BITS_VALID},
    )
    mute: StrictBool = Field(
        False,
        description="Leave the sound out.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )


def plan_stream(facts: Facts, options: StreamOptions, segment_format: SegmentFormat) -> Stream:
    """Work out the renditions; raises OptionsError for more segments than a task can hold."""
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
    is_fast = (options.fps or facts.fps or 0.0) > _FAST_FPS
    found: dict[Size, Rendition] = {}
    for name in rungs:
        width, height = RUNGS[name]
        layout = plan_even_layout(facts, Resize(width=width, height=height))
        coding = PictureCoding(
            codec="h264",
            preset=options.encoder_preset or DEFAULT_PRESET,
            crf=None,
            bits_per_second=BITS[name] * 3 // 2 if is_fast else BITS[name],
        )
        found.setdefault(layout.canvas, Rendition(name=name, layout=layout, coding=coding))
    return tuple(reversed(found.values()))


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
