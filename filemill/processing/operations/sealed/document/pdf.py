"""Sealed: PDF, by PDFium: its facts, the text of every page, and a picture of the first."""

import os
from typing import Any, Final

import pypdfium2
import pyvips

from filemill.processing.bench import SealedCall, SealedOutput
from filemill.processing.errors import InputError
from filemill.processing.operations.document.page_sizes import plan_preview
from filemill.processing.operations.sealed.document.pdf_dates import read_pdf_date
from filemill.processing.operations.sealed.document.pdf_probe import measure_page
from filemill.processing.operations.sealed.document.pdfium import open_pdf, read_page_text, refuse_many_pages
from filemill.processing.operations.sealed.document.text import TextCounts
from filemill.processing.operations.sealed.opening import refuse_empty

_PREVIEW_PERCENT: Final = 85
_MAX_METADATA_CHARACTERS: Final = 1000
_MAX_UNREADABLE_TOLD: Final = 20
_METADATA: Final = {
    "title": "Title",
    "author": "Author",
    "subject": "Subject",
    "keywords": "Keywords",
    "creator": "Creator",
    "producer": "Producer",
}
_DATES: Final = {"created_at": "CreationDate", "modified_at": "ModDate"}
_PAGE_END: Final = "\f"
_PREVIEW_SHARE: Final = 0.1


def read_pdf(call: SealedCall) -> dict[str, Any]:
    """Give pages, page size (points), metadata and a preview of the text; write text.txt and page-1.jpg.

    Arguments: `text`, `preview` (whether to write them), `dpi` of the picture, `max_pages`. Raises InputError
    `password_required`, `corrupt_file`, `too_many_pages`.
    """
    refuse_empty(call)
    with open_pdf(call) as document:
        pages = len(document)
        refuse_many_pages(pages, call.arguments["max_pages"])
        facts: dict[str, Any] = {"pages": pages, "metadata": _read_metadata(document)}
        facts["page_size"] = measure_page(document, 0)
        if call.arguments["preview"]:
            _draw_first_page(document, call)
        call.progress(_PREVIEW_SHARE, "First page drawn")
        facts.update(_read_pages(document, call))
    return facts


def _read_metadata(document: pypdfium2.PdfDocument) -> dict[str, str]:
    found = {name: document.get_metadata_value(key)[:_MAX_METADATA_CHARACTERS] for name, key in _METADATA.items()}
    dates = {name: read_pdf_date(document.get_metadata_value(key)) for name, key in _DATES.items()}
    return {name: value for name, value in {**found, **dates}.items() if value}


def _draw_first_page(document: pypdfium2.PdfDocument, call: SealedCall) -> None:
    """Draw the page at the resolution asked for, or smaller where its paper is large."""
    try:
        page = document[0]
    except pypdfium2.PdfiumError:
        return  # its text can't be read either: that is told once, with the pages
    drawing = plan_preview(*page.get_size(), dpi=call.arguments["dpi"])
    bitmap = page.render(scale=drawing.scale, rev_byteorder=True)
    channels = bitmap.n_channels
    rows = pyvips.Image.new_from_memory(bytes(bitmap.buffer), bitmap.stride, bitmap.height, 1, "uchar")
    image = rows.crop(0, 0, bitmap.width * channels, bitmap.height)
    if channels > 1:
        image = image.bandfold(factor=channels)[0:3]
    output = call.create_output("page-1.jpg", "image/jpeg")
    colours = "srgb" if channels > 1 else "b-w"
    image.copy(interpretation=colours).jpegsave_target(
        pyvips.Target.new_to_descriptor(output.fd), Q=_PREVIEW_PERCENT, keep="none"
    )
    output.facts.update(width=bitmap.width, height=bitmap.height)
    bitmap.close()
    page.close()


def _read_pages(document: pypdfium2.PdfDocument, call: SealedCall) -> dict[str, Any]:
    output = call.create_output("text.txt", "text/plain") if call.arguments["text"] else None
    counts, unreadable, pages_with_text = TextCounts(), [], 0
    total = len(document)
    for index in range(total):
        try:
            text = read_page_text(document, index)
        except pypdfium2.PdfiumError:
            unreadable.append(index + 1)
            text = ""
        pages_with_text += bool(text.strip())
        counts.add(text)
        _write_page(output, text)
        done = _PREVIEW_SHARE + (1 - _PREVIEW_SHARE) * (index + 1) / total
        call.progress(done, f"Page {index + 1} of {total}")
    if len(unreadable) == total:
        raise InputError("The PDF is damaged: none of its pages can be read.", code="corrupt_file")
    if output is not None:
        output.facts["pages"] = total
    facts = {**counts.describe(), "pages_with_text": pages_with_text}
    if unreadable:
        facts["unreadable_pages"] = unreadable[:_MAX_UNREADABLE_TOLD]
    return facts


def _write_page(output: SealedOutput | None, text: str) -> None:
    if output is not None:
        view = memoryview((text + _PAGE_END).encode("utf-8", errors="replace"))
        while view:
            view = view[os.write(output.fd, view) :]
