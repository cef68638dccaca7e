"""`image.posterize`: a picture in a few flat colours; an example of an operation in a package of its own."""

from typing import Annotated, Any, Final

from pydantic import Field

from filemill.processing.bench import Bench, Limits
from filemill.processing.operations.declaration import Example, Operation, Options
from filemill.processing.operations.naming import name_stem
from filemill.processing.operations.planning import Cost, Facts, Planned, PlannedOutput
from filemill.processing.operations.sealed_name import SealedName

SEALED: Final = "filemill_posterize.sealed"


class PosterizeOptions(Options):
    """What can be asked of a poster."""

    levels: Annotated[int, Field(ge=2, le=16)] = Field(
        4,
        description="How many shades each of red, green and blue keeps.",
        examples=[4],
        json_schema_extra={"x-valid": "a whole number from 2 to 16"},
    )


def posterize(bench: Bench, options: PosterizeOptions) -> dict[str, Any]:
    """Paint the picture anew; the output is a PNG, in which flat colours are small."""
    return bench.call(
        SealedName(SEALED, "paint", package=""),
        {
            "levels": options.levels,
            "max_pixels": bench.input_limits.max_pixels,
            "stem": name_stem(bench.file_name, fallback="poster"),
        },
    )


def plan(facts: Facts, _options: PosterizeOptions) -> Planned:
    """The poster is as large as the picture."""
    output = Facts(media_type="image/png", width=facts.width, height=facts.height)
    pixels = (facts.width or 0) * (facts.height or 0)
    cost = Cost(cpu_seconds=pixels / 20e6, memory_bytes=64 * 1024**2 + 4 * pixels)
    return Planned(outputs=(PlannedOutput(name="*.png", facts=output),), cost=cost)


OPERATION: Final = Operation(
    name="image.posterize",
    task_type="image",
    summary="A picture in a few flat colours, as PNG.",
    details="Each of red, green and blue is rounded to `levels` shades, as screen printing would.",
    media_types=frozenset(("image/jpeg", "image/png", "image/webp")),
    options=PosterizeOptions,
    limits=Limits(memory_bytes=512 * 1024**2, cpu_seconds=60, wall_seconds=90.0, output_bytes=256 * 1024**2),
    run=posterize,
    plan=plan,
    produces=lambda _media_type, _options: "image/png",
    samples=("photo.jpg",),
    examples=(Example(options={"levels": 3}, shows="A poster of 27 colours."),),
    sealed_modules=(SEALED,),
)
