"""Sealed: pictures, by libvips; one decode gives the facts and the copy."""

import os
from dataclasses import dataclass
from typing import Any, Final

import pyvips

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError, LimitError, OptionsError, ProcessingError, SystemFault
from filemill.processing.operations.sealed.image.bitmap import decode_bitmap, read_bitmap_size
from filemill.processing.operations.sealed.opening import refuse_empty
from filemill.processing.operations.sizing import Layout, Resize, Size, plan_layout

pyvips.cache_set_max(0)  # every file is another one: a cache of operations would only hold its pixels
pyvips.block_untrusted_set(True)

_WEB_FORMATS: Final = frozenset(("jpeg", "png", "webp", "avif", "gif"))
_ANIMATED_FORMATS: Final = frozenset(("gif", "webp"))
_EXTENSIONS: Final = {"jpeg": "jpg"}
_MAX_SIDES: Final = {"jpeg": 65_500, "png": 1_000_000, "webp": 16_383, "avif": 16_384, "gif": 65_535}
_MODES: Final = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_BIT_DEPTHS: Final = {
    "uchar": 8,
    "char": 8,
    "ushort": 16,
    "short": 16,
    "uint": 32,
    "int": 32,
    "float": 32,
    "double": 64,
}
_WHITE: Final = [255.0, 255.0, 255.0]

# A decoder stops at the first real damage or at a cut, instead of painting the rest grey.
_FAIL_ON: Final = "error"


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture whose header is known; `image` is lazy, `size` is that of one page, upright if so asked."""

    media_type: str
    image: Any
    size: Size
    pages: int
    has_to_turn: bool

    @property
    def format(self) -> str:
        return self.media_type.removeprefix("image/")


def describe_and_transform(call: SealedCall) -> dict[str, Any]:
    """Give a picture's facts and write its copy.

    Arguments: `media_type`, `resize` (a Resize as a dict, or None), `percent` (quality), `format` or None,
    `auto_orient`, `strip_metadata`, `max_pixels` (of all pages together), `max_frames`, `stem` (the output's name).
    """
    refuse_empty(call)
    try:
        return _describe_and_transform(call)
    except pyvips.Error as error:
        raise _explain(error) from error


def _describe_and_transform(call: SealedCall) -> dict[str, Any]:
    arguments = call.arguments
    picture = _read_header(call, auto_orient=arguments["auto_orient"], max_pixels=arguments["max_pixels"])
    output_format = arguments["format"] or _choose_format(picture)
    is_animated = picture.pages > 1 and {picture.format, output_format} <= _ANIMATED_FORMATS
    pages = picture.pages if is_animated else 1
    _refuse_pixels(picture.size, pages, arguments["max_pixels"])
    resize = Resize.model_validate(arguments["resize"]) if arguments["resize"] else None
    layout = plan_layout(picture.size, resize)
    _refuse_layout(layout, pages, output_format, arguments["max_pixels"])
    call.progress(0.1, "Header read")
    image = _lay_out(_decode(call, picture, layout, pages), layout, pages, keeps_alpha=output_format != "jpeg")
    name = f"{arguments['stem']}.{_EXTENSIONS.get(output_format, output_format)}"
    output = call.create_output(name, f"image/{output_format}")
    _save(image, output.fd, output_format, arguments["percent"], strip=arguments["strip_metadata"])
    output.facts.update(width=layout.canvas.width, height=layout.canvas.height)
    if is_animated:
        output.facts["pages"] = pages
    call.progress(1.0, "Copy written")
    return {**_describe(picture), "output": {"name": name, "format": output_format, **output.facts}}


def _read_header(call: SealedCall, *, auto_orient: bool, max_pixels: int) -> Picture:
    """Read the size without decoding a pixel, so that a bomb is refused before it goes off."""
    media_type = str(call.arguments["media_type"])
    if media_type == "image/heic":
        raise InputError(
            "HEIC pictures can't be read yet: convert it to JPEG, PNG, WebP or AVIF.", code="unsupported_format"
        )
    if media_type == "image/bmp":
        _refuse_pixels(read_bitmap_size(call), 1, max_pixels)
        image = decode_bitmap(call)
    else:
        image = pyvips.Image.new_from_source(_open_source(call), "", access="sequential", fail_on=_FAIL_ON)
    pages = _count_pages(image)
    if pages > call.arguments["max_frames"]:
        message = f"The picture has {pages:,} frames; it may have {call.arguments['max_frames']:,}."
        raise InputError(message, code="too_many_frames")
    size = Size(image.width, image.get_page_height())
    orientation = image.get("orientation") if image.get_typeof("orientation") else 1
    has_to_turn = auto_orient and orientation not in (0, 1)
    if has_to_turn and orientation >= 5:
        size = Size(size.height, size.width)
    return Picture(media_type=media_type, image=image, size=size, pages=pages, has_to_turn=has_to_turn)


def _count_pages(image: Any) -> int:
    """Count as the header does: libvips's own count calls 10,000 frames and more a single one."""
    return int(image.get("n-pages")) if image.get_typeof("n-pages") else 1


def _open_source(call: SealedCall) -> Any:
    os.lseek(call.source_fd, 0, os.SEEK_SET)
    return pyvips.Source.new_from_descriptor(call.source_fd)


def _describe(picture: Picture) -> dict[str, Any]:
    image = picture.image
    mode = "CMYK" if image.interpretation == "cmyk" else _MODES.get(image.bands, f"{image.bands} bands")
    return {
        "format": picture.format,
        "mode": mode,
        "bit_depth": _BIT_DEPTHS.get(image.format),
        "size": [picture.size.width, picture.size.height],
        "width": picture.size.width,
        "height": picture.size.height,
        "pages": picture.pages,
    }


def _choose_format(picture: Picture) -> str:
    """The picture's own format when browsers show it; else PNG when it has transparency to keep, JPEG when not."""
    if picture.format in _WEB_FORMATS:
        return picture.format
    return "png" if picture.image.hasalpha() else "jpeg"


def _refuse_pixels(size: Size, pages: int, max_pixels: int) -> None:
    if size.pixels * pages <= max_pixels:
        return
    frames = f" in {pages} frames" if pages > 1 else ""
    raise InputError(
        f"The picture has {size.width} x {size.height} pixels{frames}; it may have {max_pixels:,} in all.",
        code="too_many_pixels",
    )


def _refuse_layout(layout: Layout, pages: int, output_format: str, max_pixels: int) -> None:
    canvas, longest = layout.canvas, max(layout.canvas.width, layout.canvas.height)
    if max(layout.scaled.pixels, canvas.pixels) * pages > max_pixels:
        raise OptionsError(
            f"resize gives {canvas.width} x {canvas.height} pixels by way of {layout.scaled.width} x "
            f"{layout.scaled.height}; a picture may have {max_pixels:,} in all.",
            code="invalid_options",
        )
    if longest > _MAX_SIDES[output_format]:
        raise OptionsError(
            f"A side of {longest} pixels is more than {output_format} can hold ({_MAX_SIDES[output_format]}): ask for "
            "a smaller size or for another format.",
            code="invalid_options",
        )


def _decode(call: SealedCall, picture: Picture, layout: Layout, pages: int) -> Any:
    """Decode, scale to `layout.scaled`, turn upright and convert to 8-bit sRGB."""
    if layout.scaled == picture.size:
        image = picture.image
        if pages > 1:
            image = pyvips.Image.new_from_source(_open_source(call), "", n=-1, access="sequential", fail_on=_FAIL_ON)
        if picture.has_to_turn:
            # Turning reads from the far side, which a decoder can't; a temporary file isn't to be had in the cage.
            image = image.copy_memory().autorot()
        return _to_srgb(image)
    how = {
        "height": layout.scaled.height,
        "size": "force",
        "no_rotate": not picture.has_to_turn,
        "output_profile": "srgb",
    }
    if picture.media_type == "image/bmp":
        image = picture.image.thumbnail_image(layout.scaled.width, **how)
    elif picture.media_type == "image/jpeg" and 2 <= _reduction(picture.size, layout.scaled) < 4:
        # From 4 on, `thumbnail` shrinks while it decodes, by half of what it could; below, it doesn't at all, which
        # costs a quarter of the time of the commonest case, a 12 MP photograph to full HD, at the same quality.
        source = _open_source(call)
        half = pyvips.Image.jpegload_source(source, shrink=2, access="sequential", fail_on=_FAIL_ON)
        image = half.thumbnail_image(layout.scaled.width, **how)
    else:
        option_string = "[n=-1]" if pages > 1 else ""
        image = pyvips.Image.thumbnail_source(
            _open_source(call), layout.scaled.width, option_string=option_string, fail_on=_FAIL_ON, **how
        )
    return _to_srgb(image, is_converted=True)


def _reduction(source: Size, target: Size) -> float:
    return min(source.width / target.width, source.height / target.height)


def _to_srgb(image: Any, *, is_converted: bool = False) -> Any:
    if not is_converted and image.get_typeof("icc-profile-data"):
        image = image.icc_transform("srgb", embedded=True, depth=8)
    wanted = "b-w" if image.interpretation in ("b-w", "grey16") else "srgb"
    if image.interpretation != wanted:
        image = image.colourspace(wanted)
    return image if image.format == "uchar" else image.cast("uchar")


def _lay_out(image: Any, layout: Layout, pages: int, *, keeps_alpha: bool) -> Any:
    """Cut or pad to the canvas, page by page, and put transparency on white where the format has none."""
    if image.hasalpha() and not keeps_alpha:
        image = image.flatten(background=_WHITE)
    if layout.scaled == layout.canvas:
        return image
    is_cut = layout.scaled.width >= layout.canvas.width and layout.scaled.height >= layout.canvas.height
    if not is_cut and keeps_alpha and not image.hasalpha():
        image = image.addalpha()
    frames = image.pagesplit() if pages > 1 else [image]
    frames = [_fit_canvas(frame, layout, is_cut=is_cut) for frame in frames]
    if pages == 1:
        return frames[0]
    joined = pyvips.Image.arrayjoin(frames, across=1).copy()
    joined.set_type(pyvips.GValue.gint_type, "page-height", layout.canvas.height)
    return joined


def _fit_canvas(frame: Any, layout: Layout, *, is_cut: bool) -> Any:
    canvas = layout.canvas
    if is_cut:
        left, top = (frame.width - canvas.width) // 2, (frame.height - canvas.height) // 2
        return frame.crop(left, top, canvas.width, canvas.height)
    left, top = (canvas.width - frame.width) // 2, (canvas.height - frame.height) // 2
    background = [0.0] * frame.bands if frame.hasalpha() else [255.0] * frame.bands
    return frame.embed(left, top, canvas.width, canvas.height, extend="background", background=background)


def _save(image: Any, fd: int, output_format: str, percent: int, *, strip: bool) -> None:
    keep = "none" if strip else "all"
    target = pyvips.Target.new_to_descriptor(fd)
    if output_format == "jpeg":
        image.jpegsave_target(target, Q=percent, keep=keep)
    elif output_format == "png":
        image.pngsave_target(target, keep=keep)
    elif output_format == "webp":
        image.webpsave_target(target, Q=percent, keep=keep)
    elif output_format == "gif":
        image.gifsave_target(target, keep=keep)
    else:
        # AV1's scale is another one: at 60 it looks like a JPEG of 85.
        image.heifsave_target(target, compression="av1", Q=max(1, round(percent * 0.7)), effort=3, keep=keep)


def _explain(error: Any) -> ProcessingError:
    """Turn what libvips says into whose fault it is; a lack of memory is seen by the cage, whatever is said here."""
    said = f"{error.message} {error.detail}".strip()
    lowered = said.lower()
    evidence: dict[str, object] = {"libvips": said[:2000]}
    if "exceeds the maximum image size" in lowered:
        message = "The picture has more pixels than its decoder accepts."
        return InputError(message, code="too_many_pixels", evidence=evidence)
    if "maximum nesting" in lowered:
        message = "The picture's boxes are nested too deeply."
        return InputError(message, code="too_deeply_nested", evidence=evidence)
    if "file too large" in lowered:
        message = "The copy of the picture grew larger than is allowed."
        return LimitError(message, code="output_limit", evidence=evidence)
    if "no space left" in lowered:
        message = "The copy of the picture could not be written."
        return SystemFault(message, code="disk_full", is_passing=True, evidence=evidence)
    if "unsupported" in lowered:
        message = "This variant of the picture's format is not one that Filemill reads."
        return InputError(message, code="unsupported_format", evidence=evidence)
    return InputError("The picture is damaged or cut short.", code="corrupt_file", evidence=evidence)
