"""Sealed: EXIF and colour profiles in words, by Pillow."""

import math
import struct
from collections.abc import Mapping
from io import BytesIO
from typing import Any, Final

from PIL import ExifTags, Image, ImageCms
from PIL.TiffImagePlugin import IFDRational

_MOST_FIELDS: Final = 200
_MOST_CHARACTERS: Final = 300
_MOST_VALUES: Final = 16
_OPAQUE_FIELDS: Final = frozenset(("ExifOffset", "GPSInfo", "MakerNote", "PrintImageMatching", "XMLPacket", "IPTCNAA"))


def read_exif(block: bytes) -> dict[str, Any]:
    """Return the fields of an EXIF block by their names, and the position in degrees as `gps`.

    What can't be read is left out: EXIF is often odd, and never a reason to fail.
    """
    exif = Image.Exif()
    try:
        exif.load(block)
        named = {**_name(exif), **_name(exif.get_ifd(ExifTags.IFD.Exif))}
        gps = read_position(exif.get_ifd(ExifTags.IFD.GPSInfo))
    except (ValueError, SyntaxError, TypeError, LookupError, OSError, ArithmeticError, struct.error):
        return {}
    return {**named, **({"gps": gps} if gps else {})}


def _name(fields: Mapping[int, Any]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for tag, value in list(fields.items())[:_MOST_FIELDS]:
        name = ExifTags.TAGS.get(tag)
        shown = None if name is None or name in _OPAQUE_FIELDS else _show(value)
        if name is not None and shown is not None:
            named[name] = shown
    return named


def _show(value: Any) -> Any:
    """Make a value fit for JSON; None for what is of no use to a reader."""
    match value:
        case bytes():
            text = value.decode("ascii", errors="ignore").strip("\0 ")
            return text[:_MOST_CHARACTERS] if text.isprintable() and len(text) == len(value.strip(b"\0 ")) else None
        case str():
            return value.strip("\0 ")[:_MOST_CHARACTERS]
        case IFDRational() | float():
            number = float(value)
            return round(number, 6) if math.isfinite(number) else None
        case int():
            return value
        case tuple() | list():
            return [_show(each) for each in value[:_MOST_VALUES]]
        case _:
            return None


def read_position(fields: Mapping[int, Any]) -> dict[str, float] | None:
    """Return latitude and longitude in degrees, north and east above 0."""
    latitude = _read_degrees(fields.get(ExifTags.GPS.GPSLatitude), fields.get(ExifTags.GPS.GPSLatitudeRef), "S")
    longitude = _read_degrees(fields.get(ExifTags.GPS.GPSLongitude), fields.get(ExifTags.GPS.GPSLongitudeRef), "W")
    if latitude is None or longitude is None:
        return None
    return {"latitude": latitude, "longitude": longitude}


def _read_degrees(parts: Any, reference: Any, negative: str) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    return round(-value if reference == negative else value, 6) if math.isfinite(value) else None


def read_profile(block: bytes) -> dict[str, Any]:
    """Return what a colour profile calls itself, and for which colours it is."""
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(block)).profile
        described = {"description": profile.profile_description, "color_space": profile.xcolor_space}
    except (OSError, ImageCms.PyCMSError, ValueError):
        described = {}
    shown = {name: str(value).strip()[:_MOST_CHARACTERS] for name, value in described.items() if value}
    return {**shown, "bytes": len(block)}
