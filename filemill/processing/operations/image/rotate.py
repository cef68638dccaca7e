"""`image.rotate`: a picture turned or mirrored."""

from typing import Final

from filemill.processing.media import IMAGE_TYPES
from filemill.processing.operations.declaration import Example, Operation
from filemill.processing.operations.image.planning import plan_options, produces_copy
from filemill.processing.operations.image.running import IMAGE_LIMITS, run_options
from filemill.processing.operations.image.save_options import CopyOptions
from filemill.processing.operations.image.shape_options import BackgroundOptions, TurnOptions


class ImageRotateOptions(CopyOptions, BackgroundOptions, TurnOptions):
    """How the picture is turned; without any word, upright as its EXIF orientation says."""


OPERATION: Final = Operation(
    name="image.rotate",
    task_type="image",
    summary="A picture turned by any angle, mirrored, or only put upright.",
    details="""\
Quarter turns move every pixel as it is. Between them the canvas grows so that nothing is cut off, and its corners are
`background`: transparent, or white in a format without transparency.
""",
    media_types=IMAGE_TYPES,
    options=ImageRotateOptions,
    limits=IMAGE_LIMITS,
    run=run_options,
    plan=plan_options,
    produces=produces_copy,
    samples=("photo.jpg",),
    examples=(
        Example(options={"rotate": 90}, shows="A quarter turn clockwise."),
        Example(options={"rotate": -3.5, "background": "white"}, shows="A horizon put straight."),
        Example(options={"flip": "horizontal"}, shows="Left and right swapped."),
    ),
)
