"""Sealed: many small frames of plain RGB become one sheet."""

import os
from io import FileIO
from typing import Any, Final

import pyvips

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError

_BANDS: Final = 3


def make_sheet(call: SealedCall) -> dict[str, Any]:
    """Write the output `name` from the inputs, row by row.

    Arguments: `name`, `media_type`, `format` (jpeg, png, webp), `percent`, `width` and `height` of a frame, `columns`.
    Gives `width` and `height` of the sheet.
    """
    width, height = call.arguments["width"], call.arguments["height"]
    frames = [_read_frame(descriptor, width, height) for descriptor in call.input_fds]
    try:
        sheet = pyvips.Image.arrayjoin(frames, across=call.arguments["columns"])
        encoded = _encode(sheet.copy(interpretation="srgb"), call.arguments["format"], call.arguments["percent"])
    except pyvips.Error as error:
        message = "The frames of the video can't be put together."
        raise InputError(message, code="corrupt_file", evidence={"libvips": str(error)[:500]}) from error
    output = call.create_output(call.arguments["name"], call.arguments["media_type"])
    with FileIO(output.fd, "wb", closefd=False) as file:
        rest = memoryview(encoded)
        while rest:
            rest = rest[file.write(rest) or 0 :]
    output.facts.update(width=sheet.width, height=sheet.height)
    return {"width": sheet.width, "height": sheet.height}


def _read_frame(descriptor: int, width: int, height: int) -> Any:
    size = width * height * _BANDS
    pixels = os.pread(descriptor, size, 0)
    if len(pixels) != size:
        raise InputError("The video is damaged: a frame is not whole.", code="corrupt_file")
    return pyvips.Image.new_from_memory(pixels, width, height, _BANDS, "uchar")


def _encode(sheet: Any, wanted: str, percent: int) -> bytes:
    if wanted == "png":
        return bytes(sheet.pngsave_buffer())
    save = sheet.webpsave_buffer if wanted == "webp" else sheet.jpegsave_buffer
    return bytes(save(Q=percent))
