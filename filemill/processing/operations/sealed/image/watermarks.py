"""Sealed: a text or a picture laid over every frame of another."""

from typing import Any

from filemill.processing.errors import OptionsError
from filemill.processing.operations.colors import to_rgba
from filemill.processing.operations.gravity import place
from filemill.processing.operations.image.watermark_options import Watermark
from filemill.processing.operations.sealed.image.colours import with_three_bands
from filemill.processing.operations.sealed.image.frames import each_frame
from filemill.processing.operations.sealed.image.lettering import draw_text
from filemill.processing.operations.sealed.image.picture import Picture
from filemill.processing.operations.sealed.image.shaping import size_of_frame
from filemill.processing.operations.sizing import Size


def lay_over(image: Any, wish: Watermark, mark: Picture | None) -> Any:
    """Lay the watermark over every frame. Raises OptionsError when it names no text and no input was given."""
    size = size_of_frame(image)
    room = Size(max(1, round(size.width * wish.scale)), max(1, round(size.height * wish.scale)))
    overlay = _fade(_make(wish, mark, room), wish.opacity).copy_memory()
    if wish.repeat:
        overlay, place_of_it = _repeat(overlay, size, wish.offset), (0, 0)
    else:
        place_of_it = _find_place(wish, size, overlay)
    return each_frame(image, lambda frame: _compose(frame, overlay, place_of_it))


def _make(wish: Watermark, mark: Picture | None, room: Size) -> Any:
    if wish.text is not None:
        return draw_text(wish.text, to_rgba(wish.color), room)
    if mark is None:
        raise OptionsError(
            "watermark names no text, and the request no picture: give one of them, the picture by `inputs`.",
            code="invalid_options",
        )
    factor = min(room.width / mark.size.width, room.height / mark.size.height)
    fitted = Size(max(1, round(mark.size.width * factor)), max(1, round(mark.size.height * factor)))
    overlay = with_three_bands(mark.scaled(fitted))
    return overlay if overlay.hasalpha() else overlay.addalpha()


def _fade(overlay: Any, opacity: float) -> Any:
    if opacity == 1:
        return overlay
    colours, alpha = overlay.extract_band(0, n=3), overlay.extract_band(3)
    return colours.bandjoin((alpha * opacity).rint().cast("uchar")).copy(interpretation="srgb")


def _repeat(overlay: Any, size: Size, gap: tuple[int, int]) -> Any:
    across, down = overlay.width + max(0, gap[0]), overlay.height + max(0, gap[1])
    tile = overlay.embed(0, 0, across, down, extend="background", background=[0.0] * 4)
    return tile.replicate(-(-size.width // across), -(-size.height // down)).crop(0, 0, size.width, size.height)


def _find_place(wish: Watermark, size: Size, overlay: Any) -> tuple[int, int]:
    """Count the offset inwards from a side, and to the right and down from the middle."""
    left, top = place(wish.position, (size.width - overlay.width, size.height - overlay.height))
    across, down = wish.offset
    left += -across if "east" in wish.position else across
    top += -down if "south" in wish.position else down
    return left, top


def _compose(frame: Any, overlay: Any, at: tuple[int, int]) -> Any:
    has_alpha = frame.hasalpha()
    frame = with_three_bands(frame)
    composed = frame.composite2(overlay, "over", x=at[0], y=at[1]).cast("uchar").copy(interpretation="srgb")
    return composed if has_alpha else composed.extract_band(0, n=3)
