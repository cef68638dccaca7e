"""Sealed: how a finished picture is written, in each format."""

from collections.abc import Mapping
from typing import Any, Final

import pyvips

from filemill.processing.operations.image.save_options import OutputFormat, Saving
from filemill.processing.operations.sealed.image.keeping import choose_metadata

_SAVERS: Final[Mapping[OutputFormat, str]] = {
    "jpeg": "jpegsave",
    "png": "pngsave",
    "webp": "webpsave",
    "avif": "heifsave",
    "gif": "gifsave",
    "tiff": "tiffsave",
}

_GIF_BYTES_PER_PIXEL: Final = 12


def save(image: Any, fd: int, written: OutputFormat, saving: Saving) -> None:
    """Write into a descriptor, piece by piece as the pixels come. Raises MemoryError for a GIF beyond what there is."""
    if written == "gif":
        _refuse_large_frames(image)
    image, keep = choose_metadata(image, saving)
    target = pyvips.Target.new_to_descriptor(fd)
    getattr(image, f"{_SAVERS[written]}_target")(target, keep=keep, **settings(written, saving, saving.percent))


def encode(image: Any, written: OutputFormat, saving: Saving, percent: int) -> bytes:
    """Write into memory, for a look at how large it becomes; `image` is in memory."""
    image, keep = choose_metadata(image, saving)
    encoder = getattr(image, f"{_SAVERS[written]}_buffer")
    return bytes(encoder(keep=keep, **settings(written, saving, percent)))


def _refuse_large_frames(image: Any) -> None:
    """The encoder of GIF holds a frame as a whole, more than once, and dies where it can't: so it is tried before."""
    bytes(image.width * image.get_page_height() * _GIF_BYTES_PER_PIXEL)  # zeros that nobody reads take no memory


def settings(written: OutputFormat, saving: Saving, percent: int) -> dict[str, Any]:
    """Return libvips's arguments for one format."""
    is_thorough = saving.effort == "high"
    match written:
        case "jpeg":
            # Optimised tables make a file a few percent smaller and the usual case a tenth slower.
            fine = {"optimize_coding": True, "trellis_quant": True} if is_thorough else {}
            return {"Q": percent, "interlace": saving.progressive, **fine}
        case "png":
            return {"interlace": saving.progressive, **({"compression": 9} if is_thorough else {})}
        case "webp":
            return {"Q": percent, "lossless": saving.lossless, **({"effort": 6} if is_thorough else {})}
        case "avif":
            return {
                "compression": "av1",
                "Q": to_av1_quality(percent),
                "lossless": saving.lossless,
                "effort": 6 if is_thorough else 3,
            }
        case "gif":
            return {"effort": 10} if is_thorough else {}
        case "tiff":
            return {"compression": "deflate", "predictor": "horizontal"}


def to_av1_quality(percent: int) -> int:
    """AV1's scale is another one: at 60 it looks like a JPEG of 85."""
    return max(1, round(percent * 0.7))
