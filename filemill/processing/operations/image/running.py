"""Running recipes: what the image operations share in the worker."""

from typing import Any, Final

from filemill.processing.bench import Bench, Limits
from filemill.processing.operations.declaration import Options
from filemill.processing.operations.image.recipe import Recipe, write_recipe
from filemill.processing.operations.naming import name_stem
from filemill.processing.operations.sealed_name import SealedName

IMAGE_LIMITS: Final = Limits(
    memory_bytes=512 * 1024**2, cpu_seconds=120, wall_seconds=180.0, output_bytes=512 * 1024**2
)

describe_and_transform = SealedName("image.transform", "describe_and_transform")


def stem_of(bench: Bench) -> str:
    """Return how copies of the input are called."""
    return name_stem(bench.file_name, fallback="image")


def arguments_of(bench: Bench) -> dict[str, Any]:
    """Return what every sealed function for pictures is told of its input and its bounds."""
    return {
        "media_type": bench.media_type,
        "input_types": [],
        "max_pixels": bench.input_limits.max_pixels,
        "max_frames": bench.input_limits.max_frames,
        "reads_svg": bench.input_limits.reads_svg,
    }


def run_recipe(bench: Bench, recipe: Recipe) -> dict[str, Any]:
    """Carry out a recipe on the input."""
    return bench.call(describe_and_transform, {**arguments_of(bench), "recipe": recipe.model_dump(mode="json")})


def run_options(bench: Bench, options: Options) -> dict[str, Any]:
    """Carry out what the options ask for; the facts are format, mode, size of the upright source, pages and output.

    Raises InputError `corrupt_file`, `unsupported_format`, `too_many_pixels`, `too_many_frames`; OptionsError
    `invalid_options` for what can't be done with this picture.
    """
    return run_recipe(bench, write_recipe(options, stem=stem_of(bench)))
