"""Running FFmpeg at the bench for one film, and believing only what can be read again."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from filemill.processing.bench import Bench, Input, Limits, Output, ToolExit
from filemill.processing.errors import InputError
from filemill.processing.operations.ffmpeg import failures
from filemill.processing.operations.ffmpeg.film import Film, ask_for_film
from filemill.processing.operations.ffmpeg.progress import Clock, say_left
from filemill.processing.operations.ffmpeg.reading import CODECS, DEMUXERS
from filemill.processing.operations.sealed_name import SealedName

FILM_LIMITS: Final = Limits(
    memory_bytes=2 * 1024**3, cpu_seconds=6 * 3600, wall_seconds=3 * 3600.0, output_bytes=16 * 1024**3
)
PROBE_LIMITS: Final = Limits(memory_bytes=512 * 1024**2, cpu_seconds=60, wall_seconds=90.0)

probe_film = SealedName("video.probe", "probe_film")
probe_sound = SealedName("video.probe", "probe_sound")


def make_film(
    bench: Bench, film: Film, name: str, *, share: tuple[float, float], overlays: Sequence[Output | Input] = ()
) -> tuple[Output, ToolExit]:
    """Make the film in one go; where the room for its index was too small, once more with the index at the end."""
    output, ended = _try_film(bench, film, name, share=share, overlays=overlays)
    if failures.is_index_too_small(ended):
        bench.discard(output)
        output, ended = _try_film(bench, replace(film, index_bytes=None), name, share=share, overlays=overlays)
    failures.raise_failure(ended)
    return output, ended


def _try_film(
    bench: Bench, film: Film, name: str, *, share: tuple[float, float], overlays: Sequence[Output | Input]
) -> tuple[Output, ToolExit]:
    output = bench.create_output(name, film.media_type)
    ended = bench.run_tool(
        "ffmpeg",
        ask_for_film(bench.media_type, film),
        outputs=[output],
        inputs=overlays,
        on_line=Clock(film.span.lasting_seconds, tell_share(bench, share, "Encoding the video")).read_line,
        limits=FILM_LIMITS,
    )
    return output, ended


def tell_share(bench: Bench, share: tuple[float, float], doing: str) -> Callable[[float, float | None], None]:
    """Make what tells the bench of a part of its progress, with the seconds left in words."""
    begin, end = share
    return lambda done, left_seconds: bench.progress(begin + (end - begin) * done, say_left(doing, left_seconds))


def check_film(bench: Bench, output: Output, *, share: tuple[float, float]) -> dict[str, Any]:
    """Probe what was made: what FFmpeg wrote is believed only when it can be read again."""
    arguments = {"demuxer": DEMUXERS[output.media_type], "codecs": list(CODECS), "max_streams": 64}
    try:
        made = bench.call(probe_film, arguments, source=output, share=share, limits=PROBE_LIMITS)
    except InputError as error:
        if error.code != "unsupported_format":
            raise
        # What was made holds no picture: there was none in the part that was asked for.
        raise failures.explain_nothing_encoded() from error
    output.facts.update({name: made[name] for name in ("width", "height", "duration", "video_codec", "audio_codec")})
    return made


def check_sound(bench: Bench, output: Output, *, share: tuple[float, float]) -> dict[str, Any]:
    """Probe the sound that was made."""
    arguments = {"demuxer": DEMUXERS[output.media_type], "codecs": list(CODECS), "max_streams": 64}
    made = bench.call(probe_sound, arguments, source=output, share=share, limits=PROBE_LIMITS)
    output.facts.update({name: made[name] for name in ("duration", "audio_codec", "sample_rate", "channels")})
    return made
