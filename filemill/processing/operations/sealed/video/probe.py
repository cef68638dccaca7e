"""Sealed: what a film is, by PyAV, down to its first frame."""

import errno
from fractions import Fraction
from typing import Any, Final

import av
import av.logging
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError
from filemill.processing.operations.sealed.opening import open_as_file, refuse_empty

_MAX_STREAMS_TOLD: Final = 20
_BOX_HEADER_BYTES: Final = 8
_MAX_BOXES: Final = 10_000
_DAMAGED: Final = "The video is damaged or cut short."

av.logging.set_level(av.logging.ERROR)  # else FFmpeg's reasons are not to be heard


def probe_film(call: SealedCall) -> dict[str, Any]:
    """Give duration (seconds), codecs, size (upright, square pixels), fps, bit rate (bit/s), rotation and streams.

    Arguments: `demuxer`, FFmpeg's name of the container's reader; `codecs`, the decoders that may run; `max_streams`.
    Whatever is not known is None.
    """
    refuse_empty(call)
    if call.arguments["demuxer"] == "mov":
        _refuse_cut_boxes(call)
    with av.logging.Capture() as said:
        try:
            with _open(call) as container:
                _refuse_many_streams(said, call)
                return _describe(container, call)
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


def _describe(container: InputContainer, call: SealedCall) -> dict[str, Any]:
    film = _find_film(container)
    sound = next(iter(container.streams.audio), None)
    _refuse_codec(film, call.arguments["codecs"])
    call.progress(0.3, "Header read")
    rotation = _read_rotation(container, film)
    width, height = _measure(film, rotation)
    duration = _find_duration(container, film)
    bit_rate = container.bit_rate or (round(call.source_size * 8 / duration) if duration else None)
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
        "streams": [_describe_stream(stream) for stream in list(container.streams)[:_MAX_STREAMS_TOLD]],
    }


def _find_film(container: InputContainer) -> VideoStream:
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    raise InputError("The file holds no moving picture.", code="unsupported_format")


def _refuse_codec(film: VideoStream, codecs: list[str]) -> None:
    if _name_codec(film) in codecs:
        return
    raise InputError(
        f"The video's codec, {_name_codec(film) or 'unknown'}, is not one that Filemill decodes: convert it to H.264, "
        "H.265, VP9 or AV1.",
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


def _find_duration(container: InputContainer, film: VideoStream) -> float | None:
    if container.duration:
        return round(container.duration / av.time_base, 3)
    if film.duration and film.time_base:
        return round(float(film.duration * film.time_base), 3)
    return None


def _count_channels(sound: Any) -> int | None:
    return None if sound is None or sound.codec_context is None else int(sound.codec_context.channels)


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


def _refuse_cut_boxes(call: SealedCall) -> None:
    """Walk the outermost boxes of an MP4 or MOV: one that ends beyond the file shows that its tail is missing.

    FFmpeg plays such a file as far as it goes and calls that a success.
    """
    file, start = open_as_file(call), 0
    for _ in range(_MAX_BOXES):
        if start >= call.source_size:
            return
        file.seek(start)
        header = file.read(2 * _BOX_HEADER_BYTES) or b""
        if len(header) < _BOX_HEADER_BYTES:
            return
        size = int.from_bytes(header[:4], "big")
        if size == 1:
            size = int.from_bytes(header[8:16], "big")
        if size < _BOX_HEADER_BYTES:
            return  # 0 means "to the end of the file"; anything else is FFmpeg's to judge
        if header[4:8] in (b"mdat", b"moov") and start + size > call.source_size:
            missing = start + size - call.source_size
            raise InputError(f"The video is cut short: {missing:,} bytes are missing.", code="corrupt_file")
        start += size
