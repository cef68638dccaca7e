"""How large a page becomes when it is drawn; pure."""

from dataclasses import dataclass
from math import ceil
from typing import Final

from filemill.processing.errors import InputError

POINTS_PER_INCH: Final = 72
LEAST_SIDE_POINTS: Final = 3
MOST_SIDE_POINTS: Final = 14_400
"""What a page has on a side by the standard, and what writers of PDFs make; readers show others too."""
MAX_SIDE_PIXELS: Final = 16_383
"""The longest side of a drawn page; WebP can't hold more."""
_MAX_PREVIEW_SIDE: Final = 3000


@dataclass(frozen=True)
class Drawing:
    """Pixels of a drawn page, and how many of them stand for a point."""

    width: int
    height: int
    scale: float


def plan_drawing(width: float, height: float, *, dpi: float, box_width: int | None, box_height: int | None) -> Drawing:
    """Lay out a page of `width` x `height` points: at `dpi`, or into the box, of which one side may be left out."""
    width, height = max(width, 0.01), max(height, 0.01)
    scales = [side / points for side, points in ((box_width, width), (box_height, height)) if side]
    scale = min(scales) if scales else dpi / POINTS_PER_INCH
    return Drawing(_count_pixels(width * scale), _count_pixels(height * scale), scale)


def plan_preview(width: float, height: float, *, dpi: float) -> Drawing:
    """Lay out a page at `dpi`, or smaller where its paper is so large that its picture would fill memory."""
    longest = max(width, height) * dpi / POINTS_PER_INCH
    box = _MAX_PREVIEW_SIDE if longest > _MAX_PREVIEW_SIDE else None
    return plan_drawing(width, height, dpi=dpi, box_width=box, box_height=box)


def _count_pixels(length: float) -> int:
    """A pixel that is only begun counts, but not one that a float's last digits begin."""
    return max(1, ceil(length - 1e-4))


def refuse_huge_drawing(drawing: Drawing, *, page: int, max_pixels: int) -> None:
    """Refuse a page that would become too large, before it is drawn; raises InputError `too_many_pixels`."""
    pixels = drawing.width * drawing.height
    if pixels > max_pixels or max(drawing.width, drawing.height) > MAX_SIDE_PIXELS:
        raise InputError(
            f"Page {page:,} would have {drawing.width:,} x {drawing.height:,} pixels; a page may have {max_pixels:,} "
            f"in all and {MAX_SIDE_PIXELS:,} on a side: ask for a lower dpi, or for a width.",
            code="too_many_pixels",
        )
