"""Sealed: what a picture's header tells."""

from typing import Any, Final

from filemill.processing.operations.sealed.image.picture import Picture

_MODES: Final = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_BIT_DEPTHS: Final = {
    "uchar": 8,
    "char": 8,
    "ushort": 16,
    "short": 16,
    "uint": 32,
    "int": 32,
    "float": 32,
    "double": 64,
}


def describe(picture: Picture) -> dict[str, Any]:
    """Give format, mode, depth, upright size and number of frames."""
    image = picture.image
    mode = "CMYK" if image.interpretation == "cmyk" else _MODES.get(image.bands, f"{image.bands} bands")
    return {
        "format": picture.format,
        "mode": mode,
        "bit_depth": _BIT_DEPTHS.get(image.format),
        "size": [picture.size.width, picture.size.height],
        "width": picture.size.width,
        "height": picture.size.height,
        "pages": picture.pages,
    }
