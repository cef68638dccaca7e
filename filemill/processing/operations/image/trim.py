"""`image.trim`: a picture without its border."""

from typing import Any, Final

from filemill.processing.bench import Bench
from filemill.processing.media import IMAGE_TYPES
from filemill.processing.operations.declaration import Example, Operation
from filemill.processing.operations.image.planning import plan_copy, produces_copy
from filemill.processing.operations.image.recipe import Recipe, write_recipe
from filemill.processing.operations.image.running import IMAGE_LIMITS, run_recipe, stem_of
from filemill.processing.operations.image.save_options import CopyOptions
from filemill.processing.operations.image.shape_options import Trim, TrimOptions
from filemill.processing.operations.planning import Facts, Planned


class ImageTrimOptions(CopyOptions, TrimOptions):
    """How the border is told from the picture; without any word, by its upper left pixel."""


def write(options: ImageTrimOptions, *, stem: str) -> Recipe:
    """Write the recipe for what is asked for."""
    return write_recipe(options, stem=stem).model_copy(update={"trim": options.trim or Trim()})


def run(bench: Bench, options: ImageTrimOptions) -> dict[str, Any]:
    """Cut the border off."""
    return run_recipe(bench, write(options, stem=stem_of(bench)))


def plan(facts: Facts, options: ImageTrimOptions) -> Planned:
    """Foresee the copy, whose size only the pixels tell."""
    return plan_copy(facts, write(options, stem="*"))


OPERATION: Final = Operation(
    name="image.trim",
    task_type="image",
    summary="A picture without its border of one colour, or of nothing.",
    details="""\
A border is what differs from the upper left pixel (or from `background`) by less than the threshold; where that pixel
is transparent, it is what can't be seen. Of an animation only what is border in every frame is cut off. A picture that
is all border stays as it is.
""",
    media_types=IMAGE_TYPES,
    options=ImageTrimOptions,
    limits=IMAGE_LIMITS,
    run=run,
    plan=plan,
    produces=produces_copy,
    samples=("photo.jpg",),
    examples=(
        Example(options={}, shows="The picture without a border of one colour."),
        Example(options={"trim": {"threshold": 30, "background": "white"}}, shows="Scanned paper cut off."),
    ),
)
