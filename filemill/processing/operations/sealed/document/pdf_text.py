"""Sealed: the text that a PDF holds, page by page, by PDFium."""

from typing import Any, Final

import pypdfium2

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError
from filemill.processing.operations.page_ranges import resolve_each_once
from filemill.processing.operations.sealed.document.pdf_markdown import find_body_size, read_page_markdown
from filemill.processing.operations.sealed.document.pdfium import open_pdf, read_page_text, refuse_many_pages
from filemill.processing.operations.sealed.document.text import TextCounts
from filemill.processing.operations.sealed.document.text_output import TextOutput
from filemill.processing.operations.sealed.opening import refuse_empty

_MAX_UNREADABLE_TOLD: Final = 20


def extract_pdf(call: SealedCall) -> dict[str, Any]:
    """Write the text of the pages asked for; give counts, a preview and which pages hold no text (a scan, perhaps).

    Arguments: `stem`, `format` (txt, json or markdown), `by_page`, `pages`, `password`, `max_pages`. Raises InputError
    `password_required`, `wrong_password`, `corrupt_file`, `too_many_pages`; OptionsError for absent pages.
    """
    refuse_empty(call)
    wanted = call.arguments
    with open_pdf(call, wanted["password"]) as document:
        refuse_many_pages(len(document), wanted["max_pages"])
        numbers = resolve_each_once(wanted["pages"], len(document))
        text = TextOutput(call, stem=wanted["stem"], form=wanted["format"], by_page=wanted["by_page"], has_pages=True)
        facts = _extract_pages(document, numbers, text, call)
        text.close()
    return {"pages": len(numbers), **facts}


def _extract_pages(
    document: pypdfium2.PdfDocument, numbers: list[int], text: TextOutput, call: SealedCall
) -> dict[str, Any]:
    counts, empty, unreadable = TextCounts(), [], []
    body_size = find_body_size(document, numbers) if call.arguments["format"] == "markdown" else 0.0
    for done, number in enumerate(numbers, start=1):
        try:
            found = read_page_markdown(document, number - 1, body_size) if body_size else ""
            found = found or read_page_text(document, number - 1)
        except pypdfium2.PdfiumError:
            unreadable.append(number)
            found = ""
        if not found.strip():
            empty.append(number)
        counts.add(found)
        text.begin_page(number)
        text.write(found)
        text.end_page()
        call.progress(done / len(numbers), f"Page {done} of {len(numbers)}")
    if len(unreadable) == len(numbers):
        raise InputError("The PDF is damaged: none of these pages can be read.", code="corrupt_file")
    facts = {**counts.describe(), "pages_with_text": len(numbers) - len(empty), "pages_without_text": empty}
    if unreadable:
        facts["unreadable_pages"] = unreadable[:_MAX_UNREADABLE_TOLD]
    return facts
