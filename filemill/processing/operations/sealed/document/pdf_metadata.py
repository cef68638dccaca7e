"""Sealed: what a PDF says of itself, in its information dictionary and in XMP: read, written, removed."""

import copy  # noqa: F401 - pikepdf loads it when it first copies XMP
from collections.abc import Mapping
from typing import Any, Final

import pikepdf
import pikepdf.models.metadata._schema
import pikepdf.models.metadata._xmp
from lxml import etree
from pikepdf.models.metadata import PdfMetadata

from filemill.processing.bench import SealedCall
from filemill.processing.operations.sealed.document.pdf_changes import is_repaired
from filemill.processing.operations.sealed.document.pdf_dates import read_pdf_date
from filemill.processing.operations.sealed.document.qpdf import open_input, write_pdf

_FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("/Title", "dc:title"),
    "author": ("/Author", "dc:creator"),
    "subject": ("/Subject", "dc:description"),
    "keywords": ("/Keywords", "pdf:Keywords"),
    "creator": ("/Creator", "xmp:CreatorTool"),
    "producer": ("/Producer", "pdf:Producer"),
}
"""Each field's key in the information dictionary and in XMP."""
_DATES: Final = {"created_at": "/CreationDate", "modified_at": "/ModDate"}
_MAX_CHARACTERS: Final = 1000
_MAX_ENTRIES: Final = 100


def read_and_write(call: SealedCall) -> dict[str, Any]:
    """Give the metadata as they are at the end, and write a PDF when something was to be changed.

    Arguments: `changes` (field: text; an empty one removes the field), `clear`, `name`, and those of a PDF.
    """
    changes, clear = call.arguments["changes"], call.arguments["clear"]
    with open_input(call) as pdf:
        if clear:
            _clear(pdf)
        if changes:
            _change(pdf, changes)
        facts = {"pages": len(pdf.pages), **describe_metadata(pdf), "is_changed": bool(changes or clear)}
        if facts["is_changed"]:
            write_pdf(pdf, call, call.arguments["name"], fix_metadata_version=False)
        return {**facts, "is_repaired": is_repaired(pdf)}


def describe_metadata(pdf: pikepdf.Pdf) -> dict[str, Any]:
    """Give `metadata` (the known fields), `custom` (other fields) and `xmp` (its simple properties)."""
    info = {str(key): _read_text(value) for key, value in pdf.docinfo.items()}
    known = {name: info.pop(key, "") for name, (key, _) in _FIELDS.items()}
    dates = {name: read_pdf_date(info.pop(key, "")) for name, key in _DATES.items()}
    return {
        "metadata": {name: value for name, value in {**known, **dates}.items() if value},
        "custom": {key.removeprefix("/"): value for key, value in list(info.items())[:_MAX_ENTRIES] if value},
        "xmp": _read_xmp(pdf),
    }


def _read_text(value: Any) -> str:
    return str(value)[:_MAX_CHARACTERS] if isinstance(value, pikepdf.String | str) else ""


def _read_xmp(pdf: pikepdf.Pdf) -> dict[str, str] | None:
    """Give XMP's properties by their usual names; None where there is none that can be read."""
    if "/Metadata" not in pdf.Root:
        return None
    try:
        metadata = pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False)
        names = list(metadata)[:_MAX_ENTRIES]
        return {_shorten_name(metadata, name): _show(metadata[name]) for name in names}
    except (etree.LxmlError, ValueError, KeyError):
        return None


def _shorten_name(metadata: PdfMetadata, name: str) -> str:
    qualified = etree.QName(name)
    prefix = metadata.REVERSE_NS.get(str(qualified.namespace))
    return f"{prefix}:{qualified.localname}" if prefix else name[:_MAX_CHARACTERS]


def _show(value: Any) -> str:
    text = value if isinstance(value, str) else ", ".join(str(part) for part in value) if value else ""
    return text[:_MAX_CHARACTERS]


def _clear(pdf: pikepdf.Pdf) -> None:
    for key in list(pdf.docinfo.keys()):
        del pdf.docinfo[key]
    if "/Metadata" in pdf.Root:
        del pdf.Root.Metadata


def _change(pdf: pikepdf.Pdf, changes: Mapping[str, str]) -> None:
    """Write both places, so that they agree; where there was no XMP it takes over the other fields as well."""
    has_xmp = "/Metadata" in pdf.Root
    with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as metadata:
        if not has_xmp:
            metadata.load_from_docinfo(pdf.docinfo, raise_failure=False)
        for name, value in changes.items():
            key, property_name = _FIELDS[name]
            _put(pdf, key, value)
            if not value:
                if property_name in metadata:
                    del metadata[property_name]
                continue
            metadata[property_name] = [value] if property_name == "dc:creator" else value


def _put(pdf: pikepdf.Pdf, key: str, value: str) -> None:
    if value:
        pdf.docinfo[key] = value
    elif key in pdf.docinfo:
        del pdf.docinfo[key]
