"""The options that change a picture's look, under the names and ranges of sharp, imgproxy and CSS; pure."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from filemill.processing.operations.declaration import Options

Multiplier = Annotated[float, Field(ge=0, le=10)]
Sigma = Annotated[float, Field(ge=0.3, le=250)]

_MULTIPLIER_VALID = "a number from 0 to 10, where 1 changes nothing"


class Adjustments(BaseModel):
    """What is done to a picture's look, in the order of its fields."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    blur: float | None = None
    sharpen: float | None = None
    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0
    grayscale: bool = False

    @property
    def is_none(self) -> bool:
        return self == Adjustments()


class AdjustOptions(Options):
    """What is done to the picture's look, after it was resized."""

    blur: Sigma | None = Field(
        None,
        description="Blur by a Gaussian of this sigma, in pixels of the copy.",
        examples=[5],
        json_schema_extra={"x-valid": "a number of pixels from 0.3 to 250"},
    )
    sharpen: Annotated[float, Field(ge=0.3, le=10)] | None = Field(
        None,
        description="Sharpen edges by an unsharp mask of this sigma, in pixels of the copy; 1 is mild.",
        examples=[1],
        json_schema_extra={"x-valid": "a number of pixels from 0.3 to 10"},
    )
    brightness: Multiplier = Field(
        1.0,
        description="Factor on the brightness: 0 is black, 2 twice as bright.",
        examples=[1.2],
        json_schema_extra={"x-valid": _MULTIPLIER_VALID},
    )
    contrast: Multiplier = Field(
        1.0,
        description="Factor on the distance of every colour from middle grey: 0 is all grey.",
        examples=[1.1],
        json_schema_extra={"x-valid": _MULTIPLIER_VALID},
    )
    saturation: Multiplier = Field(
        1.0,
        description="Factor on how colourful the picture is: 0 leaves greys.",
        examples=[0.5],
        json_schema_extra={"x-valid": _MULTIPLIER_VALID},
    )
    grayscale: bool = Field(
        False,
        description="Take the colours away, by how bright the eye sees them.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )

    def to_adjustments(self) -> Adjustments:
        """Return them apart from what else was asked for."""
        return Adjustments(**self.model_dump(include=set(Adjustments.model_fields)))
