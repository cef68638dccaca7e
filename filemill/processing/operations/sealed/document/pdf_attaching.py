"""Sealed: files put into a PDF, which carries them along."""

import hashlib
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final, cast

import pikepdf

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError
from filemill.processing.operations.naming import keep_name
from filemill.processing.operations.sealed.document.pdf_changes import is_repaired
from filemill.processing.operations.sealed.document.qpdf import open_input, write_pdf
from filemill.processing.operations.sealed.opening import open_descriptor

_MAX_BYTES: Final = 128 * 1024**2
"""Of all files together; qpdf and what feeds it hold them up to four times over."""
_PIECE_BYTES: Final = 1024 * 1024
_READ_SHARE: Final = 0.5
"""Writing tells the rest."""


def attach(call: SealedCall) -> dict[str, Any]:
    """Put the further inputs into the document.

    Arguments: `name`, `files` (`name` and `media_type` of each), `description`, and those of a PDF. Raises InputError
    `too_large` for files that would fill memory.
    """
    wanted = call.arguments
    _refuse_large(call)
    with open_input(call) as pdf:
        taken = set(_list_names(pdf))
        attached = []
        for place, file in enumerate(wanted["files"]):
            name = keep_name(file["name"], fallback="attachment", taken=taken)
            taken.add(name)
            specification = pikepdf.AttachedFileSpec(
                pdf, b"", filename=name, description=wanted["description"], mime_type=file["media_type"]
            )
            _fill(cast(pikepdf.Stream, specification.obj.EF.F), call, place)
            pdf.attachments[name] = specification
            attached.append({"name": name, "size": call.input_sizes[place]})
            call.progress(_READ_SHARE * (place + 1) / len(wanted["files"]), f"File {place + 1} read")
        write_pdf(pdf, call, wanted["name"])
        return {"pages": len(pdf.pages), "attached": attached, "is_repaired": is_repaired(pdf)}


def _refuse_large(call: SealedCall) -> None:
    size = sum(call.input_sizes)
    if size > _MAX_BYTES:
        message = f"The files to attach have {size:,} bytes; together they may have {_MAX_BYTES:,}: attach fewer."
        raise InputError(message, code="too_large")


def _fill(stream: pikepdf.Stream, call: SealedCall, place: int) -> None:
    """Put a further input into a stream, deflated here: qpdf would hold it once more to do so."""
    size, done = call.input_sizes[place], 0
    # What the standard asks for to find damage, and no safeguard.
    checksum = hashlib.md5(usedforsecurity=False)
    packer, packed = zlib.compressobj(), BytesIO()
    with open_descriptor(call.input_fds[place]) as opened:
        while piece := opened.read(min(_PIECE_BYTES, size - done)):
            done += len(piece)
            checksum.update(piece)
            packed.write(packer.compress(piece))
    packed.write(packer.flush())
    stream.write(packed.getvalue(), filter=pikepdf.Name.FlateDecode)
    stream.Params.Size = done
    stream.Params.CheckSum = pikepdf.String(checksum.digest())


def _list_names(pdf: pikepdf.Pdf) -> Iterator[str]:
    """Yield what the files that the document carries are called: in its list, and by themselves."""
    for name, specification in pdf.attachments.items():
        yield name
        yield specification.filename
