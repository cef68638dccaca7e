"""`image.watermark`: a text or a picture laid over another."""

from typing import Any, Final

from filemill.processing.bench import Bench
from filemill.processing.media import IMAGE_TYPES
from filemill.processing.operations.declaration import Example, InputsRule, Operation
from filemill.processing.operations.image.planning import plan_options, produces_copy
from filemill.processing.operations.image.running import IMAGE_LIMITS, run_recipe, stem_of, write_down
from filemill.processing.operations.image.save_options import CopyOptions
from filemill.processing.operations.image.watermark_options import (
    MAX_TEXT_CHARACTERS,
    SCRIPTS,
    Watermark,
    WatermarkOptions,
)


class ImageWatermarkOptions(CopyOptions, WatermarkOptions):
    """What is laid over the picture; without a text or a picture, the file's name."""


def run(bench: Bench, options: ImageWatermarkOptions) -> dict[str, Any]:
    """Lay the watermark over the picture."""
    recipe = write_down(bench, options)
    mark = recipe.watermark or Watermark()
    if mark.text is None and not bench.inputs:
        mark = mark.model_copy(update={"text": stem_of(bench)[:MAX_TEXT_CHARACTERS]})
    return run_recipe(bench, recipe.model_copy(update={"watermark": mark}))


OPERATION: Final = Operation(
    name="image.watermark",
    task_type="image",
    summary="A text or a picture laid over another.",
    details=f"""\
A picture is the first of the request's `inputs`; a text stands in `watermark`. Without either, the file's own name is
written into the lower right corner, as on a proof.

{SCRIPTS}

Every frame of an animation gets the watermark.
""",
    media_types=IMAGE_TYPES,
    options=ImageWatermarkOptions,
    limits=IMAGE_LIMITS,
    run=run,
    plan=plan_options,
    produces=produces_copy,
    inputs=InputsRule(least=0, most=1, media_types=IMAGE_TYPES),
    samples=("photo.jpg",),
    examples=(
        Example(
            options={"watermark": {"text": "© Anna", "opacity": 0.7, "offset": [10, 10]}},
            shows="A name in the lower right corner.",
        ),
        Example(
            options={"watermark": {"text": "proof", "repeat": True, "opacity": 0.25, "offset": [40, 40]}},
            shows="A word all over the picture.",
        ),
    ),
)
