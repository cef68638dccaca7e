"""The geometry of pictures: cutting out, turning, and laying out in a box; pure."""

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from filemill.processing.operations.gravity import (
    GravityOption,
    place_cut,
    without_seeing,
)
from filemill.processing.operations.sizing import Fit, Layout, Side, Size

MAX_COORDINATE: Final = 1_000_000
_ASPECT: Final = re.compile(r"[1-9]\d{0,3}:[1-9]\d{0,3}", re.ASCII)


def _read_percent(text: str) -> float:
    number = float(text.removesuffix("%")) if text.endswith("%") else math.nan
    if not 0 <= number <= 100:
        raise ValueError(f"{text!r} is no part from 0% to 100%")
    return number


def _check_percent(text: str) -> str:
    return f"{_read_percent(text):g}%"


Length: TypeAlias = Annotated[int, Field(ge=0, le=MAX_COORDINATE)] | Annotated[str, AfterValidator(_check_percent)]
"""Pixels, or a part of the picture's width or height such as `"12.5%"`."""


def _check_aspect(text: str) -> str:
    if not _ASPECT.fullmatch(text):
        raise ValueError(f"{text!r} is no shape such as 16:9")
    return text


Aspect: TypeAlias = Annotated[str, AfterValidator(_check_aspect)]


class Crop(BaseModel):
    """The part of a picture that is cut out, before anything else is done with it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    left: Length | None = Field(None, description="From the left edge.")
    top: Length | None = Field(None, description="From the upper edge.")
    right: Length | None = Field(None, description="The right edge of the part, from the picture's left edge.")
    bottom: Length | None = Field(None, description="The lower edge of the part, from the picture's upper edge.")
    width: Length | None = Field(None, description="Width of the part.")
    height: Length | None = Field(None, description="Height of the part.")
    aspect: Aspect | None = Field(None, description="In place of a size: the largest part of this shape, as `16:9`.")
    gravity: GravityOption = Field("center", description="Where a part lies of which only the size is given.")

    @model_validator(mode="after")
    def _says_enough(self) -> "Crop":
        if self.right is not None and (self.left is None or self.width is not None):
            raise ValueError("right needs left, and no width")
        if self.bottom is not None and (self.top is None or self.height is not None):
            raise ValueError("bottom needs top, and no height")
        if (self.left is None) != (self.top is None):
            raise ValueError("left and top go together")
        lengths = (self.left, self.width, self.height)
        if (self.aspect is None) == all(length is None for length in lengths):
            raise ValueError("either a place or size is given, or a shape")
        return self


def _from_corners(value: Any) -> Any:
    """Read `{x1, y1, x2, y2}`, and `x`, `y` for left and top."""
    if not isinstance(value, dict):
        return value
    names = {"x1": "left", "y1": "top", "x2": "right", "y2": "bottom", "x": "left", "y": "top"}
    return {names.get(name, name): length for name, length in value.items()}


CropOption = Annotated[Crop, BeforeValidator(_from_corners)]

CROP_VALID: Final = (
    "an object with {x1, y1, x2, y2}, or {left, top, width, height}, or {width, height, gravity}, or {aspect, gravity};"
    ' each length a whole number of pixels or a part such as "25%", the aspect as "16:9"'
)


BoxFit = Fit | Literal["auto", "crop"]
"""`auto` chooses between cover and inside by the picture's shape; `crop` cuts and never scales."""


class Box(BaseModel):
    """The box a picture is fitted to; a side left out follows from the other and the picture's aspect ratio."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    width: Side | None = None
    height: Side | None = None
    fit: BoxFit = "inside"
    enlarge: bool = False
    gravity: GravityOption = "center"


Flip = Literal["horizontal", "vertical", "both"]


@dataclass(frozen=True)
class Region:
    """A part of a picture in whole pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def size(self) -> Size:
        return Size(self.width, self.height)


class EmptyCrop(ValueError):
    """Nothing of the picture lies within the crop."""


def find_region(source: Size, crop: Crop) -> Region:
    """Work out what is cut out of a picture; what lies outside of it is left off. Raises `EmptyCrop`.

    Of a gravity that has to see the picture only the size is right.
    """
    if crop.aspect is not None:
        across, down = (int(part) for part in crop.aspect.split(":"))
        size = _scale(Size(across, down), min(source.width / across, source.height / down), most=source)
        left, top = place_cut(without_seeing(crop.gravity), (source.width, source.height), (size.width, size.height))
        return Region(left, top, size.width, size.height)
    size = Size(
        _find_side(source.width, crop.left, crop.right, crop.width),
        _find_side(source.height, crop.top, crop.bottom, crop.height),
    )
    if crop.left is None or crop.top is None:
        kept = Size(min(size.width, source.width), min(size.height, source.height))
        gravity = without_seeing(crop.gravity)
        left, top = place_cut(gravity, (source.width, source.height), (kept.width, kept.height))
        return Region(left, top, kept.width, kept.height)
    left, top = _to_pixels(crop.left, source.width), _to_pixels(crop.top, source.height)
    width, height = min(size.width, source.width - left), min(size.height, source.height - top)
    if width < 1 or height < 1:
        raise EmptyCrop(f"the crop begins at {left}, {top}")
    return Region(left, top, width, height)


def _find_side(whole: int, begin: Length | None, end: Length | None, length: Length | None) -> int:
    start = 0 if begin is None else _to_pixels(begin, whole)
    if end is not None:
        return max(0, _to_pixels(end, whole) - start)
    return whole - start if length is None else max(1, _to_pixels(length, whole))


def _to_pixels(length: Length, whole: int) -> int:
    return length if isinstance(length, int) else round(whole * _read_percent(length) / 100)


def turn(size: Size, degrees: float) -> Size:
    """Return the size of what a picture turned clockwise needs; between quarter turns to about a pixel."""
    if degrees % 90 == 0:
        return Size(size.height, size.width) if degrees % 180 else size
    angle = math.radians(degrees)
    across, down = abs(math.cos(angle)), abs(math.sin(angle))
    return Size(
        max(1, round(size.width * across + size.height * down)), max(1, round(size.width * down + size.height * across))
    )


def lay_out(source: Size, box: Box | None) -> Layout:
    """Work out how a picture of size `source` is scaled, and then cut or padded to its canvas."""
    if box is None or (box.width is None and box.height is None):
        return Layout(source, source)
    whole = _complete(box, source)
    across, down = whole.width / source.width, whole.height / source.height
    most = math.inf if box.enlarge else 1.0
    fit = _choose_fit(box.fit, source, whole)
    match fit:
        case "fill":
            size = Size(
                whole.width if box.enlarge else min(whole.width, source.width),
                whole.height if box.enlarge else min(whole.height, source.height),
            )
            return Layout(size, size)
        case "inside":
            size = _scale(source, min(across, down, most), most=whole)
            return Layout(size, size)
        case "contain":
            return Layout(_scale(source, min(across, down, most), most=whole), whole)
        case "outside":
            size = _scale(source, min(max(across, down), most), least=whole if max(across, down) <= most else None)
            return Layout(size, size)
        case "cover":
            return _cover(source, whole, max(across, down), most)
        case "crop":
            return Layout(source, _cut_to(box, source))


def _cut_to(box: Box, source: Size) -> Size:
    """Return the size of what lies in the box unscaled; a side that is left out stays as it is."""
    return Size(min(box.width or source.width, source.width), min(box.height or source.height, source.height))


def _choose_fit(fit: BoxFit, source: Size, box: Size) -> Fit | Literal["crop"]:
    """Return what `auto` stands for: as in imgproxy a square counts as lying."""
    if fit != "auto":
        return fit
    return "cover" if (source.width >= source.height) == (box.width >= box.height) else "inside"


def _cover(source: Size, box: Size, factor: float, most: float) -> Layout:
    """Fill the box, or what has its aspect ratio within a picture that is too small to."""
    if factor <= most:
        return Layout(_scale(source, factor, least=box), box)
    within = min(source.width / box.width, source.height / box.height)
    return Layout(source, _scale(box, within, most=source))


def _complete(box: Box, source: Size) -> Size:
    width, height = box.width, box.height
    if width is None and height is not None:
        width = max(1, round(source.width * height / source.height))
    if height is None and width is not None:
        height = max(1, round(source.height * width / source.width))
    if width is None or height is None:
        raise ValueError("a box without sides lays nothing out")
    return Size(width, height)


def _scale(size: Size, factor: float, *, most: Size | None = None, least: Size | None = None) -> Size:
    width, height = max(1, round(size.width * factor)), max(1, round(size.height * factor))
    if most is not None:
        width, height = min(width, most.width), min(height, most.height)
    if least is not None:
        width, height = max(width, least.width), max(height, least.height)
    return Size(width, height)
