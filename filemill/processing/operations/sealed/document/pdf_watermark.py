"""Sealed: a text, a picture or a page of another PDF laid over or under the pages of a PDF."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import cos, radians, sin
from typing import Any, Final

import pikepdf
import pyvips

from filemill.processing.bench import SealedCall
from filemill.processing.errors import OptionsError
from filemill.processing.media import PDF_TYPE
from filemill.processing.operations.colors import to_rgba
from filemill.processing.operations.document.stamping import Box, lay_on_turned_page, place_mark, turned_size
from filemill.processing.operations.page_ranges import resolve_each_once
from filemill.processing.operations.sealed.document import qpdf
from filemill.processing.operations.sealed.document.pdf_changes import is_repaired
from filemill.processing.operations.sealed.image import picture
from filemill.processing.operations.sealed.image.explaining import explained
from filemill.processing.operations.sealed.image.lettering import draw_text
from filemill.processing.operations.sizing import Size

_MARK_PIXELS: Final = 1600
"""The longer side of a mark's picture; on a page of A4 that is 200 dots per inch or more."""


@dataclass(frozen=True)
class Mark:
    """What is laid over pages: something that can be drawn, and its sides."""

    drawable: pikepdf.Object
    width: float
    height: float
    unit: tuple[float, float]
    """How large the drawable is before it is scaled: a picture is a square of 1, a page has its own sides."""


def stamp(call: SealedCall) -> dict[str, Any]:
    """Lay a mark over or under pages.

    Arguments: `name`, `text`, `color`, `input_types`, `position`, `scale`, `opacity`, `rotation`, `margin`, `layer`
    (over or under), `pages`, `max_pixels`, `max_frames`, and those of a PDF.
    """
    wanted = call.arguments
    with qpdf.open_input(call) as pdf, _make_mark(call, pdf) as mark:
        numbers = resolve_each_once(wanted["pages"], len(pdf.pages))
        drawn = _turn(pdf, mark, wanted["rotation"], wanted["opacity"])
        sides = turned_size(mark.width, mark.height, wanted["rotation"])
        for done, number in enumerate(numbers, start=1):
            _lay(pdf.pages[number - 1], drawn, sides, call)
            call.progress(done / len(numbers) / 2, f"Page {done} of {len(numbers)}")
        qpdf.write_pdf(pdf, call, wanted["name"])
        return {"pages": len(pdf.pages), "stamped_pages": len(numbers), "is_repaired": is_repaired(pdf)}


@contextmanager
def _make_mark(call: SealedCall, pdf: pikepdf.Pdf) -> Iterator[Mark]:
    wanted = call.arguments
    if wanted["text"] is not None:
        room = Size(_MARK_PIXELS, _MARK_PIXELS)
        yield _embed(pdf, draw_text(wanted["text"], to_rgba(wanted["color"]), room))
    elif not wanted["input_types"]:
        message = "There is nothing to lay over the pages: give text, or a picture or PDF by inputs."
        raise OptionsError(message, code="invalid_options")
    elif wanted["input_types"][0] == PDF_TYPE:
        source = qpdf.Source(call.input_fds[0], call.input_sizes[0], wanted["password"])
        with qpdf.open_source(source, wanted["max_pages"]) as other:
            yield _take_page(pdf, other.pages[0])
    else:
        yield _embed(pdf, _open_picture(call))


def _open_picture(call: SealedCall) -> Any:
    """Decode the picture at the size that is needed; it is kept in memory, since a decoder gives its lines once."""
    bounds = picture.Bounds(max_pixels=call.arguments["max_pixels"], max_frames=call.arguments["max_frames"])
    source = picture.Source(
        fd=call.input_fds[0], byte_count=call.input_sizes[0], media_type=call.arguments["input_types"][0]
    )
    with explained():
        opened = picture.open_picture(source, bounds)
        picture.refuse_pixels(opened.size, 1, bounds.max_pixels)
        factor = min(1.0, _MARK_PIXELS / max(opened.size.width, opened.size.height))
        width, height = (max(1, round(side * factor)) for side in (opened.size.width, opened.size.height))
        return opened.scaled(Size(width, height)).copy_memory()


def _embed(pdf: pikepdf.Pdf, image: Any) -> Mark:
    """Put a libvips image into the PDF without loss, its transparency beside it."""
    colours = image.colourspace("srgb")
    alpha = colours.extract_band(colours.bands - 1) if colours.hasalpha() else None
    stream = _embed_bands(pdf, colours.extract_band(0, n=3), pikepdf.Name.DeviceRGB)
    if alpha is not None:
        stream.SMask = _embed_bands(pdf, alpha, pikepdf.Name.DeviceGray)
    return Mark(stream, image.width, image.height, (1.0, 1.0))


def _embed_bands(pdf: pikepdf.Pdf, image: Any, space: pikepdf.Name) -> pikepdf.Stream:
    pixels: pyvips.Image = image.cast("uchar")
    return pdf.make_stream(
        bytes(pixels.write_to_memory()),
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=pixels.width,
        Height=pixels.height,
        BitsPerComponent=8,
        ColorSpace=space,
    )


def _take_page(pdf: pikepdf.Pdf, page: pikepdf.Page) -> Mark:
    """Take a page as one thing to draw, upright, with its lower left corner at the origin."""
    box = [float(side) for side in page.trimbox.as_list()]
    width, height = abs(box[2] - box[0]), abs(box[3] - box[1])
    if _rotation_of(page) % 180:
        width, height = height, width
    form = pdf.copy_foreign(page.as_form_xobject())
    shell = pdf.make_stream(
        pikepdf.Page(page.obj).calc_form_xobject_placement(
            form, pikepdf.Name.P, pikepdf.Rectangle(0, 0, width, height), invert_transformations=False
        ),
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Form,
        BBox=[0, 0, width, height],
        Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(P=form)),
    )
    return Mark(shell, width, height, (width, height))


def _turn(pdf: pikepdf.Pdf, mark: Mark, degrees: float, opacity: float) -> pikepdf.Stream:
    """Make one thing to draw of the mark: turned about its middle and faded as a whole."""
    width, height = turned_size(mark.width, mark.height, degrees)
    c, s = cos(radians(degrees)), sin(radians(degrees))
    across, down = mark.width / mark.unit[0], mark.height / mark.unit[1]
    left = width / 2 - (c * mark.width - s * mark.height) / 2
    bottom = height / 2 - (s * mark.width + c * mark.height) / 2
    matrix = (across * c, across * s, -down * s, down * c, left, bottom)
    content = f"q /G gs {' '.join(f'{number:.5f}' for number in matrix)} cm /M Do Q"
    state = pikepdf.Dictionary(Type=pikepdf.Name.ExtGState, ca=opacity, CA=opacity)
    if mark.drawable.get("/Subtype") == "/Form":
        mark.drawable.Group = pikepdf.Dictionary(S=pikepdf.Name.Transparency, I=True)
    return pdf.make_stream(
        content.encode(),
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Form,
        BBox=[0, 0, width, height],
        Resources=pikepdf.Dictionary(
            XObject=pikepdf.Dictionary(M=mark.drawable), ExtGState=pikepdf.Dictionary(G=state)
        ),
    )


def _lay(page: pikepdf.Page, drawn: pikepdf.Stream, sides: tuple[float, float], call: SealedCall) -> None:
    wanted = call.arguments
    box = [float(side) for side in page.cropbox.as_list()]
    left, bottom = min(box[0], box[2]), min(box[1], box[3])
    paper = abs(box[2] - box[0]), abs(box[3] - box[1])
    rotation = _rotation_of(page)
    seen = (paper[1], paper[0]) if rotation % 180 else paper
    place = place_mark(seen, sides, scale=wanted["scale"], position=wanted["position"], margin=wanted["margin"])
    on_paper = lay_on_turned_page(place, paper, rotation)
    rectangle = _to_rectangle(Box(on_paper.left + left, on_paper.bottom + bottom, on_paper.width, on_paper.height))
    if wanted["layer"] == "under":
        page.add_underlay(drawn, rectangle)
    else:
        page.add_overlay(drawn, rectangle)


def _to_rectangle(box: Box) -> pikepdf.Rectangle:
    return pikepdf.Rectangle(box.left, box.bottom, box.left + box.width, box.bottom + box.height)


def _rotation_of(page: pikepdf.Page) -> int:
    rotation: Any = page.obj.get("/Rotate", 0)
    return int(rotation) % 360 if isinstance(rotation, int) else 0
