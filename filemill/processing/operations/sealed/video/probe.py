"""Sealed: what a film or a sound is, by PyAV, down to its first frame."""

import errno
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import islice
from typing import Any, Final

import av
import av.logging
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError
from filemill.processing.input_limits import LEAST_SAMPLE_RATE
from filemill.processing.operations.sealed.opening import open_as_file, refuse_empty
from filemill.processing.operations.sealed.video.boxes import refuse_cut_boxes
from filemill.processing.operations.sealed.video.chunks import refuse_cut_forms, refuse_cut_samples

_MAX_STREAMS_TOLD: Final = 20
_MAX_TAGS_TOLD: Final = 30
_MAX_TAG_CHARACTERS: Final = 500
_WITHOUT_DURATION: Final = frozenset(("aac", "mp3"))
"""The demuxers that only guess a duration from the bit rate: there the packets are counted, which is exact."""
_REFUSE_CUT: Final[Mapping[str, Callable[[SealedCall], None]]] = {
    "mov": refuse_cut_boxes,
    "wav": refuse_cut_samples,
    "avi": refuse_cut_forms,
}
"""Who says how long the file was, and whose loss FFmpeg does not complain of, by its demuxer."""
_MOST_DAMAGED_PACKETS: Final = 1000
"""So many in a row, half a minute of most codecs, are no damaged beginning any more."""
_DAMAGED: Final = "The file is damaged or cut short."

av.logging.set_level(av.logging.ERROR)  # else FFmpeg's reasons are not to be heard


def probe_film(call: SealedCall) -> dict[str, Any]:
    """Give duration (seconds), codecs, size (upright, square pixels), fps, bit rate (bit/s), rotation and streams.

    Arguments: `demuxer`, FFmpeg's name of the container's reader; `codecs`, the decoders that may run; `max_streams`.
    Whatever is not known is None.
    """
    return _probe(call, _describe)


def probe_sound(call: SealedCall) -> dict[str, Any]:
    """Give duration (seconds), codec, sample rate, channels, bit rate (bit/s), tags and streams of the first sound.

    Arguments: as `probe_film`.
    """
    return _probe(call, _describe_sound)


def _probe(call: SealedCall, describe: Callable[[InputContainer, SealedCall], dict[str, Any]]) -> dict[str, Any]:
    refuse_empty(call)
    if refuse_cut := _REFUSE_CUT.get(call.arguments["demuxer"]):
        refuse_cut(call)
    with av.logging.Capture() as said:
        try:
            with _open(call) as container:
                _refuse_many_streams(said, call)
                return describe(container, call)
        except av.FFmpegError as error:
            _refuse_many_streams(said, call)
            raise InputError(_DAMAGED, code="corrupt_file", evidence={"ffmpeg": str(error)}) from error
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            # FFmpeg was led to a place where no file system can have one.
            raise InputError(_DAMAGED, code="corrupt_file", evidence={"system": str(error)}) from error


def _open(call: SealedCall) -> InputContainer:
    options = {"codec_whitelist": ",".join(call.arguments["codecs"]), "max_streams": str(call.arguments["max_streams"])}
    demuxer = call.arguments["demuxer"]
    return av.open(open_as_file(call), mode="r", format=demuxer, options=options, metadata_errors="replace")


def _refuse_many_streams(said: list[tuple[int, str, str]], call: SealedCall) -> None:
    """FFmpeg leaves out the streams beyond its limit, or calls them a lack of memory; only its log tells why."""
    if any("exceeds max_streams" in line for _, _, line in said):
        message = f"The file holds more than {call.arguments['max_streams']:,} streams."
        raise InputError(message, code="too_many_streams") from None


def _find_sound(container: InputContainer) -> AudioStream | None:
    """Find the first sound: it is the one that is used, unless another track is asked for."""
    sound = next(iter(container.streams.audio), None)
    rate = _read_rate(sound)
    if 0 < rate < LEAST_SAMPLE_RATE:
        message = f"The sound has a sample rate of {rate} Hz; Filemill reads those of {LEAST_SAMPLE_RATE} and more."
        raise InputError(message, code="unsupported_format")
    return sound


def _describe_sound(container: InputContainer, call: SealedCall) -> dict[str, Any]:
    sound = _find_sound(container)
    if sound is None:
        raise InputError("The file holds no sound.", code="unsupported_format")
    _refuse_codec(sound, call.arguments["codecs"], "sound", "AAC, MP3, Opus or FLAC")
    rate, channels, layout = _read_first_samples(container, sound)
    call.progress(0.5, "Header read")
    duration = _count_duration(container, sound) if call.arguments["demuxer"] in _WITHOUT_DURATION else None
    duration = duration or _find_duration(container, sound)
    call.progress(1.0, "Streams read")
    return {
        "duration": duration,
        "audio_codec": _name_codec(sound),
        "sample_rate": rate,
        "channels": channels,
        "channel_layout": layout,
        "bit_rate": sound.codec_context.bit_rate or container.bit_rate or _average(call.source_size, duration),
        "tags": _read_tags({**sound.metadata, **container.metadata}),  # Ogg keeps them with the stream
        "streams": [_describe_stream(stream) for stream in list(container.streams)[:_MAX_STREAMS_TOLD]],
    }


def _read_first_samples(container: InputContainer, sound: AudioStream) -> tuple[int, int, str | None]:
    """Decode a little, since a header may lie; damaged first packets are skipped, as players do."""
    for packet in islice(container.demux(sound), _MOST_DAMAGED_PACKETS):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            continue
        for frame in frames:
            return frame.sample_rate, frame.layout.nb_channels, _name_layout(str(frame.layout.name))
    raise InputError("The file is damaged: its sound can't be decoded.", code="corrupt_file")


def _name_layout(name: str) -> str | None:
    """A layout that only says how many channels there are says nothing."""
    return None if name.endswith("channels") else name


def _count_duration(container: InputContainer, sound: AudioStream) -> float | None:
    container.seek(0)
    base = sound.time_base
    ticks = sum(packet.duration or 0 for packet in container.demux(sound))
    return round(float(ticks * base), 3) if base and ticks else None


def _average(size: int, duration: float | None) -> int | None:
    return round(size * 8 / duration) if duration else None


def _read_tags(metadata: dict[str, str]) -> dict[str, str]:
    told = list(metadata.items())[:_MAX_TAGS_TOLD]
    return {name[:_MAX_TAG_CHARACTERS].lower(): value[:_MAX_TAG_CHARACTERS] for name, value in told}


def _describe(container: InputContainer, call: SealedCall) -> dict[str, Any]:
    film = _find_film(container)
    sound = _find_sound(container)
    _refuse_codec(film, call.arguments["codecs"], "video", "H.264, H.265, VP9 or AV1")
    call.progress(0.3, "Header read")
    rotation = _read_rotation(container, film)
    width, height = _measure(film, rotation)
    duration = _find_duration(container, film)
    bit_rate = container.bit_rate or _average(call.source_size, duration)
    call.progress(1.0, "Streams read")
    return {
        "duration": duration,
        "width": width,
        "height": height,
        "fps": _round_rate(film.average_rate or film.guessed_rate),
        "bit_rate": bit_rate,
        "rotation": rotation,
        "video_codec": _name_codec(film),
        "audio_codec": _name_codec(sound) if sound else None,
        "audio_channels": _count_channels(sound),
        "pixel_format": film.codec_context.pix_fmt,
        "tags": _read_tags(container.metadata),
        "streams": [_describe_stream(stream) for stream in list(container.streams)[:_MAX_STREAMS_TOLD]],
    }


def _find_film(container: InputContainer) -> VideoStream:
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    raise InputError(
        "The file holds no moving picture; audio.extract, audio.encode and the other audio operations work on sound.",
        code="unsupported_format",
    )


def _refuse_codec(stream: VideoStream | AudioStream, codecs: list[str], what: str, instead: str) -> None:
    if _name_codec(stream) in codecs:
        return
    raise InputError(
        f"The {what}'s codec, {_name_codec(stream) or 'unknown'}, is not one that Filemill decodes: convert it to "
        f"{instead}.",
        code="unsupported_format",
    )


def _read_rotation(container: InputContainer, film: VideoStream) -> int:
    """Degrees, clockwise, by which players turn the film; known only from a decoded frame."""
    film.codec_context.thread_count = 1
    for frame in container.decode(film):
        return -frame.rotation % 360
    raise InputError("The video is damaged: none of its frames can be decoded.", code="corrupt_file")


def _measure(film: VideoStream, rotation: int) -> tuple[int, int]:
    ratio = film.sample_aspect_ratio or Fraction(1)
    width = max(1, round(film.codec_context.width * ratio))
    height = film.codec_context.height
    return (height, width) if rotation in (90, 270) else (width, height)


def _find_duration(container: InputContainer, stream: VideoStream | AudioStream) -> float | None:
    if container.duration:
        return round(container.duration / av.time_base, 3)
    if stream.duration and stream.time_base:
        return round(float(stream.duration * stream.time_base), 3)
    return None


def _count_channels(sound: Any) -> int | None:
    return None if sound is None or sound.codec_context is None else int(sound.codec_context.channels)


def _read_rate(sound: Any) -> int:
    return 0 if sound is None or sound.codec_context is None else int(sound.codec_context.sample_rate or 0)


def _describe_stream(stream: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {"index": stream.index, "type": stream.type, "codec": _name_codec(stream)}
    if stream.language:
        facts["language"] = stream.language
    context = stream.codec_context
    if context is None:  # of a codec that nobody knows
        return facts
    if isinstance(stream, VideoStream):
        facts.update(width=context.width, height=context.height, fps=_round_rate(stream.average_rate))
    if isinstance(stream, AudioStream):
        facts.update(sample_rate=context.sample_rate, channels=context.channels)
    return facts


def _name_codec(stream: Any) -> str | None:
    context = stream.codec_context
    return None if context is None else str(context.codec.canonical_name)


def _round_rate(rate: Fraction | None) -> float | None:
    return round(float(rate), 3) if rate else None
