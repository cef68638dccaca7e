"""`image.adjust`: a picture with another look."""

from typing import Final

from filemill.processing.media import IMAGE_TYPES
from filemill.processing.operations.declaration import Example, Operation
from filemill.processing.operations.image.adjust_options import AdjustOptions
from filemill.processing.operations.image.planning import plan_options, produces_copy
from filemill.processing.operations.image.running import IMAGE_LIMITS, run_options
from filemill.processing.operations.image.save_options import CopyOptions


class ImageAdjustOptions(CopyOptions, AdjustOptions):
    """What is changed of the picture's look."""


OPERATION: Final = Operation(
    name="image.adjust",
    task_type="image",
    summary="A picture blurred, sharpened, brighter, darker, with more or less contrast and colour, or grey.",
    details="""\
The changes are made in the order in which they stand below. Brightness, contrast and saturation are factors, as in CSS:
1 changes nothing. Transparency stays as it is.
""",
    media_types=IMAGE_TYPES,
    options=ImageAdjustOptions,
    limits=IMAGE_LIMITS,
    run=run_options,
    plan=plan_options,
    produces=produces_copy,
    samples=("photo.jpg",),
    examples=(
        Example(options={"grayscale": True, "contrast": 1.2}, shows="A black-and-white picture with firm contrast."),
        Example(options={"blur": 12}, shows="A background for letters."),
        Example(options={"sharpen": 1, "saturation": 1.15}, shows="A crisper, slightly warmer copy."),
    ),
)
