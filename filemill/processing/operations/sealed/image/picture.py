"""Sealed: an opened picture: its header first, so that a bomb is refused before it goes off, then its pixels."""

import os
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Final

import pyvips

from filemill.processing.errors import InputError
from filemill.processing.media import SVG_TYPE
from filemill.processing.operations.sealed.image.bitmap import decode_bitmap, read_bitmap_size
from filemill.processing.operations.sealed.image.colours import to_srgb
from filemill.processing.operations.sealed.image.heif import decode_heif, open_heif, size_of_heif
from filemill.processing.operations.sealed.image.vector import refuse_svg_unless, svg_allowed
from filemill.processing.operations.sealed.opening import open_descriptor
from filemill.processing.operations.sizing import Size

pyvips.cache_set_max(0)  # every file is another one: a cache of operations would only hold its pixels
pyvips.block_untrusted_set(True)

# A decoder stops at the first real damage or at a cut, instead of painting the rest grey.
_FAIL_ON: Final = "error"
_WHOLE_IN_MEMORY: Final = frozenset(("image/bmp", "image/heic"))


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file to read a picture from: the input of a call, or one of its further inputs."""

    fd: int
    byte_count: int
    media_type: str


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a picture may ask for at the most."""

    max_pixels: int
    max_frames: int
    reads_svg: bool = False

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any]) -> "Bounds":
        return cls(
            max_pixels=arguments["max_pixels"],
            max_frames=arguments["max_frames"],
            reads_svg=arguments.get("reads_svg", False),
        )


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture whose header is known; `image` is lazy, `size` is that of one page, upright if so asked."""

    source: Source
    image: Any
    size: Size
    pages: int
    has_to_turn: bool

    @property
    def media_type(self) -> str:
        return self.source.media_type

    @property
    def format(self) -> str:
        return "svg" if self.media_type == SVG_TYPE else self.media_type.removeprefix("image/")

    def whole(self, pages: int = 1, *, keeps_icc: bool = False) -> Any:
        """Decode all of it, upright, to 8-bit sRGB; what comes is read once, from top to bottom, as it is decoded."""
        image = self.image
        if pages > 1:
            image = pyvips.Image.new_from_source(_rewind(self.source), "", n=-1, access="sequential", fail_on=_FAIL_ON)
        image = to_srgb(image, keeps_icc=keeps_icc)
        if self.has_to_turn:
            # Turning reads from the far side, which a decoder can't; a temporary file isn't to be had in the cage.
            image = image.copy_memory().autorot()
        return image

    def scaled(self, size: Size, pages: int = 1, *, keeps_icc: bool = False) -> Any:
        """Decode it at another size, upright, to 8-bit sRGB; decoders leave out what would be thrown away."""
        if size == self.size:
            return self.whole(pages, keeps_icc=keeps_icc)
        how: dict[str, Any] = {"height": size.height, "size": "force", "no_rotate": not self.has_to_turn}
        if self._has_own_colours(keeps_icc=keeps_icc):
            how["output_profile"] = "srgb"
        return to_srgb(self._thumbnail(size, pages, how), is_converted=True)

    def _has_own_colours(self, *, keeps_icc: bool) -> bool:
        """Tell whether colours have to be converted: without a profile they are sRGB, and to convert those is dear."""
        has_profile = bool(self.image.get_typeof("icc-profile-data"))
        return self.image.interpretation == "cmyk" or (has_profile and not keeps_icc)

    def _thumbnail(self, size: Size, pages: int, how: dict[str, Any]) -> Any:
        if self.media_type in _WHOLE_IN_MEMORY:
            return self.image.thumbnail_image(size.width, **how)
        if self.media_type == "image/jpeg" and 2 <= self.reduction(size) < 4:
            # From 4 on, `thumbnail` shrinks while it decodes, by half of what it could; below, it doesn't at all,
            # which costs a quarter of the time of the commonest case, a 12 MP photograph to full HD, at the same
            # quality.
            return self.half().thumbnail_image(size.width, **how)
        # What `thumbnail_source` is told by `fail_on` never reaches the decoder; what stands in brackets does.
        option_string = f"[n=-1,fail_on={_FAIL_ON}]" if pages > 1 else f"[fail_on={_FAIL_ON}]"
        with svg_allowed() if self.media_type == SVG_TYPE else nullcontext():
            return pyvips.Image.thumbnail_source(_rewind(self.source), size.width, option_string=option_string, **how)

    def half(self, shrink: int = 2) -> Any:
        """Decode a JPEG at a half, a quarter or an eighth, as it lies in the file."""
        return pyvips.Image.jpegload_source(_rewind(self.source), shrink=shrink, access="sequential", fail_on=_FAIL_ON)

    def reduction(self, size: Size) -> float:
        """Return by what factor a size is smaller than the picture."""
        return min(self.size.width / size.width, self.size.height / size.height)


def open_picture(source: Source, bounds: Bounds, *, auto_orient: bool = True) -> Picture:
    """Read the header without decoding a pixel. Raises InputError for what is too large, damaged or not read."""
    if source.byte_count == 0:
        raise InputError("The file is empty.", code="empty_file")
    image, size = _read_header(source, bounds)
    pages = _count_pages(image)
    if pages > bounds.max_frames:
        message = f"The picture has {pages:,} frames; it may have {bounds.max_frames:,}."
        raise InputError(message, code="too_many_frames")
    orientation = image.get("orientation") if image.get_typeof("orientation") else 1
    has_to_turn = auto_orient and orientation not in (0, 1)
    if has_to_turn and orientation >= 5:
        size = Size(size.height, size.width)
    return Picture(source=source, image=image, size=size, pages=pages, has_to_turn=has_to_turn)


def _count_pages(image: Any) -> int:
    """Count as the header does: libvips's own count calls 10,000 frames and more a single one."""
    return int(image.get("n-pages")) if image.get_typeof("n-pages") else 1


def refuse_pixels(size: Size, pages: int, max_pixels: int) -> None:
    """Raise InputError for a picture that has too many pixels in all of its frames."""
    if size.pixels * pages <= max_pixels:
        return
    frames = f" in {pages} frames" if pages > 1 else ""
    raise InputError(
        f"The picture has {size.width} x {size.height} pixels{frames}; it may have {max_pixels:,} in all.",
        code="too_many_pixels",
    )


def _read_header(source: Source, bounds: Bounds) -> tuple[Any, Size]:
    if source.media_type in _WHOLE_IN_MEMORY:
        return _decode_elsewhere(source, bounds)
    if source.media_type == SVG_TYPE:
        refuse_svg_unless(bounds.reads_svg)
        with svg_allowed():
            image = pyvips.Image.svgload_source(_rewind(source), access="sequential", fail_on=_FAIL_ON)
    else:
        image = pyvips.Image.new_from_source(_rewind(source), "", access="sequential", fail_on=_FAIL_ON)
    return image, Size(image.width, image.get_page_height())


def _decode_elsewhere(source: Source, bounds: Bounds) -> tuple[Any, Size]:
    """Decode what libvips can't, in whole; the size is judged first."""
    if source.media_type == "image/bmp":
        size = read_bitmap_size(source.fd)
        refuse_pixels(size, 1, bounds.max_pixels)
        return decode_bitmap(source.fd), size
    heif = open_heif(open_descriptor(source.fd))
    size = size_of_heif(heif)
    refuse_pixels(size, 1, bounds.max_pixels)
    return decode_heif(heif), size


def _rewind(source: Source) -> Any:
    os.lseek(source.fd, 0, os.SEEK_SET)
    return pyvips.Source.new_from_descriptor(source.fd)
