"""`video.watermark`: a picture laid over a film."""

from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import Field

from filemill.processing.bench import Bench
from filemill.processing.media import FILM_TYPES
from filemill.processing.operations.declaration import Example, InputsRule, Operation, RetryPolicy
from filemill.processing.operations.ffmpeg.film import Film
from filemill.processing.operations.ffmpeg.running import FILM_LIMITS
from filemill.processing.operations.gravity import (
    COMPASS_VALID,
    OFFSET_PAIR_VALID,
    OFFSET_VALID,
    CompassOption,
    Offset,
    OffsetPair,
)
from filemill.processing.operations.planning import Facts, Planned
from filemill.processing.operations.video.film_options import CodingOptions, FilmOptions, FlatOptions, SizeOptions
from filemill.processing.operations.video.film_plan import choose_container, plan_film
from filemill.processing.operations.video.probing import probe
from filemill.processing.operations.video.producing import foresee_film, produce_film
from filemill.processing.operations.video.watermarking import (
    WATERMARK_TYPES,
    Watermark,
    describe_place,
    only_picture,
    prepare_overlay,
    refuse_on_a_copy,
)

DETAILS: Final = """
The picture is the one that `inputs` names; its own transparency is kept. It is as wide as `scale` says, never higher
than the film, and keeps its shape. The film is encoded with the options that `video.transcode` has.
"""

_PLACE: Final = ("position", "scale", "opacity", "offset", "x_offset", "y_offset")
_PART_VALID: Final = "a number greater than 0 and at most 1"


class WatermarkOptions(CodingOptions, SizeOptions, FlatOptions):
    """Where the picture goes, how strong it is, and how the film is encoded."""

    position: CompassOption = Field(
        "southeast",
        description="The side or corner that the picture is put at, or `center`.",
        examples=["northwest", "top-left"],
        json_schema_extra={"x-valid": COMPASS_VALID},
    )
    scale: Annotated[float, Field(gt=0, le=1)] = Field(
        0.2,
        description="The picture's width as a part of the film's.",
        examples=[0.15],
        json_schema_extra={"x-valid": _PART_VALID},
    )
    opacity: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0,
        description="How much it covers: 1 all, 0.5 lets half of the film through.",
        examples=[0.6],
        json_schema_extra={"x-valid": _PART_VALID},
    )
    offset: OffsetPair | None = Field(
        None,
        description="Distance from the side or corner in pixels, across and down, 16 where nothing is said; from the "
        "middle, 0.",
        examples=[[24, 24]],
        json_schema_extra={"x-valid": OFFSET_PAIR_VALID},
    )
    x_offset: Offset | None = Field(
        None,
        description="The first of `offset` by itself: pixels away from the left or right edge.",
        examples=[24],
        json_schema_extra={"x-valid": OFFSET_VALID},
    )
    y_offset: Offset | None = Field(
        None,
        description="The second of `offset` by itself: pixels away from the upper or lower edge.",
        examples=[24],
        json_schema_extra={"x-valid": OFFSET_VALID},
    )
    show_from: Annotated[float, Field(ge=0, le=1e6)] | None = Field(
        None,
        description="When it appears, in seconds; left out, at the beginning.",
        examples=[2],
        json_schema_extra={"x-valid": "a number of seconds, 0 or more"},
    )
    show_until: Annotated[float, Field(ge=0, le=1e6)] | None = Field(
        None,
        description="When it disappears, in seconds; left out, never.",
        examples=[10],
        json_schema_extra={"x-valid": "a number of seconds, 0 or more"},
    )


def _film_options(options: WatermarkOptions) -> FilmOptions:
    given = options.model_dump(exclude_unset=True)
    return FilmOptions.model_validate({name: given[name] for name in FilmOptions.model_fields if name in given})


def _plan_film(facts: Facts, options: WatermarkOptions) -> Film:
    refuse_on_a_copy(Watermark(), options.video_codec)
    return plan_film(facts, _film_options(options))


def mark(bench: Bench, options: WatermarkOptions) -> dict[str, Any]:
    """Lay the picture over the film. Raises InputError `corrupt_file`; OptionsError `invalid_options`."""
    facts = probe(bench)
    film = _plan_film(facts, options)
    place = {name: getattr(options, name) for name in _PLACE}
    watermark = Watermark(**place, start=options.show_from, end=options.show_until)
    overlay, drawn = prepare_overlay(bench, watermark, film.layout.canvas, only_picture(bench))
    try:
        made = produce_film(bench, facts, replace(film, overlay=overlay), share=(3.0, 100.0), overlays=[drawn])
    finally:
        bench.discard(drawn)
    return {"watermark": describe_place(overlay), "output": made}


def plan(facts: Facts, options: WatermarkOptions) -> Planned:
    """Foresee the film."""
    return foresee_film(facts, _plan_film(facts, options))


OPERATION: Final = Operation(
    name="video.watermark",
    task_type="video",
    summary="A film with a picture laid over it.",
    details=DETAILS,
    media_types=FILM_TYPES,
    options=WatermarkOptions,
    limits=FILM_LIMITS,
    retry=RetryPolicy(patience=3.0),
    run=mark,
    plan=plan,
    produces=lambda media_type, options: f"video/{choose_container(media_type, _film_options(options))}",
    needs=lambda _media_type, _options: ("ffmpeg",),
    tools=("ffmpeg",),
    inputs=InputsRule(least=1, most=1, media_types=WATERMARK_TYPES),
    samples=("clip.mp4", "photo.jpg"),
    examples=(
        Example(options={}, shows="The picture in the lower right corner, a fifth of the film wide."),
        Example(
            options={"position": "northwest", "scale": 0.1, "opacity": 0.6, "show_until": 10},
            shows="A small, half transparent picture in the upper left corner for ten seconds.",
        ),
    ),
)
