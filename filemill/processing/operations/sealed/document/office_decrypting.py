"""Sealed: an office document that Office has encrypted, by its password made one that opens without."""

import codecs
import io
import logging
import os
import struct
import xml.dom.expatbuilder
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, cast
from xml.parsers.expat import ExpatError

import msoffcrypto
import olefile
from cryptography.hazmat.backends import default_backend
from msoffcrypto import exceptions
from msoffcrypto.format import doc97, ooxml, ppt97, xls97

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError
from filemill.processing.media import HEAD_BYTES
from filemill.processing.media.office import OLE_SIGNATURE, ZIP_SIGNATURE, sniff_office
from filemill.processing.operations.sealed.document.office_ole import is_encrypted
from filemill.processing.operations.sealed.opening import open_as_file, refuse_encryption

_TYPES_OF_OLDER: Final[Mapping[str, str]] = {
    "doc97": "application/msword",
    "xls97": "application/vnd.ms-excel",
    "ppt97": "application/vnd.ms-powerpoint",
}
"""By the library's names; it tells them by the whole directory."""


class _InMemory:
    """What the library takes for the module `tempfile`: a sealed child can't open a file."""

    TemporaryFile = io.BytesIO


for _module in (doc97, xls97, ppt97):
    vars(_module)["tempfile"] = _InMemory
# It logs keys and passwords for its makers.
logging.getLogger("msoffcrypto").setLevel(logging.CRITICAL)
# A sealed child can load nothing more: what the library looks for at its first use is loaded now.
default_backend()
codecs.lookup("UTF-16LE")
_LOADED: Final = (ooxml.OOXMLFile, xml.dom.expatbuilder.parseString)


def decrypt_office(call: SealedCall) -> dict[str, Any]:
    """Write the document without its encryption, and say whether it had one; without, there is no output.

    The `media_type` in the facts is that of what came out, which could not be seen before. Arguments: `name`,
    `media_type`, `password`, `with_pictures` (whether those of a ppt are wanted: they stay encrypted). Raises
    InputError `wrong_password`, `unsupported_format`, `corrupt_file`.
    """
    if not os.pread(call.source_fd, len(OLE_SIGNATURE), 0).startswith(OLE_SIGNATURE):
        return {"was_encrypted": False}
    with _explain_failure():
        with olefile.OleFileIO(cast(BinaryIO, open_as_file(call))) as ole:
            if not is_encrypted(ole):
                return {"was_encrypted": False}
            if call.arguments["with_pictures"] and ole.exists("PowerPoint Document") and ole.exists("Pictures"):
                message = "The pictures of an encrypted ppt can't be read: save it as pptx, or without its password."
                raise InputError(message, code="unsupported_format")
        document = msoffcrypto.OfficeFile(open_as_file(call))
        _try_password(document, str(call.arguments["password"]))
        output = call.create_output(str(call.arguments["name"]), str(call.arguments["media_type"]))
        # The library writes all at once, and does not look how much of it found room.
        with io.BufferedWriter(io.FileIO(output.fd, "wb", closefd=False)) as file:
            document.decrypt(file)
        _refuse_grown(output.fd, call.source_size)
        media_type = _find_type(document.format, output.fd, str(call.arguments["name"]))
    return {"was_encrypted": True, "media_type": media_type}


def _refuse_grown(descriptor: int, source_size: int) -> None:
    """Decrypting makes nothing longer, and how far a zip may unpack is judged by its size."""
    size = os.fstat(descriptor).st_size
    if size > source_size:
        message = f"The document is damaged: decrypted it has {size:,} bytes, and came with {source_size:,}."
        raise InputError(message, code="corrupt_file")


def _find_type(library_format: str, descriptor: int, name: str) -> str:
    """Name the type of what came out; a newer document is a zip, whatever the file around it was taken for."""
    if library_format in _TYPES_OF_OLDER:
        return _TYPES_OF_OLDER[library_format]
    head = os.pread(descriptor, HEAD_BYTES, 0)
    if not head.startswith(ZIP_SIGNATURE):
        raise InputError("The document is damaged: what was encrypted in it is no document.", code="corrupt_file")
    media_type = sniff_office(head, name, is_whole=len(head) < HEAD_BYTES)
    if media_type is None:
        message = "What was encrypted in the file is no docx, xlsx or pptx: send it without its password."
        raise InputError(message, code="unsupported_format")
    return media_type


def _try_password(document: Any, password: str) -> None:
    try:
        if document.format == "ooxml":
            document.load_key(password=password, verify_password=True)
        else:
            document.load_key(password=password)
    except exceptions.InvalidKeyError as error:
        message = "The password does not open the document: give the right one."
        raise InputError(message, code="wrong_password") from error
    if not hasattr(document, "type"):  # how the library passes over what it does not know
        raise refuse_encryption()


@contextmanager
def _explain_failure() -> Iterator[None]:
    """Turn what the library raises over a stranger's bytes into what it means; it checks little before it reads."""
    try:
        yield
    except exceptions.InvalidKeyError as error:  # by then the password had been found right
        raise InputError("The document is damaged: it can't be decrypted.", code="corrupt_file") from error
    except (exceptions.DecryptionError, exceptions.FileFormatError) as error:
        raise refuse_encryption(reason=str(error)) from error
    except (
        *(exceptions.ParseError, ExpatError, struct.error, OSError, EOFError, RecursionError),
        *(ValueError, TypeError, LookupError, ArithmeticError, AssertionError, AttributeError),
    ) as error:
        message = f"The document is damaged: it can't be decrypted ({type(error).__name__})."
        raise InputError(message, code="corrupt_file") from error
