"""Sealed: a watermark's picture, scaled and weakened, as plain pixels that FFmpeg lays over a film."""

import os
from io import FileIO
from typing import Any, Final

import pyvips

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError

_OPAQUE: Final = 255.0


def draw_overlay(call: SealedCall) -> dict[str, Any]:
    """Write the first further input as RGBA, as large as the box `width` x `height` allows.

    Arguments: the output's `name`, the box, `opacity` (0 to 1), `max_pixels`. Gives `width` and `height`.
    """
    try:
        image = _draw(call)
    except pyvips.Error as error:
        message = "The watermark's picture is damaged, or of a format that can't be read."
        raise InputError(message, code="corrupt_file", evidence={"libvips": str(error)[:500]}) from error
    return {"width": image.width, "height": image.height}


def _draw(call: SealedCall) -> Any:
    header = pyvips.Image.new_from_source(_open(call), "", access="sequential")
    if header.width * header.height > call.arguments["max_pixels"]:
        message = (
            f"The watermark has {header.width} x {header.height} pixels; it may have {call.arguments['max_pixels']:,}."
        )
        raise InputError(message, code="too_many_pixels")
    image = pyvips.Image.thumbnail_source(_open(call), call.arguments["width"], height=call.arguments["height"])
    image = image.colourspace("srgb").cast("uchar")
    if not image.hasalpha():
        image = image.bandjoin(_OPAQUE)
    colours, alpha = image.extract_band(0, n=3), image.extract_band(image.bands - 1)
    image = colours.bandjoin((alpha * call.arguments["opacity"]).cast("uchar")).copy_memory()
    output = call.create_output(call.arguments["name"], "application/octet-stream")
    with FileIO(output.fd, "wb", closefd=False) as file:
        _write_all(file, image.write_to_memory())
    return image


def _open(call: SealedCall) -> Any:
    os.lseek(call.input_fds[0], 0, os.SEEK_SET)
    return pyvips.Source.new_from_descriptor(call.input_fds[0])


def _write_all(file: FileIO, pixels: bytes) -> None:
    rest = memoryview(pixels)
    while rest:
        rest = rest[file.write(rest) or 0 :]
