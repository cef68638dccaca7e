"""`video.cut`: a part of a film, exactly or at once."""

from dataclasses import replace
from typing import Any, Final

from pydantic import Field, StrictBool

from filemill.processing.bench import Bench
from filemill.processing.errors import OptionsError
from filemill.processing.media import FILM_TYPES
from filemill.processing.operations.declaration import Example, Operation, RetryPolicy
from filemill.processing.operations.ffmpeg.coding import COPY
from filemill.processing.operations.ffmpeg.film import CONTAINERS, Film
from filemill.processing.operations.ffmpeg.running import FILM_LIMITS
from filemill.processing.operations.planning import Facts, Planned
from filemill.processing.operations.video.film_options import FilmOptions
from filemill.processing.operations.video.film_plan import choose_container, plan_film
from filemill.processing.operations.video.probing import probe
from filemill.processing.operations.video.producing import foresee_film, produce_film

DETAILS: Final = """
- **Precise** (the default): the part begins with the very frame that was asked for. It is encoded anew, with the
  options that `video.transcode` has.
- **Not precise**: picture and sound are copied as they are, in the container they came in, which takes no time and
  loses nothing. Copies can begin only at a key frame, so the part begins up to some seconds earlier; players of MP4
  skip to the moment by themselves.
"""

_ENCODES: Final = ("preset", "video_codec", "audio_codec", "crf", "encoder_preset", "video_bitrate", "audio_bitrate")
_ENCODES_TOO: Final = ("fps", "width", "height", "format", "resize", "quality")


class CutOptions(FilmOptions):
    """Which part, and whether it is encoded anew."""

    precise: StrictBool = Field(
        True,
        description="Begin with the very frame, which means encoding anew; false copies from the key frame before.",
        examples=[False],
        json_schema_extra={"x-valid": "true or false"},
    )


def plan_part(facts: Facts, options: CutOptions) -> Film:
    """Work out what the part becomes; raises OptionsError when a copy is to be changed."""
    if options.precise:
        return plan_film(facts, options)
    changing = [name for name in (*_ENCODES, *_ENCODES_TOO) if getattr(options, name) is not None]
    if changing:
        message = f"precise: false copies the film as it is, so {', '.join(changing)} can't be had with it."
        raise OptionsError(message, code="invalid_options")
    sound = COPY if facts.more.get("audio_channels") and not options.mute else None
    return replace(plan_film(facts, options), container=CONTAINERS[facts.media_type], picture=COPY, sound=sound)


def cut(bench: Bench, options: CutOptions) -> dict[str, Any]:
    """Cut the part out. Raises InputError `corrupt_file`; OptionsError `invalid_options`."""
    facts = probe(bench)
    film = plan_part(facts, options)
    made = produce_film(bench, facts, film, share=(3.0, 100.0))
    return {
        "start": round(film.span.start_seconds, 3),
        "end": None if film.span.end_seconds is None else round(film.span.end_seconds, 3),
        "is_copy": film.picture == COPY,
        "output": made,
    }


def plan(facts: Facts, options: CutOptions) -> Planned:
    """Foresee the part."""
    return foresee_film(facts, plan_part(facts, options))


OPERATION: Final = Operation(
    name="video.cut",
    task_type="video",
    summary="A part of a film: frame by frame, or copied at once from the nearest key frame.",
    details=DETAILS,
    media_types=FILM_TYPES,
    options=CutOptions,
    limits=FILM_LIMITS,
    retry=RetryPolicy(patience=3.0),
    run=cut,
    plan=plan,
    produces=lambda media_type, options: (
        f"video/{choose_container(media_type, options)}" if options.precise else media_type
    ),
    needs=lambda _media_type, _options: ("ffmpeg",),
    tools=("ffmpeg",),
    samples=("clip.mp4",),
    examples=(
        Example(options={"start": 1.5, "end": 4}, shows="From 1.5 to 4 seconds, exactly, as MP4."),
        Example(options={"start": "50%", "precise": False}, shows="The second half, copied as it is."),
    ),
)
