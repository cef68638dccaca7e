"""Sealed: what a doc, xls or ppt is and says of itself, by the streams of its OLE file."""

import codecs
import contextlib
import os
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final, cast

import olefile

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError
from filemill.processing.media.office import OLE_SIGNATURE
from filemill.processing.operations.sealed.opening import explain_encryption, open_as_file

_OF_DAMAGE: Final = (OSError, ValueError, IndexError, TypeError, RecursionError)
_MAIN_STREAMS: Final = {"doc": ("WordDocument",), "xls": ("Workbook", "Book"), "ppt": ("PowerPoint Document",)}
_MACRO_STORAGES: Final = frozenset(("macros", "_vba_project_cur", "vba"))
_WORD_FLAGS_AT: Final = 10
_WORD_IS_ENCRYPTED: Final = 0x0100
_EXCEL_FILEPASS: Final = 0x002F
_EXCEL_RECORDS_LOOKED_AT: Final = 40
_POWERPOINT_ENCRYPTED_TOKEN: Final = b"\xdf\xc4\xd1\xf3"
_MAX_CHARACTERS: Final = 1000
_FACTS: Final = {
    "title": "title",
    "author": "author",
    "subject": "subject",
    "keywords": "keywords",
    "create_time": "created_at",
    "last_saved_time": "modified_at",
    "creating_application": "producer",
}
_UTF_8_CODE_PAGE: Final = 65001
_FALLBACK_CODEC: Final = "cp1252"


def read_office_ole(call: SealedCall) -> dict[str, Any]:
    """Give metadata, and whether there are macros.

    Arguments: `format`, `has_password`. Raises InputError `corrupt_file`, `password_required`, `unsupported_format`.
    """
    try:
        with olefile.OleFileIO(cast(BinaryIO, open_as_file(call))) as ole:
            streams = ole.listdir()
            if is_encrypted(ole):
                raise explain_encryption(call)
            _refuse_other_kind(ole, str(call.arguments["format"]))
            facts = {"metadata": _read_metadata(ole)}
            if any(part.lower() in _MACRO_STORAGES for path in streams for part in path[:-1]):
                return {**facts, "has_macros": True}
            return facts
    except _OF_DAMAGE as error:
        raise InputError(f"The document is damaged: {error}.", code="corrupt_file") from error


def _refuse_other_kind(ole: olefile.OleFileIO, kind: str) -> None:
    if kind not in _MAIN_STREAMS or not any(ole.exists(name) for name in _MAIN_STREAMS[kind]):
        raise InputError(f"The file is no {kind}: its main stream is missing.", code="corrupt_file")


def refuse_encrypted(call: SealedCall) -> None:
    """Refuse an OLE file that asks for a password; raises InputError `password_required`, `unsupported_format`.

    What is no OLE file, or is damaged, is for its reader to judge.
    """
    if not os.pread(call.source_fd, len(OLE_SIGNATURE), 0).startswith(OLE_SIGNATURE):
        return
    with contextlib.suppress(*_OF_DAMAGE), olefile.OleFileIO(cast(BinaryIO, open_as_file(call))) as ole:
        if is_encrypted(ole):
            raise explain_encryption(call)


def is_encrypted(ole: olefile.OleFileIO) -> bool:
    """Tell whether a password is needed; a newer document with one is no zip, but lies encrypted in one stream."""
    if ole.exists("EncryptedPackage"):
        return True
    if ole.exists("WordDocument"):
        begins = ole.openstream("WordDocument").read(_WORD_FLAGS_AT + 2)
        if int.from_bytes(begins[_WORD_FLAGS_AT:], "little") & _WORD_IS_ENCRYPTED:
            return True
    if ole.exists("Current User") and _POWERPOINT_ENCRYPTED_TOKEN in ole.openstream("Current User").read(64):
        return True
    return any(ole.exists(name) and _has_filepass(ole.openstream(name)) for name in _MAIN_STREAMS["xls"])


def _has_filepass(workbook: BinaryIO) -> bool:
    """An encrypted workbook says so in one of its first records."""
    for _ in range(_EXCEL_RECORDS_LOOKED_AT):
        header = workbook.read(4)
        if len(header) < 4:
            return False
        if int.from_bytes(header[:2], "little") == _EXCEL_FILEPASS:
            return True
        workbook.seek(int.from_bytes(header[2:], "little"), 1)
    return False


def _read_metadata(ole: olefile.OleFileIO) -> dict[str, str]:
    """Read the summary; a document whose summary is damaged is still a document."""
    with contextlib.suppress(OSError, ValueError, IndexError, TypeError):
        found = ole.get_metadata()
        codec = _find_codec(found.codepage)
        shown = {name: _show(getattr(found, key), codec) for key, name in _FACTS.items()}
        return {name: value for name, value in shown.items() if value}
    return {}


def _find_codec(code_page: object) -> str:
    """The codec that a summary names as a signed 16-bit number; every codec is loaded before the child is sealed."""
    if not isinstance(code_page, int):
        return _FALLBACK_CODEC
    number = code_page % 65536
    name = "utf-8" if number == _UTF_8_CODE_PAGE else f"cp{number}"
    try:
        return codecs.lookup(name).name
    except LookupError:
        return _FALLBACK_CODEC


def _show(value: object, codec: str) -> str:
    if isinstance(value, bytes):
        return value.decode(codec, errors="replace").strip("\0 ")[:_MAX_CHARACTERS]
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
    return ""
