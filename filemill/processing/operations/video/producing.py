"""Producing a film at the bench: in one go, or in segments where it takes long; and what a plan foresees of it."""

from collections.abc import Sequence
from typing import Any

from filemill.processing.bench import Bench, Output
from filemill.processing.operations.ffmpeg import failures
from filemill.processing.operations.ffmpeg.checkpointed import make_film_in_segments
from filemill.processing.operations.ffmpeg.coding import CODEC_NAMES, COPY, PictureCoding, SoundCoding
from filemill.processing.operations.ffmpeg.cost import estimate_film
from filemill.processing.operations.ffmpeg.film import Film
from filemill.processing.operations.ffmpeg.running import check_film, make_film
from filemill.processing.operations.ffmpeg.segmenting import plan_cuts
from filemill.processing.operations.naming import name_stem
from filemill.processing.operations.planning import Facts, Planned, PlannedOutput

_CHECKED_SHARE = 0.03


def name_film(file_name: str, film: Film) -> str:
    """Name the film after its source."""
    return f"{name_stem(file_name, fallback='video')}.{film.container}"


def produce_film(
    bench: Bench, facts: Facts, film: Film, *, share: tuple[float, float], overlays: Sequence[Output] = ()
) -> dict[str, Any]:
    """Make the film and give the facts of it; what can't be read again afterwards is an error."""
    begin, end = share
    checked = end - (end - begin) * _CHECKED_SHARE
    name = name_film(bench.file_name, film)
    cuts = plan_cuts(facts, film)
    if cuts is not None and bench.checkpoints is not None:
        output, ended = make_film_in_segments(
            bench,
            film,
            cuts,
            name,
            fps=facts.fps,
            share=(begin, checked),
            checkpoints=bench.checkpoints,
            overlays=overlays,
        )
    else:
        output, ended = make_film(bench, film, name, share=(begin, checked), overlays=overlays)
    made = check_film(bench, output, share=(checked, end))
    expected = film.span.lasting_seconds
    if error := failures.explain_shortfall(ended, expected_seconds=expected, actual_seconds=made["duration"]):
        raise error
    return {"name": output.name, "format": film.container, **output.facts}


def foresee_film(facts: Facts, film: Film) -> Planned:
    """Foresee the film and what it costs."""
    return Planned(outputs=(foresee_output(facts, film),), cost=estimate_film(facts, film))


def foresee_output(facts: Facts, film: Film) -> PlannedOutput:
    """Foresee the film alone."""
    picture, sound = film.picture, film.sound
    more: dict[str, Any] = {
        "video_codec": facts.more.get("video_codec") if picture == COPY else _name_codec(picture),
        "audio_codec": facts.more.get("audio_codec") if sound == COPY else _name_codec(sound),
        "audio_channels": sound.channels if isinstance(sound, SoundCoding) else facts.more.get("audio_channels"),
        "pixel_format": "yuv420p",
        "rotation": 0,
    }
    foreseen = Facts(
        media_type=film.media_type,
        width=film.layout.canvas.width,
        height=film.layout.canvas.height,
        duration=film.span.lasting_seconds,
        fps=float(film.fps) if film.fps else facts.fps,
        more={name: value for name, value in more.items() if value is not None},
    )
    return PlannedOutput(name=f"*.{film.container}", facts=foreseen)


def _name_codec(coding: PictureCoding | SoundCoding | str | None) -> str | None:
    if isinstance(coding, PictureCoding | SoundCoding):
        return CODEC_NAMES.get(coding.codec, coding.codec)
    return None
