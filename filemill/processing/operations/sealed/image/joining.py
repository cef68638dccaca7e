"""Sealed: several pictures put together into one: in a row, in a column, or in a grid."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyvips

from filemill.processing.bench import SealedCall
from filemill.processing.errors import OptionsError
from filemill.processing.operations.colors import Rgba, to_rgba
from filemill.processing.operations.image.geometry import Box, lay_out
from filemill.processing.operations.image.joining import Arrangement, arrange
from filemill.processing.operations.image.recipe import Recipe
from filemill.processing.operations.sealed.image.colours import flatten, with_three_bands
from filemill.processing.operations.sealed.image.explaining import explained
from filemill.processing.operations.sealed.image.facts import describe
from filemill.processing.operations.sealed.image.inputs import open_further_inputs, open_input
from filemill.processing.operations.sealed.image.picture import Bounds, Picture, refuse_pixels
from filemill.processing.operations.sealed.image.rendering import job_of, make_copy
from filemill.processing.operations.sealed.image.shaping import fit_canvas
from filemill.processing.operations.sizing import MAX_SIDE_PIXELS


def join(call: SealedCall) -> dict[str, Any]:
    """Write one picture of all that the call is given.

    Arguments: those of every picture, `recipe` for the writing, and `arrangement` (an Arrangement as a dict).
    """
    with explained():
        recipe = Recipe.model_validate(call.arguments["recipe"])
        wish = Arrangement.model_validate(call.arguments["arrangement"])
        bounds = Bounds.from_arguments(call.arguments)
        first = open_input(call, bounds)
        refuse_pixels(first.size, 1, bounds.max_pixels)
        pictures = [first, *open_further_inputs(call, bounds)]
        layout = arrange([picture.size for picture in pictures], wish)
        if layout.canvas.pixels > bounds.max_pixels:
            raise OptionsError(
                f"Together they would be {layout.canvas.width} x {layout.canvas.height} pixels; a picture may have "
                f"{bounds.max_pixels:,}: give width or height.",
                code="invalid_options",
            )
        longest = max(side for place in layout.places for side in (place.width, place.height))
        if longest > MAX_SIDE_PIXELS:
            raise OptionsError(
                f"A picture would have a side of {longest:,} pixels in it; it may have {MAX_SIDE_PIXELS:,}: give width "
                "or height.",
                code="invalid_options",
            )
        background = to_rgba(wish.background)
        joined = _make_canvas(layout.canvas.width, layout.canvas.height, background)
        for number, (picture, place) in enumerate(zip(pictures, layout.places, strict=True), start=1):
            part = _fit(picture, place, wish, background)
            joined = joined.insert(part, place.left, place.top).copy_memory()
            call.progress(0.8 * number / len(pictures), f"Picture {number} of {len(pictures)}")
        copy = make_copy(call, job_of(joined, first, recipe, bounds))
        sources: Sequence[Mapping[str, Any]] = [describe(picture) for picture in pictures]
        return {"sources": sources, "output": copy}


def _make_canvas(width: int, height: int, background: Rgba) -> Any:
    colour = list(background)[: 3 if background.is_opaque else 4]
    pixel = (pyvips.Image.black(1, 1, bands=len(colour)) + colour).cast("uchar").copy(interpretation="srgb")
    return pixel.embed(0, 0, width, height, extend="copy")


def _fit(picture: Picture, place: Any, wish: Arrangement, background: Rgba) -> Any:
    """Scale a picture to its place, and give it the bands of the canvas."""
    box = Box(width=place.width, height=place.height, fit=wish.cell_fit, enlarge=True)
    layout = lay_out(picture.size, box)
    image = fit_canvas(picture.scaled(layout.scaled), layout, "center", background)
    image = with_three_bands(image)
    if background.is_opaque:
        return flatten(image, background)
    return image if image.hasalpha() else image.addalpha()
