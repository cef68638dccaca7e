"""Sealed: what a picture's header tells, for plans; no pixel is decoded."""

from typing import Any

from filemill.processing.bench import SealedCall
from filemill.processing.operations.sealed.image.bitmap import read_bitmap_size
from filemill.processing.operations.sealed.image.explaining import explained
from filemill.processing.operations.sealed.image.facts import describe
from filemill.processing.operations.sealed.image.heif import open_heif, size_of_heif
from filemill.processing.operations.sealed.image.inputs import open_input
from filemill.processing.operations.sealed.image.picture import Bounds, refuse_pixels
from filemill.processing.operations.sealed.opening import open_descriptor, refuse_empty


def probe(call: SealedCall) -> dict[str, Any]:
    """Give format, upright size, pages, and mode, depth and transparency as far as the header tells them."""
    refuse_empty(call)
    bounds = Bounds.from_arguments(call.arguments)
    with explained():
        match call.arguments["media_type"]:
            case "image/bmp":
                size = read_bitmap_size(call.source_fd)
                found: dict[str, Any] = {"format": "bmp"}
            case "image/heic":
                heif = open_heif(open_descriptor(call.source_fd))
                size = size_of_heif(heif)
                found = {"format": "heic", "mode": heif.mode, "has_alpha": heif.mode in ("LA", "RGBA")}
            case _:
                picture = open_input(call, bounds)
                return {**describe(picture), "has_alpha": bool(picture.image.hasalpha())}
    refuse_pixels(size, 1, bounds.max_pixels)
    return {**found, "width": size.width, "height": size.height, "pages": 1}
