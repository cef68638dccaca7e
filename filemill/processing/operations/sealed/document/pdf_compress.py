"""Sealed: a PDF made smaller: its pictures, its structure, and what nobody needs in it."""

import os
from typing import Any, Final

import pikepdf
from pikepdf import sanitize
from pikepdf.settings import set_flate_compression_level

from filemill.processing.bench import SealedCall, SealedOutput
from filemill.processing.operations.sealed.document.pdf_changes import is_repaired
from filemill.processing.operations.sealed.document.pdf_images import Aim, shrink_image
from filemill.processing.operations.sealed.document.pdf_placements import Placements
from filemill.processing.operations.sealed.document.qpdf import create_pdf, open_input, save_pdf

_LEAST: Final = 9
_USUAL: Final = -1
_PIECE_BYTES: Final = 1024 * 1024


def compress(call: SealedCall) -> dict[str, Any]:
    """Write a PDF that is not larger than the input.

    Arguments: `name`, `dpi`, `quality`, `grayscale`, `linearize`, `max_pixels`, and those of a PDF.
    """
    wanted = call.arguments
    aim = Aim(wanted["dpi"], wanted["quality"], wanted["grayscale"], wanted["max_pixels"])
    with open_input(call) as pdf:
        images, replaced = _shrink_images(pdf, aim, call)
        _drop_needless(pdf)
        output = create_pdf(call, wanted["name"])
        set_flate_compression_level(_LEAST)
        try:
            save_pdf(
                pdf,
                output,
                object_stream_mode=pikepdf.ObjectStreamMode.generate,
                recompress_flate=True,
                linearize=wanted["linearize"],
            )
        finally:
            set_flate_compression_level(_USUAL)
        facts = {"pages": len(pdf.pages), "images": images, "is_repaired": is_repaired(pdf)}
    size = os.fstat(output.fd).st_size
    if size >= call.source_size:
        _copy(call, output)
        replaced, size = 0, call.source_size
    return {**facts, "recompressed_images": replaced, "source_size": call.source_size, "size": size}


def _shrink_images(pdf: pikepdf.Pdf, aim: Aim, call: SealedCall) -> tuple[int, int]:
    placements = Placements()
    for page in pdf.pages:
        placements.add_page(page)
    if not placements.is_whole:
        return len(placements.images), 0
    replaced = 0
    for done, (identity, image) in enumerate(placements.images.items(), start=1):
        replaced += shrink_image(image, placements.sizes[identity], aim)
        call.progress(0.9 * done / len(placements.images), f"Picture {done} of {len(placements.images)}")
    return len(placements.images), replaced


def _drop_needless(pdf: pikepdf.Pdf) -> None:
    """Drop what no reader shows; what nothing refers to is not written in any case."""
    sanitize.remove_thumbnails(pdf)
    sanitize.remove_private_app_data(pdf)
    pdf.remove_unreferenced_resources()


def _copy(call: SealedCall, output: SealedOutput) -> None:
    """Give the input as it is."""
    os.ftruncate(output.fd, 0)
    at = 0
    while piece := os.pread(call.source_fd, _PIECE_BYTES, at):
        os.pwrite(output.fd, piece, at)
        at += len(piece)
