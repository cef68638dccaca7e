"""Sealed: an office document is looked into, whichever kind it is, before any program is trusted with it."""

import os
from typing import Any, Final

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError
from filemill.processing.media.office import OLE_SIGNATURE, ZIP_SIGNATURE
from filemill.processing.operations.sealed.document.office_ole import read_office_ole
from filemill.processing.operations.sealed.document.office_zip import read_office_zip
from filemill.processing.operations.sealed.opening import refuse_empty

_HEAD_BYTES: Final = 8
_RTF_BEGINS: Final = b"{\\rtf"


def read_office(call: SealedCall) -> dict[str, Any]:
    """Give what the document says of itself: metadata, sheets or slides, macros, references to the outside.

    Arguments: `format` (docx, xlsx, pptx, odt, ods, odp, doc, xls, ppt or rtf: what it was taken for by its first
    bytes and its name), `max_ratio`, `max_archive_depth`, `has_password` (whether one was given, which did not open
    it). Raises InputError `empty_file`, `corrupt_file`, `password_required`, `unsupported_format`, `too_compressed`,
    `too_large`, `too_deeply_nested`.
    """
    refuse_empty(call)
    head = os.pread(call.source_fd, _HEAD_BYTES, 0)
    if head.startswith(ZIP_SIGNATURE):
        return read_office_zip(call)
    if head.startswith(OLE_SIGNATURE):
        return read_office_ole(call)
    if head.startswith(_RTF_BEGINS):
        return {"metadata": {}}
    raise InputError(f"The file is no {call.arguments['format']}.", code="corrupt_file")
