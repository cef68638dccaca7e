"""A rough guess at how long FFmpeg works, from the pixels it reads and writes; for planning, never for judging."""

from collections.abc import Mapping
from typing import Final

from filemill.processing.operations.ffmpeg.coding import COPY, ENCODER_PRESETS, VideoCodec
from filemill.processing.operations.ffmpeg.film import Film
from filemill.processing.operations.planning import Cost, Facts

_CORES: Final = 2
_USUAL_FPS: Final = 30.0
_DECODED_PIXELS: Final = 120e6
"""Pixels of H.264 decoded and scaled in a second of one core."""
_ENCODED_PIXELS: Final[Mapping[VideoCodec, float]] = {"h264": 18e6, "h265": 6e6, "vp9": 5e6, "av1": 8e6}
"""Pixels encoded in a second of one core with the preset `fast`."""
_PACE: Final = (4.0, 3.0, 1.9, 1.2, 1.0, 0.75, 0.45, 0.25, 0.15)
"""How fast each preset is against `fast`, from ultrafast to veryslow."""
_COPIED_BYTES: Final = 200e6
_SOUND_SECONDS: Final = 60.0
"""Seconds of sound that are decoded and encoded in a second of one core."""
_FILM_MEMORY_BYTES: Final = 150 * 1024**2
_MEMORY_PER_PIXEL: Final = 120
"""Reference frames, look-ahead and threads, in bytes for each pixel of a frame."""


def estimate_film(facts: Facts, film: Film) -> Cost:
    """Guess at the CPU time and memory of making a film."""
    lasting = film.span.lasting_seconds or facts.duration or 60.0
    sound = lasting / _SOUND_SECONDS if film.sound not in (None, COPY) else 0.0
    if film.picture == COPY:
        return Cost(cpu_seconds=0.2 + sound + (facts.size or 0) / _COPIED_BYTES, memory_bytes=_FILM_MEMORY_BYTES)
    fps = float(film.fps) if film.fps else (facts.fps or _USUAL_FPS)
    read = (facts.width or 0) * (facts.height or 0) * lasting * (facts.fps or _USUAL_FPS) / _DECODED_PIXELS
    pace = _ENCODED_PIXELS[film.picture.codec] * _PACE[ENCODER_PRESETS.index(film.picture.preset)]
    written = film.layout.canvas.pixels * lasting * fps / pace
    memory = _FILM_MEMORY_BYTES + _MEMORY_PER_PIXEL * max(film.layout.canvas.pixels, film.layout.scaled.pixels)
    return Cost(cpu_seconds=0.3 + read + written + sound, memory_bytes=memory)


def estimate_wall_seconds(cost: Cost) -> float:
    """Guess at how long that takes on the cores that FFmpeg is given."""
    return cost.cpu_seconds / _CORES
