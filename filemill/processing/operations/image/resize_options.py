"""The options that say how large a picture becomes, for every operation that resizes; pure."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from filemill.processing.operations.declaration import Options
from filemill.processing.operations.gravity import GRAVITY_VALID, GravityOption
from filemill.processing.operations.image.geometry import Box, BoxFit
from filemill.processing.operations.other_names import by_other_names
from filemill.processing.operations.sizing import FIT_NAMES, MAX_SIDE_PIXELS, Side

# A picture is enlarged only where that is asked for, so the fill-down of imgproxy is our `cover`. So is its `fill`:
# here that is what sharp and CSS call so. The `crop` of Transloadit and the `auto` of imgproxy are called so here too.
_FIT_NAMES: Final[Mapping[str, BoxFit]] = {**FIT_NAMES, "fill-down": "cover"}

FitOption = Annotated[BoxFit, by_other_names(_FIT_NAMES, str)]

FIT_VALID: Final = f"inside, cover, contain, fill, outside, auto or crop (or {', '.join(_FIT_NAMES)})"
SIDE_VALID: Final = f"a whole number of pixels from 1 to {MAX_SIDE_PIXELS}"
RESIZE_VALID: Final = (
    f"[width, height] in pixels from 1 to {MAX_SIDE_PIXELS}, or an object with width, height or both, and fit, enlarge "
    "and gravity"
)


class Resize(BaseModel):
    """The box as one option; what it leaves out is said by the options beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    width: Side | None = Field(None, description="Width of the box in pixels.")
    height: Side | None = Field(None, description="Height of the box in pixels.")
    fit: FitOption | None = Field(None, description="How the picture comes into the box, as `fit`.")
    enlarge: bool | None = Field(None, description="As `enlarge`.")
    gravity: GravityOption | None = Field(None, description="As `gravity`.")

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


class ResizeOptions(Options):
    """How large the picture becomes."""

    resize: ResizeOption | None = Field(
        None,
        description="The box to resize to: a pair [width, height], or an object that can say `fit`, `enlarge` and "
        "`gravity` as well and may leave out one side. What stands beside it (`width`, `height`, `fit`, …) goes before "
        "what it says.",
        examples=[[1920, 1080], {"width": 800}, {"width": 400, "height": 400, "fit": "cover"}],
        json_schema_extra={"x-valid": RESIZE_VALID},
    )
    width: Side | None = Field(
        None,
        description="Width of the box in pixels; without a height, that follows from the aspect ratio.",
        examples=[1920],
        json_schema_extra={"x-valid": SIDE_VALID},
    )
    height: Side | None = Field(
        None,
        description="Height of the box in pixels; without a width, that follows from the aspect ratio.",
        examples=[1080],
        json_schema_extra={"x-valid": SIDE_VALID},
    )
    fit: FitOption | None = Field(
        None,
        description="How the picture comes into the box. `inside` (the default) fits into it and keeps the aspect "
        "ratio; `cover` fills it and cuts off what is over; `contain` fits into it and pads the rest with "
        "`background`; `fill` stretches to it; `outside` is the smallest size that covers it; `auto` is `cover` where "
        "picture and box are both upright or both not, and `inside` elsewhere; `crop` scales nothing and keeps a part "
        "as large as the box, where `gravity` says. Transloadit's names are understood (`fit` is `inside`, `fillcrop` "
        "`cover`, `pad` `contain`, `stretch` `fill`, `min_fit` `outside`), and imgproxy's (`fit`, `force` is `fill`, "
        "`fill-down` `cover`, `auto`) but for one: `fill` stretches here, as in sharp and CSS; imgproxy's `fill` is "
        "`cover`.",
        examples=["cover"],
        json_schema_extra={"x-valid": FIT_VALID},
    )
    enlarge: bool | None = Field(
        None,
        description="Whether a picture that is smaller than the box is enlarged; it is not unless asked for. Without, "
        "`cover` gives the largest part with the box's aspect ratio, and `contain` pads the picture as it is.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
    gravity: GravityOption | None = Field(
        None,
        description="What `cover` and `crop` keep and where `contain` puts the picture: a side or corner, `smart` "
        "(what draws the eye), `entropy` (the most detail), or a focal point. `center` when left out.",
        examples=["north", "smart", {"x": 0.5, "y": 0.3}, "fp:0.5:0.3"],
        json_schema_extra={"x-valid": GRAVITY_VALID},
    )

    def to_box(self) -> Box | None:
        """Return the box that all of them ask for together, or None when no size is asked for."""
        given = self.resize.model_dump(exclude_none=True) if self.resize else {}
        beside = {
            name: getattr(self, name)
            for name in ("width", "height", "fit", "enlarge", "gravity")
            if getattr(self, name) is not None
        }
        box = Box(**{**given, **beside})
        return None if box.width is None and box.height is None else box
