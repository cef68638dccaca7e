"""`image.resize`: a copy of another size."""

from typing import Final

from filemill.processing.media import IMAGE_TYPES
from filemill.processing.operations.declaration import Example, Operation
from filemill.processing.operations.image.planning import plan_options, produces_copy
from filemill.processing.operations.image.resize_options import ResizeOptions
from filemill.processing.operations.image.running import IMAGE_LIMITS, run_options, run_options_together
from filemill.processing.operations.image.save_options import CopyOptions
from filemill.processing.operations.image.shape_options import BackgroundOptions


class ImageResizeOptions(CopyOptions, BackgroundOptions, ResizeOptions):
    """How large the picture becomes; without a size it keeps its own."""


OPERATION: Final = Operation(
    name="image.resize",
    task_type="image",
    summary="A copy of a picture that fits, fills or covers a box.",
    details="""\
Without `fit` the picture keeps its shape and fits into the box; without a height or a width, that follows from the
other. Nothing is enlarged unless `enlarge` asks for it.
""",
    media_types=IMAGE_TYPES,
    options=ImageResizeOptions,
    limits=IMAGE_LIMITS,
    run=run_options,
    run_together=run_options_together,
    plan=plan_options,
    produces=produces_copy,
    samples=("photo.jpg",),
    examples=(
        Example(options={"width": 800}, shows="A copy that is 800 pixels wide."),
        Example(
            options={"width": 300, "height": 300, "fit": "cover", "gravity": "smart"},
            shows="A square preview of what draws the eye.",
        ),
        Example(
            options={"width": 600, "height": 600, "fit": "contain", "background": "white"},
            shows="The whole picture on a white square.",
        ),
    ),
)
