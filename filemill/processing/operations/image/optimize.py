"""`image.optimize`: a smaller file of the same picture, in the same format."""

from typing import Any, Final

from pydantic import Field

from filemill.processing.bench import Bench
from filemill.processing.errors import OptionsError
from filemill.processing.operations.declaration import Example, Operation
from filemill.processing.operations.image.planning import plan_copy
from filemill.processing.operations.image.recipe import Recipe, write_recipe
from filemill.processing.operations.image.running import IMAGE_LIMITS, arguments_of, stem_of
from filemill.processing.operations.image.save_options import MetadataOptions, to_saving
from filemill.processing.operations.planning import Facts, Planned
from filemill.processing.operations.quality import QUALITY_VALID, Quality
from filemill.processing.operations.sealed_name import SealedName

_TYPES: Final = frozenset(f"image/{name}" for name in ("jpeg", "png", "webp", "avif", "gif", "tiff"))

optimize = SealedName("image.optimizing", "optimize")


class ImageOptimizeOptions(MetadataOptions):
    """How much may be given up for a smaller file."""

    quality: Quality = Field(
        80,
        description="Quality of jpeg, webp and avif: low (50), medium (70), high (85) or a number; png, gif and tiff "
        "lose nothing.",
        examples=[80, "medium"],
        json_schema_extra={"x-valid": QUALITY_VALID},
    )
    lossless: bool = Field(
        False,
        description="Keep every pixel of a webp or avif exactly. A jpeg can't be written anew without loss.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )


def write(options: ImageOptimizeOptions, media_type: str, *, stem: str) -> Recipe:
    """Write the recipe; raises OptionsError for a jpeg without loss."""
    written = media_type.removeprefix("image/")
    if options.lossless and written == "jpeg":
        raise OptionsError("A jpeg can't be written anew without loss: leave lossless out.", code="invalid_options")
    saving = to_saving(options, format=written, effort="high", progressive=written == "jpeg")
    return write_recipe(options, stem=stem, saving=saving)


def run(bench: Bench, options: ImageOptimizeOptions) -> dict[str, Any]:
    """Write the smaller file; the facts say how many bytes were saved."""
    recipe = write(options, bench.media_type, stem=stem_of(bench))
    return bench.call(optimize, {**arguments_of(bench), "recipe": recipe.as_argument()})


def plan(facts: Facts, options: ImageOptimizeOptions) -> Planned:
    """Foresee the file, of the same size in pixels."""
    return plan_copy(facts, write(options, facts.media_type, stem="*"))


OPERATION: Final = Operation(
    name="image.optimize",
    task_type="image",
    summary="A smaller file of the same picture in the same format.",
    details="""\
The picture is written anew with the encoder's greatest effort: jpeg progressive, with trellis quantisation and tables
of its own; png with the strongest compression, and with a palette where it has at most 256 colours. Metadata is
stripped unless it is to stay.

Where that gives no smaller file, and the source holds no metadata to strip and stands upright, the output is the
source, byte by byte (`is_unchanged`). The result says `source_bytes`, `bytes` and `saved`, the part that was saved.
""",
    media_types=_TYPES,
    options=ImageOptimizeOptions,
    limits=IMAGE_LIMITS,
    run=run,
    plan=plan,
    produces=lambda media_type, _options: media_type,
    samples=("photo.jpg", "sign.png"),
    examples=(
        Example(options={}, shows="A file that looks the same and is smaller."),
        Example(options={"quality": 60}, shows="A much smaller file, at a loss."),
        Example(options={"lossless": True}, shows="A png, as a webp or avif, without any loss.", sample="sign.png"),
    ),
)
