"""Sealed: a libvips picture as Pillow's, for what libvips does not do."""

from typing import Any, Final

from PIL import Image

_MODES: Final = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def to_pillow(image: Any) -> Image.Image:
    """Copy an 8-bit picture of one to four bands."""
    return Image.frombytes(_MODES[image.bands], (image.width, image.height), image.write_to_memory())
