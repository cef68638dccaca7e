"""`image.transform`: a picture's facts and a web-ready copy of it."""

from typing import Any, Final, Literal

from pydantic import Field

from filemill.processing.bench import Bench, Limits
from filemill.processing.errors import OptionsError
from filemill.processing.media import IMAGE_TYPES
from filemill.processing.operations.declaration import Operation, Options
from filemill.processing.operations.naming import name_stem
from filemill.processing.operations.quality import QUALITY_VALID, Quality, to_percent
from filemill.processing.operations.sealed_name import SealedName
from filemill.processing.operations.sizing import RESIZE_VALID, ResizeOption

ImageFormat = Literal["jpeg", "jpg", "png", "webp", "avif", "gif"]

_IMAGE_LIMITS: Final = Limits(
    memory_bytes=512 * 1024**2, cpu_seconds=120, wall_seconds=180.0, output_bytes=512 * 1024**2
)

describe_and_transform = SealedName("image.transform", "describe_and_transform")


class ImageOptions(Options):
    """What can be asked of a picture; without any option it gives a web-ready copy in its own format."""

    resize: ResizeOption | None = Field(
        None,
        description="The box to resize to. A pair [width, height] fits inside the box, keeps the aspect ratio and "
        "never enlarges; an object can name another fit, and may leave out one side.",
        examples=[[1920, 1080], {"width": 800}, {"width": 400, "height": 400, "fit": "cover"}],
        json_schema_extra={"x-valid": RESIZE_VALID},
    )
    quality: Quality = Field(
        "high",
        description="Quality of jpeg, webp and avif: low (50), medium (70), high (85) or a number; png and gif ignore "
        "it, since they lose nothing.",
        examples=["high", 80],
        json_schema_extra={"x-valid": QUALITY_VALID},
    )
    format: ImageFormat | None = Field(
        None,
        description="Format of the copy. Left out, it is that of the source; bmp and tiff become jpeg, or png where "
        "they have transparency. Animations stay animated in webp and gif.",
        examples=["webp"],
        json_schema_extra={"x-valid": "one of jpeg, png, webp, avif, gif"},
    )
    auto_orient: bool = Field(
        True,
        description="Turn the picture upright as its EXIF orientation says.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
    strip_metadata: bool = Field(
        True,
        description="Leave EXIF (with its GPS position), XMP, IPTC and comments out of the copy. Colours are converted "
        "to sRGB in any case, so that they look the same without a profile.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )


def transform(bench: Bench, options: ImageOptions) -> dict[str, Any]:
    """Give the picture's format, mode, size (of the upright source), pages, and its output.

    Raises InputError `corrupt_file`, `unsupported_format`, `too_many_pixels`, `too_many_frames`; OptionsError
    `invalid_options` when the output would have too many pixels.
    """
    max_pixels = bench.input_limits.max_pixels
    _refuse_huge_canvas(options, max_pixels)
    return bench.call(
        describe_and_transform,
        {
            "media_type": bench.media_type,
            "resize": options.resize.model_dump() if options.resize else None,
            "percent": to_percent(options.quality),
            "format": "jpeg" if options.format == "jpg" else options.format,
            "auto_orient": options.auto_orient,
            "strip_metadata": options.strip_metadata,
            "max_pixels": max_pixels,
            "max_frames": bench.input_limits.max_frames,
            "stem": name_stem(bench.file_name, fallback="image"),
        },
    )


def _refuse_huge_canvas(options: ImageOptions, max_pixels: int) -> None:
    box = options.resize
    if box and box.width and box.height and box.fit != "inside" and box.width * box.height > max_pixels:
        raise OptionsError(
            f"resize asks for {box.width} x {box.height} pixels; an output may have {max_pixels:,} in all.",
            code="invalid_options",
        )


OPERATION: Final = Operation(
    name="image.transform",
    task_type="image",
    summary="Facts of a picture, and a copy that is upright, stripped, resized and in the format asked for.",
    media_types=IMAGE_TYPES,
    options=ImageOptions,
    limits=_IMAGE_LIMITS,
    run=transform,
    samples=("photo.jpg",),
)
