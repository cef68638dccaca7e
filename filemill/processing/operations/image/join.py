"""`image.join`: several pictures put together into one."""

from typing import Annotated, Any, Final

from pydantic import Field

from filemill.processing.bench import Bench
from filemill.processing.media import IMAGE_TYPES
from filemill.processing.operations.colors import COLOR_VALID, Color
from filemill.processing.operations.declaration import Example, InputsRule, Operation
from filemill.processing.operations.image.joining import Arrangement, CellFit, Direction
from filemill.processing.operations.image.planning import estimate, find_format, produces_copy
from filemill.processing.operations.image.recipe import write_recipe
from filemill.processing.operations.image.resize_options import SIDE_VALID
from filemill.processing.operations.image.running import IMAGE_LIMITS, arguments_of, stem_of
from filemill.processing.operations.image.save_options import (
    FORMAT_VALID,
    CopyOptions,
    FormatOption,
    extension_of_format,
)
from filemill.processing.operations.planning import Facts, Planned, PlannedOutput
from filemill.processing.operations.sealed_name import SealedName
from filemill.processing.operations.sizing import Side

_MOST_PICTURES: Final = 63

join = SealedName("image.joining", "join")


class JoinOptions(CopyOptions):
    """How the pictures are put together."""

    format: FormatOption | None = Field(
        None,
        description="Format of the whole. Left out, it is that of the first picture; bmp, tiff, heic and svg become "
        "jpeg, or png where they have transparency. `auto` writes the whole as avif, webp and as jpeg or png, and "
        "keeps the smallest. Nothing in it moves.",
        examples=["webp", "auto"],
        json_schema_extra={"x-valid": FORMAT_VALID},
    )
    direction: Direction = Field(
        "horizontal",
        description="`horizontal`: side by side, all of one height; `vertical`: one below the other, all of one width; "
        "`grid`: rows of places that are all alike.",
        examples=["grid"],
        json_schema_extra={"x-valid": "horizontal, vertical or grid"},
    )
    columns: Annotated[int, Field(ge=1, le=64)] | None = Field(
        None,
        description="How many stand beside each other in a grid; left out, about as many as below each other.",
        examples=[3],
        json_schema_extra={"x-valid": "a whole number from 1 to 64"},
    )
    width: Side | None = Field(
        None,
        description="Width of each picture in a column or grid; the least of theirs when left out.",
        examples=[400],
        json_schema_extra={"x-valid": SIDE_VALID},
    )
    height: Side | None = Field(
        None,
        description="Height of each picture in a row or grid; the least of theirs when left out.",
        examples=[300],
        json_schema_extra={"x-valid": SIDE_VALID},
    )
    gap: Annotated[int, Field(ge=0, le=1000)] = Field(
        0,
        description="Pixels between the pictures.",
        examples=[10],
        json_schema_extra={"x-valid": "a whole number of pixels from 0 to 1000"},
    )
    fit: CellFit = Field(
        "cover",
        description="How a picture comes into its place in a grid: `cover` fills it and cuts off what is over, "
        "`contain` shows all of it.",
        examples=["contain"],
        json_schema_extra={"x-valid": "cover or contain"},
    )
    background: Color = Field(
        "white",
        description="The colour between and behind the pictures.",
        examples=["black", "transparent"],
        json_schema_extra={"x-valid": COLOR_VALID},
    )


def run(bench: Bench, options: JoinOptions) -> dict[str, Any]:
    """Put the input and the further inputs together, in their order."""
    recipe = write_recipe(options, stem=f"{stem_of(bench)}-joined").model_copy(update={"background": None})
    arrangement = Arrangement(**options.model_dump(include=set(Arrangement.model_fields)))
    arguments = {"recipe": recipe.as_argument(), "arrangement": arrangement.model_dump(mode="json")}
    return bench.call(join, {**arguments_of(bench, bench.inputs), **arguments}, inputs=bench.inputs)


def plan(facts: Facts, options: JoinOptions) -> Planned:
    """Foresee the picture; its size follows from all of them, of which one is known here."""
    recipe = write_recipe(options, stem="*")
    written = find_format(facts, recipe)
    output = PlannedOutput(
        name=f"*-joined.{extension_of_format(written) if written else '*'}",
        facts=Facts(media_type=f"image/{written or 'webp'}"),
    )
    return Planned(outputs=(output,), cost=estimate(facts, recipe, None))


OPERATION: Final = Operation(
    name="image.join",
    task_type="image",
    summary="Several pictures put together into one: side by side, below each other, or in a grid.",
    details="""\
The file itself comes first, then the request's `inputs` in their order. Of an animation the first frame is taken. The
picture is called `STEM-joined`; its format is that of the first unless `format` says another.
""",
    media_types=IMAGE_TYPES,
    options=JoinOptions,
    limits=IMAGE_LIMITS,
    run=run,
    plan=plan,
    produces=produces_copy,
    inputs=InputsRule(least=1, most=_MOST_PICTURES, media_types=IMAGE_TYPES),
    samples=("photo.jpg", "photo.jpg"),
    examples=(
        Example(options={"gap": 10}, shows="Before and after, side by side."),
        Example(
            options={"direction": "grid", "columns": 3, "width": 300, "height": 200, "gap": 8},
            shows="A contact sheet.",
        ),
    ),
)
