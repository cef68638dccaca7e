"""Where each of several pictures lies when they are put together; pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from filemill.processing.operations.image.geometry import Region
from filemill.processing.operations.sizing import Size

Direction = Literal["horizontal", "vertical", "grid"]
CellFit = Literal["cover", "contain"]


class Arrangement(BaseModel):
    """How pictures are put together."""

    model_config = ConfigDict(frozen=True)

    direction: Direction = "horizontal"
    columns: int | None = None
    width: int | None = None
    height: int | None = None
    gap: int = 0
    fit: CellFit = "cover"
    background: str = "white"

    @property
    def cell_fit(self) -> Literal["cover", "contain", "fill"]:
        """In a row or column a place has its picture's own shape, up to a rounding."""
        return self.fit if self.direction == "grid" else "fill"


@dataclass(frozen=True)
class Arranged:
    """The whole, and the place of each picture in it."""

    canvas: Size
    places: tuple[Region, ...]


def arrange(sizes: Sequence[Size], wish: Arrangement) -> Arranged:
    """Find the places: in a row all are of one height, in a column of one width, in a grid all are alike.

    Without a height or width that is the least among the pictures, so that nothing is enlarged.
    """
    match wish.direction:
        case "horizontal":
            height = wish.height or min(size.height for size in sizes)
            return _line_up([Size(_scale(size.width, height, size.height), height) for size in sizes], wish.gap, (1, 0))
        case "vertical":
            width = wish.width or min(size.width for size in sizes)
            return _line_up([Size(width, _scale(size.height, width, size.width)) for size in sizes], wish.gap, (0, 1))
        case "grid":
            return _make_grid(sizes, wish)


def _scale(side: int, to: int, of: int) -> int:
    return max(1, round(side * to / of))


def _line_up(sizes: Sequence[Size], gap: int, step: tuple[int, int]) -> Arranged:
    places, at = [], 0
    for size in sizes:
        places.append(Region(at * step[0], at * step[1], size.width, size.height))
        at += (size.width if step[0] else size.height) + gap
    return Arranged(_enclose(places), tuple(places))


def _make_grid(sizes: Sequence[Size], wish: Arrangement) -> Arranged:
    columns = min(wish.columns or math.ceil(math.sqrt(len(sizes))), len(sizes))
    width = wish.width or min(size.width for size in sizes)
    height = wish.height or min(size.height for size in sizes)
    places = [
        Region(number % columns * (width + wish.gap), number // columns * (height + wish.gap), width, height)
        for number in range(len(sizes))
    ]
    return Arranged(_enclose(places), tuple(places))


def _enclose(places: Sequence[Region]) -> Size:
    return Size(max(place.left + place.width for place in places), max(place.top + place.height for place in places))
