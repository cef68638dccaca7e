"""What a film or sound is, found out cheaply in the cage and held to the limits on inputs."""

from typing import Any, Final

from filemill.processing.bench import Bench, Input
from filemill.processing.errors import InputError
from filemill.processing.input_limits import InputLimits
from filemill.processing.media import AUDIO_TYPES, extension_of
from filemill.processing.operations.ffmpeg.reading import CODECS, DEMUXERS
from filemill.processing.operations.ffmpeg.running import PROBE_LIMITS, probe_film, probe_sound
from filemill.processing.operations.planning import Facts
from filemill.processing.operations.sealed_name import SealedName

MAX_FRAME_PIXELS: Final = 8192 * 4320
PROBE_SHARE: Final = (0.0, 3.0)

_OF_ITS_OWN: Final = frozenset(("width", "height", "duration", "fps"))


def probe(bench: Bench) -> Facts:
    """Probe whatever comes with the task type `video`: a film, or sound alone."""
    if bench.media_type in AUDIO_TYPES:
        return to_facts(bench, read_sound(bench))
    return to_facts(bench, read_film(bench))


def probe_input(bench: Bench, further: Input) -> Facts:
    """Probe another input of the task: a film, or sound alone."""
    return _probe_input(bench, further, probe_sound if further.media_type in AUDIO_TYPES else probe_film)


def sound_of_input(bench: Bench, further: Input) -> Facts:
    """Probe the first sound in another input of the task."""
    return _probe_input(bench, further, probe_sound)


def _probe_input(bench: Bench, further: Input, function: SealedName) -> Facts:
    arguments = _arguments(further.media_type, bench.input_limits)
    told = bench.call(function, arguments, source=further, share=(3.0, 3.0), limits=PROBE_LIMITS)
    refuse_beyond(told, bench.input_limits)
    return _to_facts(further.media_type, further.size, told)


def to_facts(bench: Bench, told: dict[str, Any]) -> Facts:
    """Put what a probe told into the form that plans work with."""
    return _to_facts(bench.media_type, bench.source_size, told)


def _to_facts(media_type: str, size: int, told: dict[str, Any]) -> Facts:
    return Facts(
        media_type=media_type,
        size=size,
        width=told.get("width"),
        height=told.get("height"),
        duration=told["duration"],
        fps=told.get("fps"),
        more={name: value for name, value in told.items() if name not in _OF_ITS_OWN},
    )


def read_film(bench: Bench) -> dict[str, Any]:
    """Give the film's container, duration, size, codecs and streams.

    Raises InputError `corrupt_file`, `unsupported_format`, `too_many_pixels`, `too_long`, `too_many_streams`.
    """
    told = bench.call(
        probe_film, _arguments(bench.media_type, bench.input_limits), share=PROBE_SHARE, limits=PROBE_LIMITS
    )
    refuse_beyond(told, bench.input_limits)
    return {"container": extension_of(bench.media_type), **told}


def read_sound(bench: Bench) -> dict[str, Any]:
    """Give the container, duration, codec, sample rate, channels and tags of the first sound in a film or sound file.

    Raises InputError `corrupt_file`, `unsupported_format`, `too_long`, `too_many_streams`.
    """
    told = bench.call(
        probe_sound, _arguments(bench.media_type, bench.input_limits), share=PROBE_SHARE, limits=PROBE_LIMITS
    )
    refuse_beyond(told, bench.input_limits)
    return {"container": extension_of(bench.media_type), **told}


def refuse_beyond(told: dict[str, Any], limits: InputLimits) -> None:
    """Refuse what is larger or longer than this installation allows."""
    most_pixels = min(MAX_FRAME_PIXELS, limits.max_pixels)
    width, height = told.get("width") or 0, told.get("height") or 0
    if width * height > most_pixels:
        message = f"The video has {width} x {height} pixels; it may have {most_pixels:,} in all."
        raise InputError(message, code="too_many_pixels")
    if (told["duration"] or 0) > limits.max_duration_seconds:
        message = f"The file lasts {told['duration']:,.0f} s; it may last {limits.max_duration_seconds:,} s."
        raise InputError(message, code="too_long")


def _arguments(media_type: str, limits: InputLimits) -> dict[str, Any]:
    return {"demuxer": DEMUXERS[media_type], "codecs": list(CODECS), "max_streams": limits.max_streams}
