"""Sealed: which metadata a copy keeps: nothing unless it is asked for."""

import struct
from collections.abc import Mapping
from typing import Any, Final

import pyvips

from filemill.processing.operations.image.save_options import Saving

_ARTIST: Final = 0x013B
_COPYRIGHT: Final = 0x8298
_FIELDS: Final[Mapping[int, str]] = {_ARTIST: "exif-ifd0-Artist", _COPYRIGHT: "exif-ifd0-Copyright"}
_ASCII: Final = 2
_ENTRY_BYTES: Final = 12


def choose_metadata(image: Any, saving: Saving) -> tuple[Any, str]:
    """Return the image with the metadata that it keeps, and libvips's word for what to write of it."""
    if not saving.strip_metadata:
        return image, "all"
    kept = []
    if saving.keep_icc and image.get_typeof("icc-profile-data"):
        kept.append("icc")
    if saving.keep_copyright:
        image = _keep_only_copyright(image)
        kept.append("exif")
    return image, ":".join(kept) or "none"


def _keep_only_copyright(image: Any) -> Any:
    """Put a new EXIF block of two fields in the place of what there was."""
    texts = {tag: text for tag, name in _FIELDS.items() if (text := _read_text(image, name))}
    image = image.copy()
    for name in image.get_fields():
        if name in ("exif-data", "jpeg-thumbnail-data", "orientation") or name.startswith("exif-ifd"):
            image.remove(name)
    if texts:
        image.set_type(pyvips.GValue.blob_type, "exif-data", write_exif(texts))
    return image


def _read_text(image: Any, name: str) -> str | None:
    """Read a field as libvips shows it, `value (value, ASCII, 6 components, 6 bytes)`, and keep the value."""
    if not image.get_typeof(name):
        return None
    shown, _, tail = str(image.get(name)).rpartition(", ASCII, ")
    if not tail:
        return None
    # Both values are the same, so the middle is where one ends and ` (` begins.
    middle = (len(shown) - len(" (")) // 2
    return shown[:middle].strip() or None


def write_exif(texts: Mapping[int, str]) -> bytes:
    """Write an EXIF block of text fields alone. libvips would write letters beyond ASCII as question marks."""
    header = b"MM\0*" + struct.pack(">IH", 8, len(texts))
    at = len(header) + _ENTRY_BYTES * len(texts) + 4
    entries, values = b"", b""
    for tag, text in sorted(texts.items()):
        value = text.encode() + b"\0"
        is_inline = len(value) <= 4
        place = value.ljust(4, b"\0") if is_inline else struct.pack(">I", at + len(values))
        entries += struct.pack(">HHI", tag, _ASCII, len(value)) + place
        values += b"" if is_inline else value
    return b"Exif\0\0" + header + entries + bytes(4) + values
