"""Sealed: PDFs made of the pages of others: chosen, left out, or split into parts."""

import os
from typing import Any, Final

import pikepdf

from filemill.processing.bench import SealedCall
from filemill.processing.operations.page_ranges import Part, choose_pages, refuse_many_parts, split_pages
from filemill.processing.operations.sealed.document.pdf_changes import is_repaired
from filemill.processing.operations.sealed.document.qpdf import create_pdf, open_input, save_pdf, select_pages

_MOST_WITH_OUTLINE: Final = 50
"""Parts; the whole outline is walked through for each."""


def extract_pages(call: SealedCall) -> dict[str, Any]:
    """Make a PDF of pages, in the order in which they are named, or of all others.

    Arguments: `name`, `pages`, `remove`, and those of a PDF.
    """
    with open_input(call) as pdf:
        total = len(pdf.pages)
        numbers = choose_pages(call.arguments["pages"], total, is_removal=call.arguments["remove"])
        with select_pages(pdf, numbers) as chosen:
            carry_information(pdf, chosen)
            save_pdf(chosen, create_pdf(call, call.arguments["name"]))
        return {"pages": len(numbers), "source_pages": total, "is_repaired": is_repaired(pdf)}


def split(call: SealedCall) -> dict[str, Any]:
    """Make a PDF of each part. Arguments: `stem`, `mode`, `span`, `pages`, `unify`, `max_parts`, and those of a PDF."""
    wanted = call.arguments
    with open_input(call) as pdf:
        total = len(pdf.pages)
        parts = split_pages(
            total, mode=wanted["mode"], span=wanted["span"], pages=wanted["pages"], is_unified=wanted["unify"]
        )
        refuse_many_parts(len(parts), wanted["max_parts"])
        for done, part in enumerate(parts, start=1):
            _write_part(call, pdf, part, has_outline=len(parts) <= _MOST_WITH_OUTLINE)
            call.progress(done / len(parts), f"Part {done} of {len(parts)}")
        return {"pages": total, "parts": len(parts), "is_repaired": is_repaired(pdf)}


def _write_part(call: SealedCall, pdf: pikepdf.Pdf, part: Part, *, has_outline: bool) -> None:
    output = create_pdf(call, f"{call.arguments['stem']}-{part.name}.pdf")
    with select_pages(pdf, part.numbers, has_outline=has_outline) as chosen:
        carry_information(pdf, chosen)
        save_pdf(chosen, output)
    output.facts["source_pages"] = part.label
    os.close(output.fd)  # a child can hold only so many open


def carry_information(source: pikepdf.Pdf, made: pikepdf.Pdf) -> None:
    """Title, author and the like are those of the source."""
    for key, value in source.docinfo.items():
        if isinstance(value, pikepdf.String):
            made.docinfo[key] = value
