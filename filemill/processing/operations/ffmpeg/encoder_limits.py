"""What encoders and containers can't do, told before the work: FFmpeg would fail, and the file would take the blame.

Measured with the FFmpeg that Filemill brings; the encoders' own documents do not tell of all of it.
"""

from typing import Final

from filemill.processing.errors import OptionsError
from filemill.processing.operations.ffmpeg.coding import PictureCoding, SoundCoding
from filemill.processing.operations.sizing import Size

_LEAST_H265_SIDE: Final = 16
_LEAST_STEADY_AV1_SIDE: Final = 64
_MOST_AV1_BITS: Final = 100_000_000
_MOST_OPUS_BITS: Final = 256_000
"""Of one channel."""
LEAST_MP3_RATE_IN_MP4: Final = 16_000
"""Samples per second: those of MPEG-2.5 are no part of the standard."""


def refuse_picture_beyond(coding: PictureCoding, size: Size) -> None:
    """Refuse a picture that its encoder does not take."""
    side, bits = min(size.width, size.height), coding.bits_per_second or 0
    shown = f"{size.width} x {size.height} pixels"
    if coding.codec == "h265" and side < _LEAST_H265_SIDE:
        raise _refuse(f"h265 has sides of {_LEAST_H265_SIDE} pixels or more, and this is {shown}: ask for h264.")
    if coding.codec == "av1" and bits > _MOST_AV1_BITS:
        raise _refuse(f"av1 goes to {_MOST_AV1_BITS} bits per second, and this is {bits}.")
    if coding.codec == "av1" and coding.crf is None and side < _LEAST_STEADY_AV1_SIDE:
        least = f"{_LEAST_STEADY_AV1_SIDE} x {_LEAST_STEADY_AV1_SIDE}"
        raise _refuse(f"av1 is encoded to a bit rate from {least} pixels on, and this is {shown}: ask for a quality.")


def refuse_sound_beyond(coding: SoundCoding, *, source_channels: int | None) -> None:
    """Refuse a bit rate that the sound's encoder does not take."""
    channels = coding.channels or source_channels or 1
    most = _MOST_OPUS_BITS * channels
    if coding.codec == "opus" and (coding.bits_per_second or 0) > most:
        counted = "one channel" if channels == 1 else f"{channels} channels"
        raise _refuse(
            f"opus of {counted} goes to {most} bits per second, and audio_bitrate is {coding.bits_per_second}."
        )


def _refuse(message: str) -> OptionsError:
    return OptionsError(message, code="invalid_options")
