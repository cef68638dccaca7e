"""Sealed: opening a PDF with qpdf to change it or to make others of it, and writing what came of it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from typing import Any, BinaryIO, Final, cast

import pikepdf
from pikepdf.settings import set_qpdf_limits

from filemill.processing.bench import SealedCall, SealedOutput
from filemill.processing.errors import InputError, OptionsError
from filemill.processing.operations.sealed.document.pdfium import explain_password, refuse_many_pages
from filemill.processing.operations.sealed.opening import refuse_empty

MAX_STREAM_BYTES: Final = 256 * 1024**2
"""What one stream may unpack to; qpdf holds it in memory."""
_WRITTEN_SHARE: Final = 0.5

# What a PDF with an absurd structure raises, in qpdf or where pikepdf meets another type than it expects.
_STRUCTURE_ERRORS: Final = (
    *(pikepdf.PikepdfError, RuntimeError, ValueError, TypeError, KeyError, IndexError, AttributeError),
    *(NotImplementedError, ArithmeticError),
)

set_qpdf_limits(
    doc_max_warnings=10_000,
    parser_max_nesting=200,
    flate_max_memory=MAX_STREAM_BYTES,
    png_max_memory=MAX_STREAM_BYTES,
    run_length_max_memory=MAX_STREAM_BYTES,
    tiff_max_memory=MAX_STREAM_BYTES,
    dct_max_memory=MAX_STREAM_BYTES,
    dct_max_progressive_scans=100,
)


@dataclass(frozen=True)
class Source:
    """A PDF to be opened: its descriptor, its size and what opens it."""

    fd: int
    size: int
    password: str | None = None


@contextmanager
def blame_file() -> Iterator[None]:
    """Turn what a PDF's structure raises into InputError `corrupt_file`; a lack of memory or disk shows through it."""
    try:
        yield
    except _STRUCTURE_ERRORS as error:
        reason = f"{type(error).__name__}: {error}"
        message = "The PDF is damaged in a way that can't be mended."
        raise InputError(message, code="corrupt_file", evidence={"reason": reason[:500]}) from error


@contextmanager
def open_source(source: Source, max_pages: int) -> Iterator[pikepdf.Pdf]:
    """Open a PDF, mending it where its structure is broken.

    Raises InputError `empty_file`, `corrupt_file`, `password_required`, `wrong_password`, `too_many_pages`; the same
    for what shows only while it is worked on.
    """
    os.lseek(source.fd, 0, os.SEEK_SET)
    with blame_file():
        try:
            pdf = pikepdf.Pdf.open(
                cast(BinaryIO, FileIO(source.fd, "rb", closefd=False)),
                password=source.password or "",
                access_mode=pikepdf.AccessMode.mmap,
            )
        except pikepdf.PasswordError as error:
            raise explain_password(has_password=bool(source.password)) from error
        with pdf:
            pages = len(pdf.pages)
            refuse_many_pages(pages, max_pages)
            if pages < 1:
                raise InputError("The PDF holds no page that can be read.", code="corrupt_file")
            yield pdf


@contextmanager
def open_input(call: SealedCall) -> Iterator[pikepdf.Pdf]:
    """Open the call's input; its arguments hold `password` and `max_pages`."""
    refuse_empty(call)
    source = Source(call.source_fd, call.source_size, call.arguments["password"])
    with open_source(source, call.arguments["max_pages"]) as pdf:
        yield pdf


def write_pdf(pdf: pikepdf.Pdf, call: SealedCall, name: str, **how: Any) -> SealedOutput:
    """Write a PDF to a new output, which tells its pages; an encrypted one stays encrypted unless `how` says else.

    `how` is what `pikepdf.Pdf.save` takes. Progress goes through the last half of the call.
    """
    output = create_pdf(call, name)
    save_pdf(pdf, output, progress=lambda percent: _tell(call, percent), **how)
    return output


def create_pdf(call: SealedCall, name: str) -> SealedOutput:
    """Make an output for a PDF; raises OptionsError where there would be too many."""
    try:
        return call.create_output(name, "application/pdf")
    except ValueError as error:
        raise OptionsError(f"The output {name} can't be made: {error}", code="invalid_options") from error


def save_pdf(pdf: pikepdf.Pdf, output: SealedOutput, **how: Any) -> None:
    """Write a PDF to an output, and tell its pages."""
    keep = {"encryption": True} if pdf.is_encrypted else {}
    with FileIO(output.fd, "wb", closefd=False) as file:
        pdf.save(cast(BinaryIO, file), **{**keep, **how})
    output.facts["pages"] = len(pdf.pages)


def select_pages(pdf: pikepdf.Pdf, numbers: Sequence[int], *, has_outline: bool = True) -> pikepdf.Pdf:
    """Make a new PDF of some pages (counted from 1), in that order, with their forms, layers, links and outline."""
    chosen = pikepdf.Pdf.new()
    chosen.add_pages_from(pdf, [number - 1 for number in numbers], outlines="preserve" if has_outline else "ignore")
    return chosen


def _tell(call: SealedCall, percent: int) -> None:
    call.progress(_WRITTEN_SHARE + (1 - _WRITTEN_SHARE) * percent / 100, "Writing")
