"""The options that cut out, turn and trim a picture; pure."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from filemill.processing.operations.colors import COLOR_VALID, Color
from filemill.processing.operations.declaration import Options
from filemill.processing.operations.image.geometry import CROP_VALID, CropOption, Flip

_FLIP_ALIASES: Final[Mapping[str, Flip]] = {"h": "horizontal", "flop": "horizontal", "v": "vertical", "hv": "both"}

FlipOption = Annotated[
    Flip,
    BeforeValidator(
        lambda value: _FLIP_ALIASES.get(value, value) if isinstance(value, str) else value, json_schema_input_type=str
    ),
]


class Trim(BaseModel):
    """How the border of one colour is told from the picture."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    threshold: Annotated[float, Field(ge=0, le=255)] = Field(
        10.0, description="By how much a pixel must differ from the border's colour to belong to the picture, 0 to 255."
    )
    background: Color | None = Field(
        None, description="The border's colour; that of the upper left pixel when left out."
    )


def _from_short_form(value: Any) -> Any:
    """Read true, false and a bare threshold."""
    if isinstance(value, bool):
        return {} if value else None
    return {"threshold": value} if isinstance(value, int | float) else value


TrimOption = Annotated[
    Trim | None,
    BeforeValidator(_from_short_form, json_schema_input_type=bool | Annotated[float, Field(ge=0, le=255)] | Trim),
]
TRIM_VALID: Final = "true, a threshold from 0 to 255, or an object with threshold and background"


class CropOptions(Options):
    """Which part of the picture is cut out first."""

    crop: CropOption | None = Field(
        None,
        description="The part that is cut out before anything else is done, measured on the upright picture. What lies "
        "outside the picture is left off.",
        examples=[
            {"left": 10, "top": 20, "width": 300, "height": 200},
            {"x1": "25%", "y1": "25%", "x2": "75%", "y2": "75%"},
            {"width": 400, "height": 400, "gravity": "smart"},
            {"aspect": "16:9"},
        ],
        json_schema_extra={"x-valid": CROP_VALID},
    )


class TrimOptions(Options):
    """Whether a border of one colour is cut off."""

    trim: TrimOption = Field(
        None,
        description="Cut off a border of one colour (after `crop`): true, a threshold, or an object. A picture that is "
        "all border stays as it is.",
        examples=[True, 20, {"threshold": 10, "background": "#ffffff"}],
        json_schema_extra={"x-valid": TRIM_VALID},
    )


class TurnOptions(Options):
    """How the picture is turned."""

    auto_orient: bool = Field(
        True,
        description="Turn the picture upright as its EXIF orientation says. HEIC and AVIF pictures are upright in any "
        "case.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
    rotate: Annotated[float, Field(ge=-360, le=360)] = Field(
        0,
        description="Degrees by which the picture is turned clockwise, after `crop` and `trim`. Between quarter turns "
        "the canvas grows, and its corners are `background`.",
        examples=[90, -15],
        json_schema_extra={"x-valid": "a number from -360 to 360"},
    )
    flip: FlipOption | None = Field(
        None,
        description="Mirror the picture after it was turned: `horizontal` swaps left and right, `vertical` top and "
        "bottom.",
        examples=["horizontal"],
        json_schema_extra={"x-valid": "horizontal, vertical or both (or h, v, hv)"},
    )


class BackgroundOptions(Options):
    """What lies behind the picture."""

    background: Color | None = Field(
        None,
        description="The colour of padding and of corners that turning leaves, and of what lies behind transparent "
        "parts. Left out, they are transparent, or white in a format without transparency.",
        examples=["white", "#102030", "#10203080"],
        json_schema_extra={"x-valid": COLOR_VALID},
    )
