"""Sealed: a PDF's pages as pictures for OCR, and the text that came of it put in their places."""

import math
import os
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import pypdfium2
import pyvips

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError
from filemill.processing.operations.document.page_sizes import LEAST_SIDE_POINTS, MOST_SIDE_POINTS
from filemill.processing.operations.page_ranges import resolve_each_once
from filemill.processing.operations.sealed.document.pdf_markdown import find_body_size, read_page_markdown
from filemill.processing.operations.sealed.document.pdfium import open_pdf, read_page_text, refuse_many_pages
from filemill.processing.operations.sealed.document.text import TextCounts
from filemill.processing.operations.sealed.document.text_output import TextOutput
from filemill.processing.operations.sealed.opening import refuse_empty

_POINTS_PER_INCH: Final = 72
_LEAST_DPI: Final = 10
_MAX_SIDE: Final = 32_000
"""Tesseract refuses pictures beyond 32,767 pixels a side."""
_MAX_ODD_SIZES: Final = 1000
_MAX_TEXT_BYTES: Final = 256 * 1024**2


def find_pages(call: SealedCall) -> dict[str, Any]:
    """Tell which pages are asked for, which of them hold text of their own, and which can't be drawn anew as a page.

    Arguments: `pages`, `password`, `max_pages`. Raises InputError `password_required`, `wrong_password`,
    `corrupt_file`, `too_many_pages`; OptionsError for absent pages.
    """
    refuse_empty(call)
    with open_pdf(call, call.arguments["password"]) as document:
        refuse_many_pages(len(document), call.arguments["max_pages"])
        numbers = resolve_each_once(call.arguments["pages"], len(document))
        return {
            "pages": numbers,
            "with_text": [number for number in numbers if _read(document, number).strip()],
            "odd_sizes": list(islice(_list_odd_sizes(document, numbers), _MAX_ODD_SIZES)),
        }


def _list_odd_sizes(document: pypdfium2.PdfDocument, numbers: list[int]) -> Iterator[dict[str, Any]]:
    for number in numbers:
        try:
            width, height = document.get_page_size(number - 1)
        except pypdfium2.PdfiumError:
            continue
        if min(width, height) < LEAST_SIDE_POINTS or max(width, height) > MOST_SIDE_POINTS:
            yield {"page": number, "width": width, "height": height}


def draw_page(call: SealedCall) -> dict[str, Any]:
    """Draw one page in grey as a PNG.

    Arguments: `page`, `dpi`, `max_pixels`, `password`, `name`. A page so large that it would have too many pixels is
    drawn at fewer dots per inch; `dpi` of the answer says at how many. Raises InputError `corrupt_file`,
    `too_many_pixels`.
    """
    number = int(call.arguments["page"])
    with open_pdf(call, call.arguments["password"]) as document:
        try:
            page = document[number - 1]
        except pypdfium2.PdfiumError as error:
            raise InputError(f"Page {number} of the PDF is damaged.", code="corrupt_file") from error
        dpi = _choose_dpi(page.get_size(), call, number)
        bitmap = page.render(scale=dpi / _POINTS_PER_INCH, grayscale=True)
        rows = pyvips.Image.new_from_memory(bytes(bitmap.buffer), bitmap.stride, bitmap.height, 1, "uchar")
        picture = rows.crop(0, 0, bitmap.width, bitmap.height).copy(
            interpretation="b-w", xres=dpi / 25.4, yres=dpi / 25.4
        )
        output = call.create_output(str(call.arguments["name"]), "image/png")
        picture.pngsave_target(pyvips.Target.new_to_descriptor(output.fd), compression=1)
        return {"dpi": round(dpi), "width": bitmap.width, "height": bitmap.height}


def _choose_dpi(size: tuple[float, float], call: SealedCall, number: int) -> float:
    width, height = (side / _POINTS_PER_INCH for side in size)
    most_pixels = float(call.arguments["max_pixels"])
    most = min(math.sqrt(most_pixels / max(width * height, 1e-9)), _MAX_SIDE / max(width, height, 1e-9))
    dpi = min(float(call.arguments["dpi"]), most)
    if dpi < _LEAST_DPI:
        message = f"Page {number} is {width:,.0f} x {height:,.0f} inches large: too large to be drawn for OCR."
        raise InputError(message, code="too_many_pixels")
    return dpi


def write_recognised(call: SealedCall) -> dict[str, Any]:
    """Write the text of the pages: of some what OCR found, of the others what they hold.

    Arguments as of `extract_pdf`, and `recognised`: the numbers of the pages whose texts are in the first further
    input, in their order, each ended by a form feed.
    """
    wanted = call.arguments
    found = dict(zip(wanted["recognised"], _read_recognised(call), strict=False))
    with open_pdf(call, wanted["password"]) as document:
        numbers = resolve_each_once(wanted["pages"], len(document))
        output = TextOutput(call, stem=wanted["stem"], form=wanted["format"], by_page=wanted["by_page"], has_pages=True)
        body_size = find_body_size(document, numbers) if wanted["format"] == "markdown" else 0.0
        counts, empty = TextCounts(), []
        for done, number in enumerate(numbers, start=1):
            text = found[number] if number in found else _read(document, number, body_size=body_size)
            if not text.strip():
                empty.append(number)
            counts.add(text)
            output.begin_page(number)
            output.write(text)
            output.end_page()
            call.progress(done / len(numbers), f"Page {done} of {len(numbers)}")
        output.close()
    return {
        "pages": len(numbers),
        **counts.describe(),
        "pages_with_text": len(numbers) - len(empty),
        "pages_without_text": empty,
    }


def _read(document: pypdfium2.PdfDocument, number: int, *, body_size: float = 0.0) -> str:
    """Read what a page holds; a page that is damaged holds nothing."""
    try:
        found = read_page_markdown(document, number - 1, body_size) if body_size else ""
        return found or read_page_text(document, number - 1)
    except pypdfium2.PdfiumError:
        return ""


def _read_recognised(call: SealedCall) -> list[str]:
    size = call.input_sizes[0]
    if size > _MAX_TEXT_BYTES:
        raise InputError(f"OCR found {size:,} bytes of text; it may be {_MAX_TEXT_BYTES:,}.", code="too_large")
    text = os.pread(call.input_fds[0], size, 0).decode("utf-8", errors="replace")
    return [tidy(page) for page in text.split("\f")]


def tidy(text: str) -> str:
    """Drop the empty lines that Tesseract leaves where pictures were, and at the end."""
    lines = [line.rstrip() for line in text.strip("\n").split("\n")]
    kept = [line for before, line in zip(["", *lines], lines, strict=False) if line or before]
    return "\n".join(kept).strip("\n") + "\n" if any(kept) else ""
