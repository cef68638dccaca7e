"""Whether a film already is what is asked for, so that encoding it again would only cost quality; pure."""

from filemill.processing.operations.ffmpeg.coding import CODEC_NAMES, PictureCoding, SoundCoding
from filemill.processing.operations.ffmpeg.film import Film
from filemill.processing.operations.planning import Facts
from filemill.processing.operations.sizing import Size

_RATE_MARGIN = 1.1
"""Bit rates are averages: what is a tenth over is still what was asked for."""


def find_differences(facts: Facts, film: Film) -> list[str]:
    """Name what keeps a film from being what is asked for; an empty list says that it is."""
    checks = {
        "container": facts.media_type == film.media_type,
        "video codec": _has_codec(facts.more.get("video_codec"), film.picture),
        "audio codec": _has_codec(facts.more.get("audio_codec"), film.sound),
        "size": film.layout.canvas == Size(facts.width or 0, facts.height or 0),
        "frame rate": film.fps is None or (facts.fps is not None and facts.fps <= float(film.fps) + 0.01),
        "pixel format": facts.more.get("pixel_format") in ("yuv420p", "yuvj420p"),
        "rotation": not facts.more.get("rotation"),
        "part": film.span.is_whole and not film.span.start_seconds,
        "bit rate": _is_within_rate(facts, film),
        "watermark": film.overlay is None,
    }
    return [name for name, holds in checks.items() if not holds]


def _has_codec(codec: str | None, coding: PictureCoding | SoundCoding | str | None) -> bool:
    if isinstance(coding, PictureCoding | SoundCoding):
        return codec == CODEC_NAMES.get(coding.codec, coding.codec)
    return coding is not None or codec is None  # a copy keeps what there is, None wants silence


def _is_within_rate(facts: Facts, film: Film) -> bool:
    if not isinstance(film.picture, PictureCoding) or film.picture.bits_per_second is None:
        return True
    sound = film.sound.bits_per_second if isinstance(film.sound, SoundCoding) else None
    rate = facts.more.get("bit_rate")
    return rate is not None and rate <= (film.picture.bits_per_second + (sound or 0)) * _RATE_MARGIN
