"""The option that lays a text or a picture over another; pure."""

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from filemill.processing.operations.colors import Color
from filemill.processing.operations.declaration import Options
from filemill.processing.operations.gravity import CompassOption, OffsetPair

MAX_TEXT_CHARACTERS: Final = 200
SCRIPTS: Final = """\
A text is set in DejaVu Sans: Latin (Uzbek's letters among them), Cyrillic, Greek, Armenian and Georgian; Hebrew, and
Arabic with the letters of Persian and Uyghur, joined and from right to left. Scripts whose letters change places, such
as Devanagari, can't be written."""
"""For the pages of all operations that can write one."""


def _has_something_to_show(text: str) -> str:
    if not any(character.isprintable() and not character.isspace() for character in text):
        raise ValueError("there is nothing to show")
    return text


class Watermark(BaseModel):
    """What is laid over a picture, and where."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    text: Annotated[str, Field(max_length=MAX_TEXT_CHARACTERS), AfterValidator(_has_something_to_show)] | None = Field(
        None,
        description="A text of Latin (Uzbek's among them), Cyrillic, Greek, Armenian, Georgian, Hebrew or Arabic "
        "letters, in one or more lines; without it, the first of `inputs` is laid over the picture.",
    )
    color: Color = Field("white", description="Colour of the text.")
    position: CompassOption = Field("southeast", description="The side or corner, or `center`.")
    opacity: Annotated[float, Field(ge=0, le=1)] = Field(1.0, description="0 can't be seen, 1 hides what is below.")
    scale: Annotated[float, Field(gt=0, le=1)] = Field(
        0.25, description="The part of the picture's width, and of its height, into which the watermark fits."
    )
    offset: OffsetPair = Field(
        (0, 0), description="Distance from the side or corner in pixels, across and down; between repetitions, the gap."
    )
    repeat: bool = Field(False, description="Cover the whole picture with it, side by side.")


WATERMARK_VALID: Final = (
    "an object with text (or an input), color, position (a side or corner), opacity from 0 to 1, scale above 0 up to "
    "1, offset as [across, down] in pixels, and repeat"
)


class WatermarkOptions(Options):
    """What is laid over the picture at the end."""

    watermark: Watermark | None = Field(
        None,
        description="A text or a picture (the first of `inputs`) that is laid over the copy. `position` is a side or "
        "corner (`southeast`), `opacity` 0 to 1 (`1`), `scale` the part of the copy that it may take (`0.25`), "
        "`offset` the distance from the side in pixels (`[0, 0]`), `repeat` covers the copy with it (`false`), `color` "
        "is the text's (`white`).",
        examples=[
            {"text": "© Anna", "position": "southeast", "opacity": 0.7, "offset": [10, 10]},
            {"scale": 0.2, "repeat": True, "opacity": 0.3},
        ],
        json_schema_extra={"x-valid": WATERMARK_VALID},
    )
