"""The options that say how the copy is written: format, quality, size in bytes, metadata; pure."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from filemill.processing.errors import OptionsError
from filemill.processing.operations.declaration import Options
from filemill.processing.operations.quality import QUALITY_VALID, Quality, to_percent

OutputFormat = Literal["jpeg", "png", "webp", "avif", "gif", "tiff"]
FormatWish = OutputFormat | Literal["auto"]
FormatOption = Annotated[
    FormatWish,
    BeforeValidator(
        lambda value: {"jpg": "jpeg", "tif": "tiff"}.get(value, value) if isinstance(value, str) else value,
        json_schema_input_type=Literal["jpeg", "jpg", "png", "webp", "avif", "gif", "tiff", "auto"],
    ),
]

FORMAT_VALID: Final = "one of jpeg, png, webp, avif, gif, tiff, auto"

ANIMATED_FORMATS: Final = frozenset(("gif", "webp"))
LOSSLESS_FORMATS: Final = frozenset(("png", "gif", "tiff"))
"""Formats without a quality: what they hold is exact (gif's colours apart)."""
OPAQUE_FORMATS: Final = frozenset(("jpeg",))
MAX_SIDES: Final[Mapping[OutputFormat, int]] = {
    "jpeg": 65_500,
    "png": 1_000_000,
    "webp": 16_383,
    "avif": 16_384,
    "gif": 65_535,
    "tiff": 1_000_000,
}
LEAST_BYTES: Final = 200


class Saving(BaseModel):
    """How a copy is written."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    format: FormatWish | None = None
    percent: int = 85
    lossless: bool = False
    progressive: bool = False
    max_bytes: int | None = None
    strip_metadata: bool = True
    keep_icc: bool = False
    keep_copyright: bool = False
    effort: Literal["usual", "high"] = "usual"
    """`high` spends more time on a smaller file."""


class FormatOptions(Options):
    """In which format the copy is written."""

    format: FormatOption | None = Field(
        None,
        description="Format of the copy. Left out, it is that of the source; bmp, tiff, heic and svg become jpeg, or "
        "png where they have transparency. `auto` writes the picture as avif, webp and as jpeg or png, and keeps the "
        "smallest; an animation as webp. Animations stay animated in webp and gif.",
        examples=["webp", "auto"],
        json_schema_extra={"x-valid": FORMAT_VALID},
    )


class QualityOptions(Options):
    """How good the copy is, and how large."""

    quality: Quality = Field(
        "high",
        description="Quality of jpeg, webp and avif: low (50), medium (70), high (85) or a number; png, gif and tiff "
        "ignore it, since they lose nothing.",
        examples=["high", 80],
        json_schema_extra={"x-valid": QUALITY_VALID},
    )
    lossless: bool = Field(
        False,
        description="Write every pixel exactly; webp and avif can, and png and tiff do so in any case. A jpeg can't.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
    progressive: bool = Field(
        False,
        description="Write a jpeg or png so that it is seen as a whole, coarsely, before it is there as a whole.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
    max_bytes: Annotated[int, Field(ge=LEAST_BYTES)] | None = Field(
        None,
        description="The most bytes that the copy may have: the highest quality up to `quality` that fits is searched "
        "for. When not even the lowest fits, the task fails and says how many bytes that has.",
        examples=[200_000],
        json_schema_extra={"x-valid": f"a whole number of bytes from {LEAST_BYTES}"},
    )


class MetadataOptions(Options):
    """What of the picture's metadata the copy keeps."""

    strip_metadata: bool = Field(
        True,
        description="Leave EXIF (with its GPS position), XMP, IPTC and comments out of the copy. Colours are converted "
        "to sRGB in any case, so that they look the same without a profile.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
    keep_icc: bool = Field(
        False,
        description="Keep the picture's own colour profile and its colours in it, instead of converting them to sRGB. "
        "CMYK is converted in any case.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
    keep_copyright: bool = Field(
        False,
        description="Keep the EXIF fields Copyright and Artist where all else is stripped (not in gif and tiff).",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )


class CopyOptions(MetadataOptions, QualityOptions, FormatOptions):
    """How the copy is written, altogether."""


def choose_format(source_format: str, *, has_alpha: bool) -> OutputFormat:
    """The picture's own format when browsers show it; else PNG when it has transparency to keep, JPEG when not."""
    match source_format:
        case "jpeg" | "png" | "webp" | "avif" | "gif":
            return source_format
        case _:
            return "png" if has_alpha else "jpeg"


def extension_of_format(written: str) -> str:
    """Return how the name of a copy ends."""
    return "jpg" if written == "jpeg" else written


def to_saving(options: Options, **fixed: Any) -> Saving:
    """Gather what the options of any of these groups say about the writing; `fixed` goes before them.

    Raises OptionsError for what no format can do.
    """
    given = options.model_dump(include={*Saving.model_fields, "quality"}, exclude_none=True)
    if "quality" in given:
        given["percent"] = to_percent(given.pop("quality"))
    saving = Saving(**{**given, **fixed})
    if saving.lossless and saving.format in OPAQUE_FORMATS:
        raise OptionsError(
            "A jpeg can't be lossless: ask for png, webp or avif, or leave lossless out.", code="invalid_options"
        )
    return saving
