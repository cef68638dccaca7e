"""The options that every operation shares that takes pictures from a film, and how they become a layout."""

from typing import Final

from pydantic import Field

from filemill.processing.operations.planning import Facts, PlannedOutput
from filemill.processing.operations.quality import QUALITY_VALID, Quality, to_percent
from filemill.processing.operations.sizing import Layout, Resize, Size, plan_layout, round_to_even
from filemill.processing.operations.video.film_options import SizeOptions
from filemill.processing.operations.video.film_plan import choose_box
from filemill.processing.operations.video.frames import ENDINGS, MEDIA_TYPES, FrameFormat, FrameWish


class FrameOptions(SizeOptions):
    """Format, quality and size of pictures taken from a film."""

    format: FrameFormat = Field(
        "jpeg",
        description="Format of the picture.",
        examples=["webp"],
        json_schema_extra={"x-valid": "one of jpeg, png, webp"},
    )
    quality: Quality = Field(
        "high",
        description="Quality of jpeg and webp: low (50), medium (70), high (85) or a number; png ignores it.",
        examples=["high", 80],
        json_schema_extra={"x-valid": QUALITY_VALID},
    )


_USUAL_BOX: Final = Resize(width=1920, height=1920)


def wish_frame(facts: Facts, options: FrameOptions, usual_box: Resize = _USUAL_BOX) -> FrameWish:
    """Work out how a frame becomes a picture; where no size is given it fits into `usual_box`."""
    planned = plan_layout(Size(facts.width or 1, facts.height or 1), choose_box(options) or usual_box)
    is_exact = options.format == "png"
    layout = planned if is_exact else Layout(round_to_even(planned.scaled), round_to_even(planned.canvas))
    return FrameWish(format=options.format, layout=layout, percent=to_percent(options.quality))


def foresee_frame(wish: FrameWish, name: str) -> PlannedOutput:
    """Foresee the picture of a frame."""
    canvas = wish.layout.canvas
    return PlannedOutput(
        name=name, facts=Facts(media_type=MEDIA_TYPES[wish.format], width=canvas.width, height=canvas.height)
    )


def name_frame(stem: str, wish: FrameWish) -> str:
    """Name the picture by what it holds."""
    return f"{stem}.{ENDINGS[wish.format]}"
