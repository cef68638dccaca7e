"""Where a watermark lies on a page; pure geometry in points, with the origin at the lower left."""

from dataclasses import dataclass
from math import cos, radians, sin

from filemill.processing.operations.gravity import Compass, place

_UNITS_PER_POINT = 100


@dataclass(frozen=True)
class Box:
    """A rectangle: its lower left corner and its sides."""

    left: float
    bottom: float
    width: float
    height: float


def turned_size(width: float, height: float, degrees: float) -> tuple[float, float]:
    """Return the sides of the box around a rectangle that is turned."""
    across, along = abs(cos(radians(degrees))), abs(sin(radians(degrees)))
    return width * across + height * along, width * along + height * across


def place_mark(
    page: tuple[float, float], mark: tuple[float, float], *, scale: float, position: Compass, margin: float
) -> Box:
    """Fit a mark into `scale` of a page as it is seen, and put it to a side, a corner or the middle."""
    factor = min(page[0] * scale / max(mark[0], 0.01), page[1] * scale / max(mark[1], 0.01))
    width, height = mark[0] * factor, mark[1] * factor
    free = max(0.0, page[0] - 2 * margin - width), max(0.0, page[1] - 2 * margin - height)
    across, down = place(position, (round(free[0] * _UNITS_PER_POINT), round(free[1] * _UNITS_PER_POINT)))
    left = min(margin, page[0] - width) + across / _UNITS_PER_POINT
    top = min(margin, page[1] - height) + down / _UNITS_PER_POINT
    return Box(left, page[1] - top - height, width, height)


def lay_on_turned_page(box: Box, page: tuple[float, float], rotation: int) -> Box:
    """Give the place on a page of sides `page` of a box that is placed on it as it is seen, turned by `rotation`."""
    match rotation % 360:
        case 90:
            return Box(page[0] - box.bottom - box.height, box.left, box.height, box.width)
        case 180:
            return Box(page[0] - box.left - box.width, page[1] - box.bottom - box.height, box.width, box.height)
        case 270:
            return Box(box.bottom, page[1] - box.left - box.width, box.height, box.width)
    return box
