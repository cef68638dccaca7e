"""Sealed: BMP, which libvips's wheel can't read; FFmpeg's decoder does, by PyAV."""

from typing import Any, Final

import av
import pyvips

from filemill.processing.errors import InputError
from filemill.processing.operations.sealed.image.explaining import CORRUPT
from filemill.processing.operations.sealed.opening import open_descriptor
from filemill.processing.operations.sizing import Size

_HEADER_BYTES: Final = 26
_OLD_HEADER_BYTES: Final = 12


def read_bitmap_size(fd: int) -> Size:
    """Read width and height from the header, before anything is decoded."""
    header = open_descriptor(fd).read(_HEADER_BYTES)
    if header is None or len(header) < _HEADER_BYTES:
        raise InputError(CORRUPT, code="corrupt_file")
    field = 2 if int.from_bytes(header[14:18], "little") == _OLD_HEADER_BYTES else 4
    width = int.from_bytes(header[18 : 18 + field], "little", signed=field == 4)
    height = abs(int.from_bytes(header[18 + field : 18 + 2 * field], "little", signed=field == 4))
    if width < 1 or height < 1:
        raise InputError(CORRUPT, code="corrupt_file")
    return Size(width, height)


def decode_bitmap(fd: int) -> Any:
    """Decode a BMP into a libvips image of 8-bit RGB or RGBA in memory."""
    try:
        with av.open(open_descriptor(fd), mode="r", format="bmp_pipe") as container:
            frame = next(container.decode(video=0))
    except (av.FFmpegError, StopIteration) as error:
        raise InputError(CORRUPT, code="corrupt_file", evidence={"ffmpeg": str(error)}) from error
    has_alpha = any(component.is_alpha for component in frame.format.components)
    bands = 4 if has_alpha else 3
    plane = frame.reformat(format="rgba" if has_alpha else "rgb24").planes[0]
    # A row may be padded: read it as one wide band, cut the padding off, then fold into colours.
    rows = pyvips.Image.new_from_memory(bytes(plane), plane.line_size, frame.height, 1, "uchar")
    return rows.crop(0, 0, frame.width * bands, frame.height).bandfold(factor=bands).copy(interpretation="srgb")
