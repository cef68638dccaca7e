"""`image.srcset`: one picture in several widths, for browsers to choose from."""

import html
import re
from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from filemill.processing.bench import Bench
from filemill.processing.media import IMAGE_TYPES
from filemill.processing.operations.declaration import Example, Operation
from filemill.processing.operations.image.geometry import Box
from filemill.processing.operations.image.planning import plan_copy, produces_copy
from filemill.processing.operations.image.probing import probe_image
from filemill.processing.operations.image.recipe import Recipe, write_recipe
from filemill.processing.operations.image.running import IMAGE_LIMITS, run_recipes, stem_of
from filemill.processing.operations.image.save_options import CopyOptions
from filemill.processing.operations.image.shape_options import CropOptions
from filemill.processing.operations.planning import Cost, Facts, Planned
from filemill.processing.operations.sizing import Side

_WIDTHS: Final = (320, 640, 960, 1280, 1920, 2560)
_SIZES: Final = re.compile(r"[\w\s().,:%/*+-]{1,200}", re.ASCII)


def _check_sizes(text: str) -> str:
    if not _SIZES.fullmatch(text):
        raise ValueError("that is no list of sizes")
    return text


class SrcsetOptions(CopyOptions, CropOptions):
    """Which widths, and how each is written."""

    widths: Annotated[list[Side], Field(min_length=1, max_length=20)] = Field(
        list(_WIDTHS),
        description="The widths in pixels. Those beyond the picture's own are left out; its own comes in their place.",
        examples=[[480, 960, 1920]],
        json_schema_extra={"x-valid": "a list of 1 to 20 whole numbers of pixels from 1 to 16384"},
    )
    sizes: Annotated[str, AfterValidator(_check_sizes)] = Field(
        "100vw",
        description="How wide the picture is shown, as HTML's `sizes` says it.",
        examples=["(max-width: 600px) 100vw, 50vw"],
        json_schema_extra={"x-valid": "a list of sizes as in HTML, of at most 200 characters"},
    )
    alt: Annotated[str, Field(max_length=300)] = Field(
        "",
        description="What the picture shows, for who can't see it; it stands in the HTML.",
        examples=["A cup of coffee"],
        json_schema_extra={"x-valid": "a text of at most 300 characters"},
    )


def choose_widths(widths: Sequence[int], own: int) -> list[int]:
    """Return the widths that the picture has pixels for, the smallest first; its own in the place of larger ones."""
    fitting = {width for width in widths if width <= own}
    return sorted(fitting | ({own} if max(widths) > own else set()))


def write(options: SrcsetOptions, own_width: int, *, stem: str) -> list[Recipe]:
    """Write a recipe for each width."""
    recipe = write_recipe(options, stem=stem)
    return [
        recipe.model_copy(update={"stem": f"{stem}-{width}w", "box": Box(width=width)})
        for width in choose_widths(options.widths, own_width)
    ]


def run(bench: Bench, options: SrcsetOptions) -> dict[str, Any]:
    """Write the copies, and the HTML that offers them."""
    recipes = _write_for(probe_image(bench), options, stem=stem_of(bench))
    told = run_recipes(bench, recipes)
    copies = told["outputs"]
    srcset = ", ".join(f"{copy['name']} {copy['width']}w" for copy in copies)
    largest = copies[-1]
    tag = (
        f'<img src="{html.escape(largest["name"])}" srcset="{html.escape(srcset)}" '
        f'sizes="{html.escape(options.sizes)}" '
        f'width="{largest["width"]}" height="{largest["height"]}" alt="{html.escape(options.alt)}">'
    )
    return {**told["facts"][0], "outputs": copies, "srcset": srcset, "sizes": options.sizes, "html": tag}


def plan(facts: Facts, options: SrcsetOptions) -> Planned:
    """Foresee the copies; raises OptionsError for a part that lies outside the picture."""
    outputs, cost = [], Cost(cpu_seconds=0.0)
    for recipe in _write_for(facts, options, stem="*"):
        planned = plan_copy(facts, recipe)
        [output] = planned.outputs
        outputs.append(type(output)(name=output.name.replace("*", recipe.stem, 1), facts=output.facts))
        cost += planned.cost
    return Planned(outputs=tuple(outputs), cost=cost)


def _write_for(facts: Facts, options: SrcsetOptions, *, stem: str) -> list[Recipe]:
    """Write the recipes for a picture of known width: of the part that is cut out, where one is."""
    [whole] = plan_copy(facts, write_recipe(options, stem=stem)).outputs
    return write(options, whole.facts.width or max(options.widths), stem=stem)


OPERATION: Final = Operation(
    name="image.srcset",
    task_type="image",
    summary="One picture in several widths, with the `srcset` that lets browsers choose.",
    details="""\
The copies are called `STEM-640w.jpg` and so on, the smallest first; they are made from one decode. Nothing is enlarged:
widths beyond the picture's own are left out, and its own comes in their place.

The result has `outputs` (name, format, width, height of each), `srcset`, `sizes`, and `html`: an `img` element with all
of it, whose names you put your own path before.
""",
    media_types=IMAGE_TYPES,
    options=SrcsetOptions,
    limits=IMAGE_LIMITS,
    run=run,
    plan=plan,
    produces=produces_copy,
    samples=("photo.jpg",),
    examples=(
        Example(options={"widths": [240, 480, 960], "format": "webp"}, shows="Three webp copies, or fewer."),
        Example(
            options={"widths": [200, 400], "crop": {"aspect": "1:1"}, "sizes": "200px", "alt": "Anna"},
            shows="A square portrait for screens of one and two pixels per point.",
        ),
    ),
)
