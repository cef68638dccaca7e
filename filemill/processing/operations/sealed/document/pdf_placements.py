"""Sealed: how large a PDF's pictures are shown at the most, read from what its pages draw."""

from math import hypot
from typing import Any, Final

import pikepdf

_OPERATORS: Final = "q Q cm Do"
_MAX_DEPTH: Final = 8
_MAX_DRAWN: Final = 200_000
"""Pictures and groups drawn in all; a few nested groups can draw billions."""
_MAX_SAVED: Final = 512

ObjectId = tuple[int, int]


class Placements:
    """Walks through the pages' content and keeps, for each picture, its largest size in points."""

    def __init__(self) -> None:
        self.sizes: dict[ObjectId, tuple[float, float]] = {}
        self.images: dict[ObjectId, pikepdf.Stream] = {}
        self._drawn = 0

    @property
    def is_whole(self) -> bool:
        """Whether all was looked at; otherwise a picture may be shown larger than is known."""
        return self._drawn <= _MAX_DRAWN

    def add_page(self, page: pikepdf.Page) -> None:
        """Look at what a page draws; where that can't be read, not all is known."""
        try:
            self._walk(page.obj, page.obj.get("/Resources"), pikepdf.Matrix.identity(), depth=0)
        except (pikepdf.PikepdfError, ValueError, TypeError):
            self._drawn = _MAX_DRAWN + 1

    def _walk(self, content: Any, resources: Any, matrix: pikepdf.Matrix, *, depth: int) -> None:
        drawables: Any = resources.get("/XObject") if isinstance(resources, pikepdf.Dictionary) else None
        if not isinstance(drawables, pikepdf.Dictionary) or depth > _MAX_DEPTH:
            return
        saved: list[pikepdf.Matrix] = []
        for instruction in pikepdf.parse_content_stream(content, _OPERATORS):
            operands: Any = instruction.operands
            match str(instruction.operator):
                case "q" if len(saved) < _MAX_SAVED:
                    saved.append(matrix)
                case "Q" if saved:
                    matrix = saved.pop()
                case "cm" if len(operands) == 6:
                    matrix = pikepdf.Matrix(*(float(number) for number in operands)) @ matrix
                case "Do" if len(operands) == 1 and self.is_whole:
                    self._drawn += 1
                    self._draw(drawables.get(str(operands[0])), resources, matrix, depth=depth)

    def _draw(self, thing: Any, resources: Any, matrix: pikepdf.Matrix, *, depth: int) -> None:
        if not isinstance(thing, pikepdf.Stream):
            return
        if thing.get("/Subtype") == "/Image":
            self._keep(thing, matrix)
        elif thing.get("/Subtype") == "/Form":
            own: Any = thing.get("/Matrix")
            if isinstance(own, pikepdf.Array) and len(own) == 6:
                matrix = pikepdf.Matrix(own) @ matrix
            self._walk(thing, thing.get("/Resources", resources), matrix, depth=depth + 1)

    def _keep(self, image: pikepdf.Stream, matrix: pikepdf.Matrix) -> None:
        known = self.sizes.get(image.objgen, (0.0, 0.0))
        shown = hypot(matrix.a, matrix.b), hypot(matrix.c, matrix.d)
        self.sizes[image.objgen] = max(known[0], shown[0]), max(known[1], shown[1])
        self.images[image.objgen] = image
