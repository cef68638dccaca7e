"""`image.crop`: a part of a picture."""

from typing import Any, Final

from filemill.processing.bench import Bench
from filemill.processing.media import IMAGE_TYPES
from filemill.processing.operations.declaration import Example, Operation
from filemill.processing.operations.image.geometry import Crop
from filemill.processing.operations.image.planning import plan_copy, produces_copy
from filemill.processing.operations.image.recipe import Recipe, write_recipe
from filemill.processing.operations.image.running import IMAGE_LIMITS, run_recipe, stem_of
from filemill.processing.operations.image.save_options import CopyOptions
from filemill.processing.operations.image.shape_options import CropOptions
from filemill.processing.operations.planning import Facts, Planned

_SQUARE: Final = Crop(aspect="1:1")


class ImageCropOptions(CopyOptions, CropOptions):
    """Which part is cut out; without any word, the largest square in the middle."""


def write(options: ImageCropOptions, *, stem: str) -> Recipe:
    """Write the recipe for what is asked for."""
    recipe = write_recipe(options, stem=stem)
    return recipe if recipe.crop else recipe.model_copy(update={"crop": _SQUARE})


def run(bench: Bench, options: ImageCropOptions) -> dict[str, Any]:
    """Cut the part out; raises OptionsError `invalid_options` for one that lies outside the picture."""
    return run_recipe(bench, write(options, stem=stem_of(bench)))


def plan(facts: Facts, options: ImageCropOptions) -> Planned:
    """Foresee the copy; raises OptionsError for a part that lies outside the picture."""
    return plan_copy(facts, write(options, stem="*"))


OPERATION: Final = Operation(
    name="image.crop",
    task_type="image",
    summary="A part of a picture: by place, by size, or by shape.",
    details="""\
The part is measured on the upright picture. It is given by two corners (`x1`, `y1`, `x2`, `y2`), by place and size
(`left`, `top`, `width`, `height`), by its size and a `gravity`, or by its shape alone (`aspect`): then it is the
largest that there is room for. Without any of them it is the largest square in the middle.
""",
    media_types=IMAGE_TYPES,
    options=ImageCropOptions,
    limits=IMAGE_LIMITS,
    run=run,
    plan=plan,
    produces=produces_copy,
    samples=("photo.jpg",),
    examples=(
        Example(options={"crop": {"left": 10, "top": 20, "width": 300, "height": 200}}, shows="300 x 200 pixels."),
        Example(options={"crop": {"aspect": "16:9", "gravity": "smart"}}, shows="A wide part of what draws the eye."),
        Example(options={"crop": {"x1": "25%", "y1": "25%", "x2": "75%", "y2": "75%"}}, shows="The middle quarter."),
    ),
)
