"""A picture laid over a film: where it goes and how large, and how it is prepared in the cage."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from filemill.processing.bench import Bench, Input, Limits, Output
from filemill.processing.errors import OptionsError
from filemill.processing.media import IMAGE_TYPES
from filemill.processing.operations.declaration import Options
from filemill.processing.operations.ffmpeg.coding import COPY
from filemill.processing.operations.ffmpeg.filters import Overlay
from filemill.processing.operations.gravity import CompassOption, Offset, OffsetPair
from filemill.processing.operations.sealed_name import SealedName
from filemill.processing.operations.sizing import Size

WATERMARK_TYPES: Final = IMAGE_TYPES - {"image/heic", "image/bmp"}

_LIMITS: Final = Limits(memory_bytes=512 * 1024**2, cpu_seconds=60, wall_seconds=90.0)
_FROM_THE_EDGE: Final = 16

draw_overlay = SealedName("video.overlay", "draw_overlay")


class Watermark(BaseModel):
    """Where the picture goes, how large and how strong it is, and when it is seen."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    position: CompassOption = Field("southeast", description="The side or corner, or `center`.")
    scale: Annotated[float, Field(gt=0, le=1)] = Field(0.2, description="Its width as a part of the film's.")
    opacity: Annotated[float, Field(gt=0, le=1)] = Field(1.0, description="1 covers the film, 0.5 lets half through.")
    offset: OffsetPair | None = Field(
        None,
        description="Distance from the side or corner in pixels, across and down, 16 where nothing is said; from the "
        "middle, 0.",
    )
    x_offset: Offset | None = Field(None, description="The first of `offset` by itself.")
    y_offset: Offset | None = Field(None, description="The second of `offset` by itself.")
    start: Annotated[float, Field(ge=0, le=1e6)] | None = Field(None, description="When it appears, in seconds.")
    end: Annotated[float, Field(ge=0, le=1e6)] | None = Field(None, description="When it disappears, in seconds.")


WATERMARK_VALID: Final = (
    "true, false or an object with any of position (a side or corner), scale and opacity from 0 to 1, offset as "
    "[across, down] in pixels, x_offset and y_offset, start and end in seconds"
)


class WatermarkedOptions(Options):
    """Whether a picture is laid over what is made."""

    watermark: StrictBool | Watermark = Field(
        False,
        description="Lay a picture over the film: the one that `inputs` names. An object says where and how large.",
        examples=[{"position": "northeast", "scale": 0.15, "opacity": 0.7}],
        json_schema_extra={"x-valid": WATERMARK_VALID},
    )

    def find_watermark(self) -> Watermark | None:
        """Give what is asked for, in full; None where nothing is."""
        if isinstance(self.watermark, Watermark):
            return self.watermark
        return Watermark() if self.watermark else None


def refuse_on_a_copy(watermark: Watermark | None, video_codec: str | None) -> None:
    """Refuse a watermark on a picture that is not encoded."""
    if watermark is not None and video_codec == COPY:
        message = "A watermark changes the picture, so video_codec can't be copy."
        raise OptionsError(message, code="invalid_options")


def prepare_overlay(
    bench: Bench, watermark: Watermark, film: Size, picture: Input, *, part: float = 1.0
) -> tuple[Overlay, Output]:
    """Decode, scale and weaken the picture in the cage, and say where it lies.

    Of a film that is made in several sizes, `part` is how large this one is against that whose pixels are meant.
    """
    width = max(1, round(film.width * watermark.scale))
    before = len(bench.outputs)
    drawn = bench.call(
        draw_overlay,
        {
            "name": f"watermark-{film.width}x{film.height}.rgba",
            "width": width,
            "height": film.height,
            "opacity": watermark.opacity,
            "max_pixels": bench.input_limits.max_pixels,
        },
        inputs=[picture],
        share=(3.0, 3.0),
        limits=_LIMITS,
    )
    size = Size(drawn["width"], drawn["height"])
    return place_overlay(watermark, film, size, part=part), bench.outputs[before]


def place_overlay(watermark: Watermark, film: Size, size: Size, *, part: float = 1.0) -> Overlay:
    """Work out where the upper left corner of the picture is; distances are multiplied by `part`."""
    position = watermark.position
    across, down = watermark.offset or (None, None)
    across = across if watermark.x_offset is None else watermark.x_offset
    down = down if watermark.y_offset is None else watermark.y_offset
    return Overlay(
        size=size,
        left=_place("west" in position, "east" in position, film.width - size.width, across, part),
        top=_place("north" in position, "south" in position, film.height - size.height, down, part),
        from_seconds=watermark.start,
        to_seconds=watermark.end,
    )


def _place(is_first: bool, is_last: bool, room: int, offset: int | None, part: float) -> int:
    if is_first or is_last:
        away = round((_FROM_THE_EDGE if offset is None else offset) * part)
        return away if is_first else room - away
    return room // 2 + round((offset or 0) * part)


def only_picture(bench: Bench) -> Input:
    """Give the picture that came with the film; raises OptionsError when there is none."""
    if not bench.inputs:
        message = "watermark needs a picture: name it in inputs, beside the film."
        raise OptionsError(message, code="invalid_options")
    return bench.inputs[0]


def describe_place(overlay: Overlay) -> dict[str, Any]:
    """Tell where the watermark lies, for the result."""
    return {"left": overlay.left, "top": overlay.top, "width": overlay.size.width, "height": overlay.size.height}
