"""From what a film is and what is asked for to the stream it becomes; pure. What can't be is an OptionsError."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from math import ceil
from typing import Final, Literal, TypeVar

from filemill.processing.errors import OptionsError
from filemill.processing.operations.ffmpeg.coding import (
    CODEC_NAMES,
    COPY,
    DEFAULT_PRESET,
    AudioCodec,
    Copied,
    PictureCoding,
    SoundCoding,
    VideoCodec,
    to_crf,
)
from filemill.processing.operations.ffmpeg.cost import estimate_film
from filemill.processing.operations.ffmpeg.encoder_limits import refuse_picture_beyond
from filemill.processing.operations.ffmpeg.rates import to_fraction
from filemill.processing.operations.ffmpeg.spans import plan_span
from filemill.processing.operations.ffmpeg.streaming import BITS, CopiedPicture, Rendition, SegmentFormat, Stream
from filemill.processing.operations.planning import Cost, Facts
from filemill.processing.operations.quality import to_percent
from filemill.processing.operations.sizing import Layout, Size
from filemill.processing.operations.video.compliance import find_differences
from filemill.processing.operations.video.film_plan import (
    choose_box,
    plan_sound_coding,
    refuse_changes_to_a_copy,
    refuse_crf_beyond,
    refuse_low_mp3,
    refuse_rate_of_a_copy,
)
from filemill.processing.operations.video.stream_ladder import Rung, RungName, name_size, plan_ladder
from filemill.processing.operations.video.stream_options import StreamOptions
from filemill.processing.operations.video.watermarking import refuse_on_a_copy

_Codec = TypeVar("_Codec", bound=str)

_PICTURES_IN: Final[Mapping[SegmentFormat, tuple[VideoCodec, ...]]] = {
    "ts": ("h264",),
    "fmp4": ("h264", "h265", "vp9", "av1"),
}
_SOUNDS_IN: Final[Mapping[SegmentFormat, tuple[AudioCodec, ...]]] = {
    "ts": ("aac", "mp3"),
    "fmp4": ("aac", "opus", "mp3"),
}
"""What players take; the formats could hold more."""
_USUAL_AUDIO_BITS: Final = 128_000
_NOT_COPIED: Final = frozenset(("video/x-msvideo",))
_FAST_FPS: Final = 31.0
_MOST_OUTPUTS: Final = 1000
_FILES_BESIDE: Final = 3
"""Of each track, beside its segments: a playlist, what its segments begin with, the watermark that is drawn for it."""
_LEAST_BITS: Final = 10_000
_PART_OF_H264: Final[Mapping[VideoCodec, Fraction]] = {
    "h264": Fraction(1),
    "h265": Fraction(2, 3),
    "vp9": Fraction(2, 3),
    "av1": Fraction(1, 2),
}
"""Bits that a codec takes for about the same picture."""


def plan_stream(
    facts: Facts, options: StreamOptions, segment_format: SegmentFormat, *, preset: RungName | None = None
) -> Stream:
    """Work out the renditions and the sound; `preset` is the name of the only one.

    Raises OptionsError for more segments than a task can hold, and for codecs that they do not.
    """
    refuse_on_a_copy(options.find_watermark(), options.video_codec)
    names = [preset] if preset is not None else options.renditions
    stream = Stream(
        renditions=_plan_renditions(facts, options, names, segment_format),
        sound=_plan_sound(facts, options, segment_format),
        segment_seconds=round(options.segment_duration, 3),
        is_single_file=options.single_file,
        segment_format=segment_format,
        span=plan_span(options.start, options.end, options.duration, duration_seconds=facts.duration),
        fps=to_fraction(options.fps) if options.fps else None,
    )
    _refuse_many(stream)
    return _as_copy(stream) if _is_compliant(facts, options, stream) else stream


def _is_compliant(facts: Facts, options: StreamOptions, stream: Stream) -> bool:
    """Say whether the film already is the only rendition that is asked for, if that may be left as it is."""
    is_wanted = options.skip_if_compliant and options.watermark is False and options.audio_bitrate is None
    if not is_wanted or stream.is_copied or len(stream.renditions) > 1 or facts.media_type in _NOT_COPIED:
        return False
    return not set(find_differences(facts, stream.as_film(stream.renditions[0]))) - {"container"}


def _as_copy(stream: Stream) -> Stream:
    only = stream.renditions[0]
    copied = replace(only, coding=CopiedPicture(codec=only.coding.codec))
    return replace(stream, renditions=(copied,), sound=COPY if stream.sound else None)


def _plan_renditions(
    facts: Facts, options: StreamOptions, names: list[RungName] | None, segment_format: SegmentFormat
) -> tuple[Rendition, ...]:
    if options.video_codec == COPY:
        return (_plan_copy(facts, options, names, segment_format),)
    codec = options.video_codec or "h264"
    _refuse_foreign(codec, _PICTURES_IN, segment_format)
    refuse_crf_beyond(codec, options.crf)
    ladder = plan_ladder(facts, names, choose_box(options), options.fit)
    return tuple(_plan_rendition(facts, options, codec, rung, ladder[0]) for rung in ladder)


def _plan_rendition(facts: Facts, options: StreamOptions, codec: VideoCodec, rung: Rung, largest: Rung) -> Rendition:
    coding = _plan_coding(facts, options, codec, rung, largest)
    refuse_picture_beyond(coding, rung.layout.canvas)
    return Rendition(name=rung.name, layout=rung.layout, coding=coding)


def _plan_copy(
    facts: Facts, options: StreamOptions, names: list[RungName] | None, segment_format: SegmentFormat
) -> Rendition:
    refuse_changes_to_a_copy(options)
    if names is not None and len(set(names)) > 1:
        message = "video_codec copy packs the picture as it is, which gives one rendition: name one, or none."
        raise OptionsError(message, code="invalid_options")
    _refuse_what_copies_lose(facts, options)
    codec = _find_codec(facts, "video", _PICTURES_IN, segment_format)
    size = Size(facts.width or 0, facts.height or 0)
    name = names[0] if names else name_size(size)
    return Rendition(name=name, layout=Layout(size, size), coding=CopiedPicture(codec=codec))


def _refuse_what_copies_lose(facts: Facts, options: StreamOptions) -> None:
    """MPEG-TS can't hold how the picture is turned, and players pass over it elsewhere.

    A copy begins at a key frame, which lies before the moment that is asked for: picture and sound would begin apart.
    """
    if degrees := facts.more.get("rotation"):
        message = f"The video is turned by {degrees} degrees when it is shown, which players of streams do not do; "
        raise OptionsError(f"{message}leave out video_codec to encode it.", code="invalid_options")
    changing = [name for name in ("start", "fit") if name in options.model_fields_set]
    if changing:
        message = f"video_codec copy packs the picture as it is, so {', '.join(changing)} can't be had with it."
        raise OptionsError(message, code="invalid_options")


def _plan_coding(facts: Facts, options: StreamOptions, codec: VideoCodec, rung: Rung, largest: Rung) -> PictureCoding:
    bits = BITS[rung.rated_as]
    if options.video_bitrate is not None:
        bits = max(_LEAST_BITS, options.video_bitrate * bits // BITS[largest.rated_as])
    else:
        bits = bits * 3 // 2 if (options.fps or facts.fps or 0.0) > _FAST_FPS else bits
        bits = int(bits * _PART_OF_H264[codec])
    crf = options.crf
    if crf is None and options.quality is not None:
        crf = to_crf(codec, to_percent(options.quality))
    return PictureCoding(codec=codec, preset=options.encoder_preset or DEFAULT_PRESET, crf=crf, bits_per_second=bits)


def _plan_sound(facts: Facts, options: StreamOptions, segment_format: SegmentFormat) -> SoundCoding | Copied | None:
    channels = facts.more.get("audio_channels")
    if options.mute or not channels:
        return None
    if options.audio_codec == COPY:
        refuse_rate_of_a_copy(options)
        _find_codec(facts, "audio", _SOUNDS_IN, segment_format)
        if segment_format == "fmp4":
            refuse_low_mp3(facts)
        return COPY
    codec = options.audio_codec or "aac"
    _refuse_foreign(codec, _SOUNDS_IN, segment_format)
    return plan_sound_coding(facts, codec, options.audio_bitrate or _USUAL_AUDIO_BITS, channels)


def _find_codec(
    facts: Facts,
    kind: Literal["video", "audio"],
    held: Mapping[SegmentFormat, tuple[_Codec, ...]],
    segment_format: SegmentFormat,
) -> _Codec:
    """Give our name of the codec that the probe found and that is to be copied."""
    probed = facts.more.get(f"{kind}_codec")
    codec = next((name for name in held["fmp4"] if CODEC_NAMES.get(name, name) == probed), None)
    if facts.media_type in _NOT_COPIED:
        message = (
            f"An AVI does not tell when its pictures are shown, so its {kind} can't be packed as it is; leave out "
        )
        raise OptionsError(f"{message}{kind}_codec to encode it.", code="invalid_options")
    if codec is None:
        holds = ", ".join(held[segment_format])
        message = f"The {kind} is {probed}, which players do not take in streams (but {holds}); leave out {kind}_codec "
        raise OptionsError(message + "to encode it.", code="invalid_options")
    _refuse_foreign(codec, held, segment_format)
    return codec


def _refuse_foreign(
    codec: _Codec, held: Mapping[SegmentFormat, tuple[_Codec, ...]], segment_format: SegmentFormat
) -> None:
    if codec not in held[segment_format]:
        message = f"Players take {codec} in fragmented MP4 only: ask for segment_format fmp4 with it, or for "
        raise OptionsError(f"{message}{' or '.join(held[segment_format])}.", code="invalid_options")


def _refuse_many(stream: Stream) -> None:
    if stream.is_single_file or stream.span.lasting_seconds is None:
        return
    segments = ceil(stream.span.lasting_seconds / stream.segment_seconds)
    tracks = len(stream.renditions) + (1 if stream.sound else 0)
    if (segments + _FILES_BESIDE) * tracks + 1 > _MOST_OUTPUTS:
        message = (
            f"That gives about {segments * tracks:,} segments, and a task holds {_MOST_OUTPUTS:,} files: ask for "
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
