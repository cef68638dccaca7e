"""Sealed: the smallest suitable format, and the highest quality that fits into a number of bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pyvips

from filemill.processing.cage.sealed_errors import lacks_memory
from filemill.processing.errors import OptionsError
from filemill.processing.operations.colors import Rgba
from filemill.processing.operations.image.save_options import (
    LOSSLESS_FORMATS,
    MAX_SIDES,
    OPAQUE_FORMATS,
    OutputFormat,
    Saving,
)
from filemill.processing.operations.sealed.image.colours import WHITE, flatten
from filemill.processing.operations.sealed.image.pillow import to_pillow
from filemill.processing.operations.sealed.image.saving import encode

_FEW_COLOURS: Final = 256
_MOST_AVIF_PIXELS: Final = 16_000_000
"""Beyond, AV1 takes so long that the bytes saved are not worth it."""
_MOST_WEBP_PIXELS: Final = 32_000_000
"""Beyond, WebP's encoder takes more memory than there is."""


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """A copy in memory."""

    format: OutputFormat
    data: bytes
    percent: int | None
    """The quality that it was written with; None where the format has none."""


def encode_to_fit(image: Any, written: OutputFormat, saving: Saving) -> Encoded:
    """Write with the highest quality up to the one asked for that gives at most `max_bytes`; `image` is in memory."""
    if saving.max_bytes is None:
        raise ValueError("there is no size to fit into")
    if written in LOSSLESS_FORMATS or saving.lossless:
        return _encode_exactly(image, written, saving, saving.max_bytes)
    best, percent, smallest = search_quality(
        lambda percent: encode(image, written, saving, percent), saving.percent, saving.max_bytes
    )
    if best is None:
        raise _does_not_fit(saving.max_bytes, smallest, f"even at quality 1, {written} takes")
    return Encoded(format=written, data=best, percent=percent)


def _encode_exactly(image: Any, written: OutputFormat, saving: Saving, most: int) -> Encoded:
    data = encode(image, written, saving, saving.percent)
    if len(data) > most:
        raise _does_not_fit(most, len(data), f"{written} can't lose quality here, and takes")
    return Encoded(format=written, data=data, percent=None)


def search_quality(make: Callable[[int], bytes], highest: int, most: int) -> tuple[bytes | None, int, int]:
    """Halve the qualities from 1 to `highest` until the best that fits is found.

    Return it, None if there is none, with its quality, and the fewest bytes that were seen.
    """
    data = make(highest)
    smallest = len(data)
    if smallest <= most:
        return data, highest, smallest
    best: bytes | None = None
    low, high, found = 1, highest - 1, 0
    while low <= high:
        percent = (low + high) // 2
        data = make(percent)
        smallest = min(smallest, len(data))
        if len(data) <= most:
            best, found, low = data, percent, percent + 1
        else:
            high = percent - 1
    return best, found, smallest


def _does_not_fit(most: int, needed: int, why: str) -> OptionsError:
    return OptionsError(
        f"max_bytes allows {most:,} bytes; {why} {needed:,}: ask for a smaller size or for another format.",
        code="invalid_options",
    )


def encode_smallest(image: Any, saving: Saving, background: Rgba | None, *, is_animated: bool) -> Encoded:
    """Write in every format that suits the picture, and keep the smallest; `image` is in memory."""
    encoded = [
        _encode(flatten(image, background or WHITE) if written in OPAQUE_FORMATS else image, written, saving)
        for written in choose_candidates(image, saving, is_animated=is_animated)
    ]
    fitting = [one for one in encoded if isinstance(one, Encoded)]
    if not fitting:
        raise next(one for one in encoded if not isinstance(one, Encoded))
    return min(fitting, key=lambda one: len(one.data))


def _encode(image: Any, written: OutputFormat, saving: Saving) -> Encoded | OptionsError | pyvips.Error:
    """Write in one of several formats; one that can't be small enough, or has too little memory, is left out."""
    try:
        if saving.max_bytes is not None:
            return encode_to_fit(image, written, saving)
        percent = None if written in LOSSLESS_FORMATS or saving.lossless else saving.percent
        return Encoded(format=written, data=encode(image, written, saving, saving.percent), percent=percent)
    except OptionsError as error:
        return error
    except pyvips.Error as error:
        if not lacks_memory(error):
            raise
        return error


def choose_candidates(image: Any, saving: Saving, *, is_animated: bool) -> list[OutputFormat]:
    """Name the formats that suit: an animation's is webp, a drawing's has to be exact, a photograph's is small."""
    if is_animated:
        return ["webp"]
    pixels = image.width * image.height
    is_small = pixels <= _MOST_WEBP_PIXELS
    is_exact = saving.lossless or is_transparent(image) or (is_small and has_few_colours(image))
    candidates: list[OutputFormat] = ["png" if is_exact else "jpeg"]
    candidates += ["webp"] if is_small else []
    candidates += ["avif"] if pixels <= _MOST_AVIF_PIXELS else []
    fitting = [written for written in candidates if max(image.width, image.height) <= MAX_SIDES[written]]
    return fitting or ["png"]


def is_transparent(image: Any) -> bool:
    """Tell whether a picture with alpha has a pixel that can be seen through."""
    return bool(image.hasalpha()) and bool(image.extract_band(image.bands - 1).min() < 255)


def has_few_colours(image: Any) -> bool:
    """Tell a drawing or a screenshot from a photograph."""
    return to_pillow(image).getcolors(_FEW_COLOURS) is not None
