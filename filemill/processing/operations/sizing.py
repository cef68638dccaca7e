"""How large a picture becomes: the `resize` option, and the plain geometry of its fits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from filemill.processing.operations.other_names import by_other_names

MAX_SIDE_PIXELS: Final = 16_384
"""The longest side of any output; WebP can't hold more, and no screen asks for it."""

Fit = Literal["inside", "cover", "contain", "fill", "outside"]
FilmFit = Literal[Fit, "fill-down"]
"""Of a film `cover` enlarges, so that imgproxy's fill-down, which does not, is a fit of its own."""
Side = Annotated[int, Field(ge=1, le=MAX_SIDE_PIXELS)]

# The names of Transloadit and imgproxy; imgproxy's own `fill` is our `cover`, and `fill` is what sharp and CSS call so.
FIT_NAMES: Final[Mapping[str, Fit]] = {
    "fit": "inside",
    "fillcrop": "cover",
    "pad": "contain",
    "stretch": "fill",
    "force": "fill",
    "min_fit": "outside",
}

FilmFitOption = Annotated[FilmFit, by_other_names(FIT_NAMES, FilmFit)]

FILM_FIT_VALID: Final = f"inside, cover, contain, fill, outside or fill-down (or {', '.join(FIT_NAMES)})"


class Resize(BaseModel):
    """The box a picture is resized to; a side left out follows from the other and the picture's aspect ratio."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    width: Side | None = Field(None, description="Width of the box in pixels.")
    height: Side | None = Field(None, description="Height of the box in pixels.")
    fit: FilmFitOption = Field(
        "inside",
        description="`inside` fits into the box, keeps the aspect ratio and never enlarges; `cover` fills the box and "
        "cuts off what is over; `contain` fits into the box and pads the rest; `fill` stretches to the box; `outside` "
        "is the smallest size that covers the box; `fill-down` cuts as `cover` does and never enlarges.",
    )

    @model_validator(mode="after")
    def _needs_a_side(self) -> "Resize":
        if self.width is None and self.height is None:
            raise ValueError("neither width nor height is given")
        return self


def _from_pair(value: Any) -> Any:
    if isinstance(value, list | tuple) and len(value) == 2:
        return {"width": value[0], "height": value[1]}
    return value


ResizeOption = Annotated[
    Resize,
    BeforeValidator(
        _from_pair, json_schema_input_type=Annotated[list[Side], Field(min_length=2, max_length=2)] | Resize
    ),
]

RESIZE_VALID: Final = (
    f"[width, height] in pixels from 1 to {MAX_SIDE_PIXELS}, or an object with width, height or both, and fit: "
    f"{FILM_FIT_VALID}"
)


@dataclass(frozen=True)
class Size:
    """Width and height in pixels, both at least 1."""

    width: int
    height: int

    @property
    def pixels(self) -> int:
        return self.width * self.height


@dataclass(frozen=True)
class Layout:
    """First scale to `scaled`, then cut or pad, centred, to `canvas`."""

    scaled: Size
    canvas: Size


def plan_layout(source: Size, resize: Resize | None) -> Layout:
    """Work out how a picture of size `source` is laid out for a `resize`; without one it keeps its size."""
    if resize is None:
        return Layout(source, source)
    box = _complete_box(source, resize)
    across, down = box.width / source.width, box.height / source.height
    if resize.fit == "fill":
        return Layout(box, box)
    if resize.fit == "inside":
        # Only the sides that were given count: the other was rounded, and would make them smaller.
        given = [across] * (resize.width is not None) + [down] * (resize.height is not None)
        size = _scale(source, min(*given, 1.0), within=box)
        return Layout(size, size)
    if resize.fit == "contain":
        return Layout(_scale(source, min(across, down), within=box), box)
    if resize.fit == "fill-down" and max(across, down) > 1:
        # The largest part of the picture with the shape of the box.
        return Layout(source, _scale(box, min(source.width / box.width, source.height / box.height), within=source))
    size = _scale(source, max(across, down))
    covering = Size(max(size.width, box.width), max(size.height, box.height))
    return Layout(covering, covering if resize.fit == "outside" else box)


def round_to_even(size: Size) -> Size:
    """Round down to even sides of at least 2, as 4:2:0 video needs them."""
    return Size(max(2, size.width // 2 * 2), max(2, size.height // 2 * 2))


def _complete_box(source: Size, resize: Resize) -> Size:
    width, height = resize.width, resize.height
    if width is None and height is not None:
        width = max(1, round(source.width * height / source.height))
    if height is None and width is not None:
        height = max(1, round(source.height * width / source.width))
    if width is None or height is None:
        raise ValueError("a resize without sides can't have been validated")
    return Size(width, height)


def _scale(size: Size, factor: float, *, within: Size | None = None) -> Size:
    width, height = max(1, round(size.width * factor)), max(1, round(size.height * factor))
    if within is not None:
        width, height = min(width, max(1, within.width)), min(height, max(1, within.height))
    return Size(width, height)


def describe_size(size: Size) -> Mapping[str, int]:
    """Give a size as the facts of an output."""
    return {"width": size.width, "height": size.height}
