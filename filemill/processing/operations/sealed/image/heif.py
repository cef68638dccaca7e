"""Sealed: HEIC, which libvips's wheel can't read; libheif does, by pillow-heif."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from typing import Any, Final

import pillow_heif
import pyvips

from filemill.processing.errors import InputError
from filemill.processing.operations.sealed.image.explaining import CORRUPT, find_too_large
from filemill.processing.operations.sizing import Size

pillow_heif.options.THUMBNAILS = False
pillow_heif.options.DEPTH_IMAGES = False
pillow_heif.options.AUX_IMAGES = False
pillow_heif.options.DECODE_THREADS = 1

_BANDS: Final = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (ValueError, EOFError, SyntaxError, RuntimeError) as error:
        raise _explain(str(error)) from error


def _explain(said: str) -> InputError:
    evidence: dict[str, object] = {"libheif": said[:2000]}
    if (too_large := find_too_large(said, evidence)) is not None:
        return too_large
    if said.startswith("Unsupported") or "has not been built in" in said:
        message = "This variant of HEIC is not one that Filemill reads."
        return InputError(message, code="unsupported_format", evidence=evidence)
    return InputError(CORRUPT, code="corrupt_file", evidence=evidence)


def open_heif(file: FileIO) -> Any:
    """Read the headers, and give the primary picture; its pixels are decoded only when they are asked for.

    Pictures whose headers can't be read are left out by pillow-heif, and the primary one may be among them.
    """
    with _explained():
        for picture in pillow_heif.open_heif(file, convert_hdr_to_8bit=True):
            if picture.info.get("primary"):
                return picture
    raise InputError(CORRUPT, code="corrupt_file")


def size_of_heif(picture: Any) -> Size:
    """Return the size, upright: libheif turns a picture as its container says."""
    return Size(*picture.size)


def bands_of_heif(picture: Any) -> int:
    if picture.mode not in _BANDS:
        message = f"HEIC pictures of the mode {picture.mode} are not read."
        raise InputError(message, code="unsupported_format")
    return _BANDS[picture.mode]


def decode_heif(picture: Any) -> Any:
    """Decode into a libvips image of 8 bits in memory, with its profile and EXIF."""
    width, height = picture.size
    bands = bands_of_heif(picture)
    with _explained():
        data, stride = picture.data, picture.stride
    rows = pyvips.Image.new_from_memory(data, stride, height, 1, "uchar")
    image = rows.crop(0, 0, width * bands, height).bandfold(factor=bands)
    image = image.copy(interpretation="b-w" if bands <= 2 else "srgb")
    for name, blob in (("icc-profile-data", picture.info.get("icc_profile")), ("exif-data", picture.info.get("exif"))):
        if blob:
            image.set_type(pyvips.GValue.blob_type, name, blob)
    if image.get_typeof("orientation"):
        image.remove("orientation")  # It tells again how the container turns the picture, which has been done.
    return image
