"""`image.frames`: the frames of an animation, each as a picture."""

from typing import Annotated, Any, Final

from pydantic import Field

from filemill.processing.bench import Bench
from filemill.processing.media import IMAGE_TYPES
from filemill.processing.operations.declaration import Example, Operation
from filemill.processing.operations.image.planning import plan_copy
from filemill.processing.operations.image.recipe import Recipe, write_recipe
from filemill.processing.operations.image.running import IMAGE_LIMITS, arguments_of, stem_of
from filemill.processing.operations.image.save_options import (
    FORMAT_VALID,
    FormatOption,
    MetadataOptions,
    QualityOptions,
    to_saving,
)
from filemill.processing.operations.page_ranges import Pages
from filemill.processing.operations.planning import Cost, Facts, Planned, PlannedOutput
from filemill.processing.operations.sealed_name import SealedName

take_apart = SealedName("image.frames_apart", "take_apart")


class FramesOptions(MetadataOptions, QualityOptions):
    """Which frames, and how each is written."""

    frames: Pages | None = Field(
        None,
        description="Numbers from 1 and ranges of frames; all of them when left out.",
        examples=["1", "1,5-10,last"],
        json_schema_extra={
            "x-valid": 'frame numbers from 1 and ranges of them, parted by commas, such as "1,3-5,8-"; last is the last'
        },
    )
    every: Annotated[int, Field(ge=1, le=10_000)] = Field(
        1,
        description="Take every so many of them: 10 gives the 1st, the 11th and so on.",
        examples=[10],
        json_schema_extra={"x-valid": "a whole number from 1 to 10000"},
    )
    format: FormatOption = Field(
        "png",
        description="Format of the pictures.",
        examples=["png", "webp"],
        json_schema_extra={"x-valid": FORMAT_VALID},
    )


def write(options: FramesOptions, *, stem: str) -> Recipe:
    """Write the recipe that is carried out on each frame."""
    return write_recipe(options, stem=stem, saving=to_saving(options))


def run(bench: Bench, options: FramesOptions) -> dict[str, Any]:
    """Write the frames; raises OptionsError for frames that are not there, and for more than 500."""
    recipe = write(options, stem=stem_of(bench))
    arguments = {"recipe": recipe.as_argument(), "frames": options.frames, "every": options.every}
    return bench.call(take_apart, {**arguments_of(bench), **arguments})


def plan(facts: Facts, options: FramesOptions) -> Planned:
    """Foresee pictures of the animation's size."""
    still = plan_copy(
        Facts(media_type=facts.media_type, width=facts.width, height=facts.height), write(options, stem="*")
    )
    [output] = still.outputs
    name = output.name.replace("*", "*-frame-*", 1)
    frames = facts.frames or 1
    cost = Cost(cpu_seconds=still.cost.cpu_seconds * frames / options.every, memory_bytes=still.cost.memory_bytes)
    return Planned(outputs=(PlannedOutput(name=name, facts=output.facts),), cost=cost)


OPERATION: Final = Operation(
    name="image.frames",
    task_type="image",
    summary="The frames of an animated GIF or WebP, each as a picture.",
    details="""\
Every frame comes out whole, as it is shown. The pictures are called `STEM-frame-01.png` and so on, numbered as in the
animation; one task makes 500 at the most. Of a picture that does not move there is one, and of a TIFF the first page.
""",
    media_types=IMAGE_TYPES,
    options=FramesOptions,
    limits=IMAGE_LIMITS,
    run=run,
    plan=plan,
    produces=lambda _media_type, options: f"image/{'webp' if options.format == 'auto' else options.format}",
    samples=("mill.gif",),
    examples=(
        Example(options={}, shows="A png of every frame."),
        Example(options={"frames": "1", "format": "jpeg"}, shows="The first frame, as a preview."),
        Example(options={"every": 5, "format": "webp"}, shows="Every fifth frame."),
    ),
)
