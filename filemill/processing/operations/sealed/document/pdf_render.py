"""Sealed: a PDF's pages drawn by PDFium, and written as pictures by libvips."""

import os
from typing import Any, Final

import pypdfium2
import pyvips

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError, OptionsError
from filemill.processing.operations.document.page_sizes import plan_drawing, refuse_huge_drawing
from filemill.processing.operations.page_ranges import resolve_each_once
from filemill.processing.operations.sealed.document.pdfium import open_pdf, refuse_many_pages
from filemill.processing.operations.sealed.opening import refuse_empty

_MEDIA_TYPES: Final = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
_ENDINGS: Final = {"png": "png", "jpeg": "jpg", "webp": "webp"}
_MAX_UNREADABLE_TOLD: Final = 20


def render_pages(call: SealedCall) -> dict[str, Any]:
    """Draw the pages asked for, a picture each.

    Arguments: `stem`, `format`, `percent`, `dpi`, `width`, `height`, `grayscale`, `transparent`, `pages`, `password`,
    `max_pages`, `max_pixels`, `max_outputs`. Raises InputError `password_required`, `wrong_password`, `corrupt_file`,
    `too_many_pages`, `too_many_pixels`; OptionsError for absent pages or too many pictures.
    """
    refuse_empty(call)
    wanted = call.arguments
    with open_pdf(call, wanted["password"]) as document:
        total = len(document)
        refuse_many_pages(total, wanted["max_pages"])
        numbers = resolve_each_once(wanted["pages"], total)
        if len(numbers) > wanted["max_outputs"]:
            message = f"It would be {len(numbers):,} pictures; {wanted['max_outputs']:,} are allowed: choose pages."
            raise OptionsError(message, code="invalid_options")
        document.init_forms()
        unreadable = []
        for done, number in enumerate(numbers, start=1):
            try:
                _render_page(document, number, call)
            except pypdfium2.PdfiumError:
                unreadable.append(number)
            call.progress(done / len(numbers), f"Page {done} of {len(numbers)}")
    if len(unreadable) == len(numbers):
        raise InputError("The PDF is damaged: none of these pages can be drawn.", code="corrupt_file")
    facts: dict[str, Any] = {"pages": total, "rendered_pages": len(numbers) - len(unreadable)}
    if unreadable:
        facts["unreadable_pages"] = unreadable[:_MAX_UNREADABLE_TOLD]
    return facts


def _render_page(document: pypdfium2.PdfDocument, number: int, call: SealedCall) -> None:
    wanted = call.arguments
    page = document[number - 1]
    try:
        drawing = plan_drawing(
            *page.get_size(), dpi=wanted["dpi"], box_width=wanted["width"], box_height=wanted["height"]
        )
        refuse_huge_drawing(drawing, page=number, max_pixels=wanted["max_pixels"])
        bitmap = page.render(
            scale=drawing.scale,
            rev_byteorder=True,
            grayscale=wanted["grayscale"],
            fill_color=(255, 255, 255, 0 if wanted["transparent"] else 255),
        )
        _write_picture(_wrap(bitmap).crop(0, 0, drawing.width, drawing.height), number, call)
        bitmap.close()
    finally:
        page.close()


def _wrap(bitmap: pypdfium2.PdfBitmap) -> pyvips.Image:
    """Give libvips the bitmap's own memory; its rows may be longer than what they hold."""
    channels = bitmap.n_channels
    if bitmap.stride == bitmap.width * channels:  # usual, and half of the time that it takes to write the picture
        image = pyvips.Image.new_from_memory(bitmap.buffer, bitmap.width, bitmap.height, channels, "uchar")
    else:
        rows = pyvips.Image.new_from_memory(bitmap.buffer, bitmap.stride, bitmap.height, 1, "uchar")
        image = rows.crop(0, 0, bitmap.width * channels, bitmap.height).bandfold(factor=channels)
    if channels == 1:
        return image.copy(interpretation="b-w")
    image = image.copy(interpretation="srgb")
    return image[0:3] if bitmap.mode.endswith("X") else image


def _write_picture(image: pyvips.Image, number: int, call: SealedCall) -> None:
    form = call.arguments["format"]
    output = call.create_output(f"{call.arguments['stem']}-page-{number}.{_ENDINGS[form]}", _MEDIA_TYPES[form])
    _save(image, form, call.arguments["percent"], pyvips.Target.new_to_descriptor(output.fd))
    output.facts.update(width=image.width, height=image.height, page=number)
    os.close(output.fd)  # a child can hold only so many open


def _save(image: pyvips.Image, form: str, percent: int, target: pyvips.Target) -> None:
    if form == "jpeg":
        image.jpegsave_target(target, Q=percent, keep="none")
    elif form == "webp":
        image.webpsave_target(target, Q=percent, keep="none")
    else:
        image.pngsave_target(target, compression=6, keep="none")
