"""Sealed: opening a PDF with PDFium, and reading the text of one page."""

import codecs
import ctypes
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import cffi
import pypdfium2
import pypdfium2.raw as pdfium

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError

_HYPHEN: Final = "\ufffe"
"""How PDFium tells of a hyphen at a line's end that parts a word."""
_MAX_SIDE_POINTS: Final = 10_000_000
"""3.5 km; PDF itself ends at 14,400, and readers do not care."""

_ffi = cffi.FFI()
codecs.lookup("utf-16-le")  # PDFium's texts are in it, and a sealed child can't load a codec any more


@contextmanager
def open_pdf(call: SealedCall, password: str | None = None) -> Iterator[pypdfium2.PdfDocument]:
    """Map the file into memory: PDFium reads only the parts it needs, and no path and no callback is needed.

    Raises InputError `password_required`, `wrong_password`, `corrupt_file`, `unsupported_format`.
    """
    os.lseek(call.source_fd, 0, os.SEEK_SET)
    with mmap.mmap(call.source_fd, 0, access=mmap.ACCESS_READ) as mapped, _ffi.from_buffer(mapped) as held:
        address = int(_ffi.cast("uintptr_t", held))
        handle = pdfium.FPDF_LoadMemDocument64(address, len(mapped), password.encode() if password else None)
        if not handle:
            raise _explain_refusal(pdfium.FPDF_GetLastError(), has_password=bool(password))
        with pypdfium2.PdfDocument(handle) as document:
            if len(document) < 1:
                raise InputError("The PDF holds no page that can be read.", code="corrupt_file")
            yield document


def refuse_many_pages(pages: int, most: int) -> None:
    """Refuse a document of more pages than it may have."""
    if pages > most:
        raise InputError(f"The PDF has {pages:,} pages; it may have {most:,}.", code="too_many_pages")


def _explain_refusal(reason: int, *, has_password: bool) -> InputError:
    if reason == pdfium.FPDF_ERR_PASSWORD:
        return explain_password(has_password=has_password)
    if reason == pdfium.FPDF_ERR_SECURITY:
        message = "The PDF is encrypted in a way that can't be read."
        return InputError(message, code="unsupported_format", evidence={"pdfium": reason})
    return InputError("The PDF is damaged or cut short.", code="corrupt_file", evidence={"pdfium": reason})


def explain_password(*, has_password: bool) -> InputError:
    """The error of a PDF that did not open with the password, or without one."""
    if has_password:
        return InputError("The password does not open the PDF: give the right one.", code="wrong_password")
    message = "The PDF is encrypted: send it without its password, or name an operation that takes `password`."
    return InputError(message, code="password_required")


def read_page_text(document: pypdfium2.PdfDocument, index: int) -> str:
    """Give a page's text, ending with a line end unless it is empty.

    Raises PdfiumError for a page that is broken, InputError `too_many_pixels` for one that is immense.
    """
    page = document[index]
    words = open_words(page, index)
    text = tidy_text(_read_words(words))
    words.close()
    page.close()
    return text if not text or text.endswith("\n") else f"{text}\n"


def _read_words(words: pypdfium2.PdfTextPage) -> str:
    """Give the text on the page, as `get_text_bounded` does in two passes, of which the first only counts."""
    left, bottom, right, top = words.page.get_bbox()
    room = 2 * words.count_chars() + 1
    buffer = (ctypes.c_ushort * room)()
    filled = pdfium.FPDFText_GetBoundedText(words, left, top, right, bottom, buffer, room)
    if filled >= room:  # more than two units for each character: it may not be all
        return str(words.get_text_bounded())
    return bytes(buffer)[: 2 * filled].decode("utf-16-le", errors="ignore").removesuffix("\0")


def open_words(page: pypdfium2.PdfPage, index: int) -> pypdfium2.PdfTextPage:
    """Lay out the words of a page. Raises InputError `too_many_pixels`: PDFium takes memory by the points of a side."""
    width, height = page.get_size()
    if max(width, height) > _MAX_SIDE_POINTS:
        message = f"Page {index + 1:,} is {width:,.0f} x {height:,.0f} points large: too large for its text to be read."
        raise InputError(message, code="too_many_pixels")
    return page.get_textpage()


def tidy_text(text: str) -> str:
    """Give line ends as `\\n`, and the hyphens that part a word at a line's end as hyphens."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace(_HYPHEN, "-")
