"""The `gravity` option: which part of a picture is kept, or where something is laid; pure."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from filemill.processing.operations.sizing import MAX_SIDE_PIXELS

Compass = Literal["center", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"]
Seeing = Literal["smart", "entropy"]
"""What has to look at the pixels: `smart` for what draws the eye, `entropy` for the most detail."""

# imgproxy's short names, sharp's and CSS's sides, and the other spellings in use.
_ALIASES: Final[Mapping[str, str]] = {
    "centre": "center",
    "ce": "center",
    "middle": "center",
    "no": "north",
    "top": "north",
    "so": "south",
    "bottom": "south",
    "ea": "east",
    "right": "east",
    "we": "west",
    "left": "west",
    "noea": "northeast",
    "topright": "northeast",
    "righttop": "northeast",
    "nowe": "northwest",
    "topleft": "northwest",
    "lefttop": "northwest",
    "soea": "southeast",
    "bottomright": "southeast",
    "rightbottom": "southeast",
    "sowe": "southwest",
    "bottomleft": "southwest",
    "leftbottom": "southwest",
    "sm": "smart",
    "attention": "smart",
}
_FRACTIONS: Final[Mapping[str, tuple[float, float]]] = {
    "northwest": (0.0, 0.0),
    "north": (0.5, 0.0),
    "northeast": (1.0, 0.0),
    "west": (0.0, 0.5),
    "center": (0.5, 0.5),
    "east": (1.0, 0.5),
    "southwest": (0.0, 1.0),
    "south": (0.5, 1.0),
    "southeast": (1.0, 1.0),
}


class FocalPoint(BaseModel):
    """The point that matters most, as parts of width and height: (0, 0) is the upper left corner."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    x: Annotated[float, Field(ge=0, le=1, description="Part of the width, 0 to 1.")]
    y: Annotated[float, Field(ge=0, le=1, description="Part of the height, 0 to 1.")]


def _read_short_form(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    word = value.strip().lower()
    if word.startswith("fp:"):
        return _read_focal_point(word)
    word = word.replace("-", "").replace("_", "").replace(" ", "")
    return _ALIASES.get(word, word)


def _read_focal_point(word: str) -> Any:
    _, *numbers = word.split(":")
    try:
        x, y = (float(number) for number in numbers)
    except ValueError:
        return word
    return {"x": x, "y": y} if math.isfinite(x) and math.isfinite(y) else word


CompassOption = Annotated[Compass, BeforeValidator(_read_short_form, json_schema_input_type=str)]
Gravity = Compass | Seeing | FocalPoint
GravityOption = Annotated[Gravity, BeforeValidator(_read_short_form, json_schema_input_type=str | FocalPoint)]

Offset = Annotated[int, Field(ge=-MAX_SIDE_PIXELS, le=MAX_SIDE_PIXELS)]
OffsetPair = Annotated[
    tuple[Offset, Offset], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
]
"""How far something lies from the side or corner where it is put: across and down, in pixels."""

OFFSET_VALID: Final = f"a whole number of pixels from -{MAX_SIDE_PIXELS} to {MAX_SIDE_PIXELS}"
OFFSET_PAIR_VALID: Final = f"[across, down] in pixels, each from -{MAX_SIDE_PIXELS} to {MAX_SIDE_PIXELS}"
COMPASS_VALID: Final = (
    "center, north, northeast, east, southeast, south, southwest, west or northwest (or top, left, bottom right and so "
    "on)"
)
GRAVITY_VALID: Final = f"{COMPASS_VALID}, smart, entropy, or a focal point as {{x, y}} or fp:x:y with parts from 0 to 1"


def without_seeing(gravity: Gravity) -> Compass | FocalPoint:
    """Return a place that is known without a look at the pixels: the middle, for what would take one."""
    match gravity:
        case "smart" | "entropy":
            return "center"
        case _:
            return gravity


def place(gravity: Compass | FocalPoint, free: tuple[int, int]) -> tuple[int, int]:
    """Return how far from left and top something lies that has `free` pixels of room across and down."""
    across, down = (gravity.x, gravity.y) if isinstance(gravity, FocalPoint) else _FRACTIONS[gravity]
    return math.floor(free[0] * across), math.floor(free[1] * down)


def place_cut(gravity: Compass | FocalPoint, whole: tuple[int, int], cut: tuple[int, int]) -> tuple[int, int]:
    """Return left and top of the part of size `cut` that is kept; a focal point comes as near its middle as it can."""
    free = whole[0] - cut[0], whole[1] - cut[1]
    if not isinstance(gravity, FocalPoint):
        return place(gravity, free)
    left = round(gravity.x * whole[0] - cut[0] / 2)
    top = round(gravity.y * whole[1] - cut[1] / 2)
    return min(max(left, 0), free[0]), min(max(top, 0), free[1])
