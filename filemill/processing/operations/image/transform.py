"""`image.transform`: a picture's facts and a web-ready copy of it; all that can be done to a picture at once."""

from typing import Final

from filemill.processing.media import IMAGE_TYPES
from filemill.processing.operations.declaration import Example, InputsRule, Operation
from filemill.processing.operations.image.adjust_options import AdjustOptions
from filemill.processing.operations.image.planning import plan_options, produces_copy
from filemill.processing.operations.image.resize_options import ResizeOptions
from filemill.processing.operations.image.running import IMAGE_LIMITS, run_options, run_options_together
from filemill.processing.operations.image.save_options import FormatOptions, MetadataOptions, QualityOptions
from filemill.processing.operations.image.shape_options import (
    BackgroundOptions,
    CropOptions,
    TrimOptions,
    TurnOptions,
)
from filemill.processing.operations.image.watermark_options import SCRIPTS, WatermarkOptions


class ImageOptions(
    MetadataOptions,
    QualityOptions,
    FormatOptions,
    WatermarkOptions,
    AdjustOptions,
    BackgroundOptions,
    TurnOptions,
    TrimOptions,
    CropOptions,
    ResizeOptions,
):
    """What can be asked of a picture; without any option it gives a web-ready copy in its own format."""


_DETAILS: Final = f"""
The steps are always done in this order, whatever the order of the options:

1. turn upright by the EXIF orientation (`auto_orient`), and cut out (`crop`, `trim`);
2. turn and mirror (`rotate`, `flip`);
3. resize (`resize`, or `width`, `height` and `fit`; `enlarge`, `gravity`, `background`);
4. change the look: `blur`, `sharpen`, `brightness`, `contrast`, `saturation`, `grayscale`;
5. lay over (`watermark`);
6. write (`format`, `quality`, `lossless`, `progressive`, `max_bytes`, `strip_metadata`, `keep_icc`, `keep_copyright`).

Animated GIF and WebP pictures stay animated in these two formats, with their delays; elsewhere the first frame is
taken, and of a TIFF the first page. Colours come out as 8-bit sRGB. The texts of an SVG are not drawn, since it has no
fonts in the cage.

A picture as `watermark` is the first of the request's `inputs`.

{SCRIPTS}
"""

OPERATION: Final = Operation(
    name="image.transform",
    task_type="image",
    summary="Facts of a picture, and a copy that is upright, stripped, resized and in the format asked for.",
    details=_DETAILS,
    media_types=IMAGE_TYPES,
    options=ImageOptions,
    limits=IMAGE_LIMITS,
    run=run_options,
    run_together=run_options_together,
    plan=plan_options,
    produces=produces_copy,
    inputs=InputsRule(least=0, most=1, media_types=IMAGE_TYPES),
    samples=("photo.jpg",),
    examples=(
        Example(options={"quality": "high", "resize": [1920, 1080]}, shows="A copy that fits a full HD screen."),
        Example(
            options={"width": 400, "height": 400, "fit": "cover", "gravity": "smart", "format": "webp"},
            shows="A square preview of what draws the eye.",
        ),
        Example(
            options={"width": 1200, "watermark": {"text": "© Anna", "opacity": 0.6, "offset": [12, 12]}},
            shows="A copy with its author's name in the lower right corner.",
        ),
        Example(options={"format": "auto", "max_bytes": 150_000}, shows="The smallest format, in at most 150 kB."),
    ),
)
