"""Running recipes: what the image operations share in the worker."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from filemill.processing.bench import Bench, Input, Limits
from filemill.processing.operations.declaration import Options
from filemill.processing.operations.image.recipe import Recipe, write_recipe
from filemill.processing.operations.image.watermark_options import Watermark
from filemill.processing.operations.naming import name_stem
from filemill.processing.operations.sealed_name import SealedName

IMAGE_LIMITS: Final = Limits(memory_bytes=2 * 1024**3, cpu_seconds=120, wall_seconds=180.0, output_bytes=512 * 1024**2)

describe_and_transform = SealedName("image.transform", "describe_and_transform")
transform_together = SealedName("image.transform", "transform_together")


def stem_of(bench: Bench) -> str:
    """Return how copies of the input are called."""
    return name_stem(bench.file_name, fallback="image")


def arguments_of(bench: Bench, inputs: Sequence[Input] = ()) -> dict[str, Any]:
    """Return what every sealed function for pictures is told of its inputs and its bounds."""
    return {
        "media_type": bench.media_type,
        "input_types": [each.media_type for each in inputs],
        "max_pixels": bench.input_limits.max_pixels,
        "max_frames": bench.input_limits.max_frames,
        "reads_svg": bench.input_limits.reads_svg,
    }


def run_recipe(bench: Bench, recipe: Recipe) -> dict[str, Any]:
    """Carry out a recipe on the input; the first of the further inputs is what it lays over, if it does."""
    inputs = bench.inputs[:1] if recipe.watermark and recipe.watermark.text is None else ()
    arguments = {**arguments_of(bench, inputs), "recipe": recipe.as_argument()}
    return bench.call(describe_and_transform, arguments, inputs=inputs)


def run_options(bench: Bench, options: Options) -> dict[str, Any]:
    """Carry out what the options ask for; the facts are format, mode, size of the upright source, pages and output.

    A picture that is given beside the input is a watermark, also where `watermark` says nothing of it. Raises
    InputError `corrupt_file`, `unsupported_format`, `too_many_pixels`, `too_many_frames`; OptionsError
    `invalid_options` for what can't be done with this picture.
    """
    return run_recipe(bench, write_down(bench, options))


def write_down(bench: Bench, options: Options) -> Recipe:
    """Write the recipe of what is asked for of the input and its further inputs."""
    recipe = write_recipe(options, stem=stem_of(bench))
    if bench.inputs and recipe.watermark is None:
        recipe = recipe.model_copy(update={"watermark": Watermark()})
    return recipe


def run_recipes(bench: Bench, recipes: Sequence[Recipe]) -> dict[str, Any]:
    """Carry out several recipes on the input, decoded as seldom as possible; `outputs` are in their order."""
    uses_inputs = any(recipe.watermark and recipe.watermark.text is None for recipe in recipes)
    inputs = bench.inputs[:1] if uses_inputs else ()
    arguments = {**arguments_of(bench, inputs), "recipes": [recipe.as_argument() for recipe in recipes]}
    return bench.call(transform_together, arguments, inputs=inputs)


def run_options_together(benches: Mapping[str, Bench], options: Mapping[str, Options]) -> dict[str, dict[str, Any]]:
    """Make several named copies of one input at once; each becomes an output of its own bench."""
    recipes = [write_down(bench, options[name]) for name, bench in benches.items()]
    maker = next(iter(benches.values()))
    before = len(maker.outputs)
    told = run_recipes(maker, recipes)
    made = maker.outputs[before:]
    for bench, output in zip(benches.values(), made, strict=True):
        if bench is not maker:
            bench.take_over(output)
    return {
        name: {**facts, "output": copy}
        for name, facts, copy in zip(benches, told["facts"], told["outputs"], strict=True)
    }
