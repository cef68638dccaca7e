"""Sealed: a text drawn as a picture, by Pillow with a font of our own; no font of the system can be opened here."""

from importlib.resources import files
from io import BytesIO
from typing import Any, Final

import pyvips
from PIL import Image, ImageDraw, ImageFont

from filemill.processing.operations.colors import Rgba
from filemill.processing.operations.sealed.image.right_to_left import order_letters
from filemill.processing.operations.sizing import Size

_FONT_BYTES: Final = files("filemill.processing").joinpath("fonts/DejaVuSans.ttf").read_bytes()
_TRIAL_POINTS: Final = 100
_LEAST_POINTS: Final = 6
_MOST_POINTS: Final = 2000


def draw_text(text: str, colour: Rgba, room: Size) -> Any:
    """Draw a text as large as fits into `room`, as a libvips image of sRGB and alpha, cut close to its letters."""
    text = order_letters(text)
    points = _find_points(text, room)
    left, top, right, bottom = _measure(text, points)
    mask = Image.new("L", (max(1, round(right - left)), max(1, round(bottom - top))), 0)
    ImageDraw.Draw(mask).multiline_text((-left, -top), text, font=_font(points), fill=255, align="center")
    mask = mask.crop(mask.getbbox())
    alpha = pyvips.Image.new_from_memory(mask.tobytes(), mask.width, mask.height, 1, "uchar")
    letters = alpha.new_from_image([colour.red, colour.green, colour.blue]).copy(interpretation="srgb")
    if not colour.is_opaque:
        alpha = (alpha * (colour.alpha / 255)).cast("uchar")
    return letters.bandjoin(alpha)


def _find_points(text: str, room: Size) -> int:
    left, top, right, bottom = _measure(text, _TRIAL_POINTS)
    factor = min(room.width / max(1.0, right - left), room.height / max(1.0, bottom - top))
    return min(max(int(_TRIAL_POINTS * factor), _LEAST_POINTS), _MOST_POINTS)


def _measure(text: str, points: int) -> tuple[float, float, float, float]:
    draw = ImageDraw.Draw(Image.new("L", (1, 1)))
    return draw.multiline_textbbox((0, 0), text, font=_font(points), align="center")


def _font(points: int) -> ImageFont.FreeTypeFont:
    # Left to right, letter after letter: Pillow's own shaping takes a library that is not on every system.
    return ImageFont.truetype(BytesIO(_FONT_BYTES), points, layout_engine=ImageFont.Layout.BASIC)
