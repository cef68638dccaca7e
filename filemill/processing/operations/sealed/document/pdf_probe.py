"""Sealed: what a PDF tells before its pages are read."""

import ctypes
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError
from filemill.processing.operations.sealed.document.pdfium import open_pdf, refuse_many_pages
from filemill.processing.operations.sealed.opening import refuse_empty


def probe_pdf(call: SealedCall) -> dict[str, Any]:
    """Give `pages`, `page_size` of the first (points), `pdf_version` and `is_encrypted`.

    Arguments: `max_pages`. Of a document that asks for a password only `is_encrypted` is known. Raises InputError
    `corrupt_file`, `too_many_pages`.
    """
    refuse_empty(call)
    try:
        with open_pdf(call) as document:
            refuse_many_pages(len(document), call.arguments["max_pages"])
            return {
                "pages": len(document),
                "page_size": measure_page(document, 0),
                "pdf_version": read_version(document),
                "is_encrypted": is_encrypted(document),
            }
    except InputError as error:
        if error.code != "password_required":
            raise
    return {"is_encrypted": True}


def measure_page(document: pypdfium2.PdfDocument, index: int) -> dict[str, float] | None:
    """Give a page's width and height in points, upright; None for a page that is broken."""
    try:
        width, height = document.get_page_size(index)
    except pypdfium2.PdfiumError:
        return None
    return {"width": round(width, 1), "height": round(height, 1)}


def read_version(document: pypdfium2.PdfDocument) -> str | None:
    """Give the version of PDF, such as `1.7`; None where the header lacks it."""
    version = ctypes.c_int()
    if not pdfium.FPDF_GetFileVersion(document, version):
        return None
    return f"{version.value // 10}.{version.value % 10}"


def is_encrypted(document: pypdfium2.PdfDocument) -> bool:
    """Tell whether the document is encrypted, be it with an empty password."""
    return bool(pdfium.FPDF_GetSecurityHandlerRevision(document) >= 0)
