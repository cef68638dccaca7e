"""`image.convert`: a copy in another format."""

from typing import Any, Final

from pydantic import Field

from filemill.processing.bench import Bench
from filemill.processing.media import IMAGE_TYPES
from filemill.processing.operations.declaration import Example, Operation
from filemill.processing.operations.image.planning import plan_copy
from filemill.processing.operations.image.recipe import Recipe, write_recipe
from filemill.processing.operations.image.running import IMAGE_LIMITS, run_recipe, stem_of
from filemill.processing.operations.image.save_options import FORMAT_VALID, CopyOptions, FormatOption, to_saving
from filemill.processing.operations.image.shape_options import BackgroundOptions
from filemill.processing.operations.planning import Facts, Planned

_DEFAULT: Final = "webp"


class ImageConvertOptions(CopyOptions, BackgroundOptions):
    """Which format; without any word, webp."""

    format: FormatOption | None = Field(
        _DEFAULT,
        description="Format of the copy. `auto` writes the picture as avif, webp and as jpeg or png, and keeps the "
        "smallest; an animation as webp. Animations stay animated in webp and gif.",
        examples=["avif", "auto"],
        json_schema_extra={"x-valid": FORMAT_VALID},
    )


def write(options: ImageConvertOptions, *, stem: str) -> Recipe:
    """Write the recipe for what is asked for."""
    saving = to_saving(options, format=options.format or _DEFAULT)
    return write_recipe(options, stem=stem, saving=saving)


def run(bench: Bench, options: ImageConvertOptions) -> dict[str, Any]:
    """Write the copy."""
    return run_recipe(bench, write(options, stem=stem_of(bench)))


def plan(facts: Facts, options: ImageConvertOptions) -> Planned:
    """Foresee the copy."""
    return plan_copy(facts, write(options, stem="*"))


def produces(_media_type: str, options: ImageConvertOptions) -> str:
    """Return the copy's media type; webp stands for the smallest."""
    return f"image/{_DEFAULT if options.format in (None, 'auto') else options.format}"


OPERATION: Final = Operation(
    name="image.convert",
    task_type="image",
    summary="A copy of a picture in another format, of the same size.",
    details="""\
Without a `format` it is webp. Animated GIF and WebP pictures stay animated in these two formats; elsewhere the first
frame is taken. What is transparent lies on `background`, or on white, in a format without transparency.
""",
    media_types=IMAGE_TYPES,
    options=ImageConvertOptions,
    limits=IMAGE_LIMITS,
    run=run,
    plan=plan,
    produces=produces,
    samples=("photo.jpg",),
    examples=(
        Example(options={"format": "avif", "quality": 70}, shows="A small copy for the web."),
        Example(options={"format": "jpeg", "max_bytes": 200_000}, shows="The best jpeg of at most 200 kB."),
        Example(options={"format": "png", "background": "white"}, shows="A png without transparency."),
    ),
)
