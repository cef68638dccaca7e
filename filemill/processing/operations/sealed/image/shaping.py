"""Sealed: the shape of a picture: cut out, trimmed, turned, and cut or padded to its canvas."""

from collections.abc import Sequence
from typing import Any, Final

import pyvips

from filemill.processing.errors import OptionsError
from filemill.processing.operations.colors import Rgba, to_rgba
from filemill.processing.operations.gravity import Gravity, place, place_cut, without_seeing
from filemill.processing.operations.image.geometry import Crop, EmptyCrop, Flip, Region, find_region
from filemill.processing.operations.image.shape_options import Trim
from filemill.processing.operations.sealed.image.colours import CLEAR, take, to_bands
from filemill.processing.operations.sealed.image.frames import each_frame, split_frames
from filemill.processing.operations.sizing import Layout, Size

_INTEREST: Final = {"smart": "attention", "entropy": "entropy"}
_SPECK_WINDOW: Final = 3
"""Pixels on each side of the median by which libvips overlooks specks; it refuses pictures that are smaller."""


def size_of_frame(image: Any) -> Size:
    return Size(image.width, image.get_page_height())


def cut_out(image: Any, crop: Crop) -> Any:
    """Cut a part out of every frame. Raises OptionsError when nothing of the picture lies within it."""
    size = size_of_frame(image)
    try:
        region = find_region(size, crop)
    except EmptyCrop as error:
        message = f"crop lies outside the picture, which is {size.width} x {size.height}: {error}."
        raise OptionsError(message, code="invalid_options") from error
    if crop.left is None and crop.gravity in _INTEREST:
        image = image.copy_memory()
        region = _look(image, region.size, crop.gravity)
    return _cut(image, region)


def trim(image: Any, wish: Trim) -> Any:
    """Cut off a border of one colour; of an animation only what is border in every frame. `image` is in memory."""
    found = [region for frame in split_frames(image) if (region := _find_content(frame, wish)) is not None]
    if not found:
        return image
    left, top = min(region.left for region in found), min(region.top for region in found)
    right = max(region.left + region.width for region in found)
    bottom = max(region.top + region.height for region in found)
    return _cut(image, Region(left, top, right - left, bottom - top))


def turn_picture(image: Any, degrees: float, flip: Flip | None, background: Rgba | None) -> Any:
    """Turn clockwise and mirror every frame; `image` is in memory, unless neither is asked for."""

    def change(frame: Any) -> Any:
        frame = _rotate(frame, degrees % 360, background or CLEAR)
        if flip in ("horizontal", "both"):
            frame = frame.fliphor()
        return frame.flipver() if flip in ("vertical", "both") else frame

    return each_frame(image, change)


def fit_canvas(image: Any, layout: Layout, gravity: Gravity, background: Rgba | None) -> Any:
    """Cut every frame down to the canvas, or pad it."""
    scaled, canvas = layout.scaled, layout.canvas
    if scaled == canvas:
        return image
    if scaled.width >= canvas.width and scaled.height >= canvas.height:
        if gravity in _INTEREST:
            image = image.copy_memory()
            return _cut(image, _look(image, canvas, gravity))
        left, top = place_cut(without_seeing(gravity), (scaled.width, scaled.height), (canvas.width, canvas.height))
        return _cut(image, Region(left, top, canvas.width, canvas.height))
    image = take(image, background or CLEAR)
    colour = to_bands(background or CLEAR, image)
    left, top = place(without_seeing(gravity), (canvas.width - scaled.width, canvas.height - scaled.height))
    return each_frame(
        image,
        lambda frame: frame.embed(left, top, canvas.width, canvas.height, extend="background", background=colour),
    )


def _cut(image: Any, region: Region) -> Any:
    if region.size == size_of_frame(image):
        return image
    return each_frame(image, lambda frame: frame.crop(region.left, region.top, region.width, region.height))


def _look(image: Any, size: Size, gravity: Gravity) -> Region:
    """Find the part of that size that matters most in the first frame; `image` is in memory."""
    first = split_frames(image)[0]
    width, height = min(size.width, first.width), min(size.height, first.height)
    if not isinstance(gravity, str):
        raise TypeError("a focal point needs no look")
    found = first.smartcrop(width, height, interesting=_INTEREST[gravity])
    return Region(-found.xoffset, -found.yoffset, width, height)


def _find_content(frame: Any, wish: Trim) -> Region | None:
    """Find what is no border; None when all is."""
    corner = frame.getpoint(0, 0)
    if wish.background is None and frame.hasalpha() and corner[-1] == 0:
        left, top, width, height = _find_other(frame.extract_band(frame.bands - 1), [0.0], wish.threshold)
    else:
        bands = frame.bands - int(frame.hasalpha())
        colour = to_bands(to_rgba(wish.background), frame) if wish.background else corner
        left, top, width, height = _find_other(frame, colour[:bands], wish.threshold)
    return Region(left, top, width, height) if width and height else None


def _find_other(frame: Any, background: Sequence[float], threshold: float) -> list[int]:
    """Find what is not the background; specks are overlooked, where a picture is large enough to have any."""
    is_thin = min(frame.width, frame.height) < _SPECK_WINDOW
    return list(frame.find_trim(threshold=threshold, background=list(background), line_art=is_thin))


def _rotate(frame: Any, degrees: float, background: Rgba) -> Any:
    quarters = {0: "d0", 90: "d90", 180: "d180", 270: "d270"}
    if degrees in quarters:
        return frame.rot(quarters[int(degrees)]) if degrees else frame
    frame = take(frame, background)
    smooth = pyvips.Interpolate.new("bicubic")
    turned = frame.rotate(degrees, interpolate=smooth, background=to_bands(background, frame))
    return turned.cast("uchar").copy(interpretation=frame.interpretation)
