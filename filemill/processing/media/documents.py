"""Documents, told by their first bytes and, where a text is a text, by their name's ending."""

import codecs
import re
from collections.abc import Mapping
from typing import Final

_TEXT_TYPES_BY_ENDING: Final[Mapping[str, str]] = {
    "json": "application/json",
    "geojson": "application/json",
    "csv": "text/csv",
    "tsv": "text/csv",
    "html": "text/html",
    "htm": "text/html",
    "xhtml": "text/html",
    "md": "text/markdown",
    "markdown": "text/markdown",
}
_HTML_OPENINGS: Final = ("<!doctype html", "<html", "<head", "<body")
_MARKUP_OPENINGS: Final = ("<?xml", "<!doctype", "<svg", "<script", "{\\rtf", "%!ps")
_XHTML: Final = re.compile(r"<\?xml[^>]*>\s*(?:<!--.*?-->\s*)?(?:<!doctype html|<html)[\s>]", re.DOTALL)
_UTF16_BOMS: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_NON_TEXT_CONTROLS: Final = frozenset(range(0x20)) - frozenset(b"\t\n\v\f\r\x1a\x1b\b")


def sniff_pdf(head: bytes) -> str | None:
    """PDF readers accept some bytes before the header; so do we, but only after it fails to be anything else."""
    return "application/pdf" if b"%PDF-" in head[:1024] else None


def sniff_text(head: bytes, file_name: str) -> str | None:
    text = _decode_head(head)
    if text is None:
        return None
    opening = text[:1024].lstrip("\ufeff \t\r\n").lower()
    if opening.startswith(_HTML_OPENINGS) or _XHTML.match(opening):
        return "text/html"
    if opening.startswith(_MARKUP_OPENINGS):
        return None  # markup of another format, which nothing here reads
    ending = file_name.rpartition(".")[2].lower()
    return _TEXT_TYPES_BY_ENDING.get(ending, "text/plain")


def _decode_head(head: bytes) -> str | None:
    """Decode the beginning of a text, roughly for a legacy encoding; None when the bytes can't be text."""
    if not head:
        return None
    for bom, encoding in _UTF16_BOMS.items():
        if head.startswith(bom):
            try:
                text = codecs.getincrementaldecoder(encoding)().decode(head[len(bom) :])
            except UnicodeDecodeError:
                return None
            return None if "\0" in text else text
    if not _NON_TEXT_CONTROLS.isdisjoint(head):
        return None
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return head.decode("latin-1")  # a one-byte or East Asian encoding; which one is found out when it is read
