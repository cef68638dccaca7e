"""Sealed: several PDFs put one after the other into one."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pikepdf

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError
from filemill.processing.operations.sealed.document.pdf_changes import is_repaired
from filemill.processing.operations.sealed.document.pdf_pages import carry_information
from filemill.processing.operations.sealed.document.qpdf import Source, open_source, write_pdf


def merge(call: SealedCall) -> dict[str, Any]:
    """Put the input and the further inputs one after the other.

    Arguments: `name`, `titles` and `passwords` (one for each), `outline` (keep, files or none), `max_pages`. Raises
    InputError as for a single PDF, with the number of the file, and `too_many_pages` for all of them together.
    """
    wanted = call.arguments
    fds = [call.source_fd, *call.input_fds]
    sizes = [call.source_size, *call.input_sizes]
    sources = [Source(*facts) for facts in zip(fds, sizes, wanted["passwords"], strict=True)]
    with ExitStack() as opened, pikepdf.Pdf.new() as merged:
        repaired = []
        for number, source in enumerate(sources, start=1):
            with _naming_file(number, len(sources)):
                left = wanted["max_pages"] - len(merged.pages)
                pdf = opened.enter_context(open_source(source, left))
                _append(merged, pdf, title=wanted["titles"][number - 1], outline=wanted["outline"])
                if is_repaired(pdf):
                    repaired.append(number)
                if number == 1:
                    carry_information(pdf, merged)
            call.progress(number / len(sources) / 2, f"File {number} of {len(sources)}")
        write_pdf(merged, call, wanted["name"])
        return {"pages": len(merged.pages), "files": len(sources), "repaired_files": repaired}


@contextmanager
def _naming_file(number: int, total: int) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        message = f"File {number} of {total}: {error.message}"
        raise InputError(message, code=error.code, evidence={"file": number, **error.evidence}) from error


def _append(merged: pikepdf.Pdf, pdf: pikepdf.Pdf, *, title: str, outline: str) -> None:
    first = len(merged.pages)
    merged.add_pages_from(pdf, outlines="preserve" if outline == "keep" else "ignore")
    if outline == "files":
        with merged.open_outline() as entries:
            entries.root.append(pikepdf.OutlineItem(title, first))
