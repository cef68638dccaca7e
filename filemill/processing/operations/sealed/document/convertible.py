"""Sealed: texts, Markdown, HTML and CSV as files that an office program takes for nothing else than they are."""

import io
from collections.abc import Callable, Iterator
from typing import Any, Final

from markdown_it import MarkdownIt

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError
from filemill.processing.operations.sealed.document.decoding import DecodedText, detect_encoding, show_encoding
from filemill.processing.operations.sealed.document.html_cleaning import HtmlCleaner
from filemill.processing.operations.sealed.document.sheet_writer import write_sheet
from filemill.processing.operations.sealed.opening import refuse_empty

MAX_MARKUP_BYTES: Final = 32 * 1024**2
_BOM: Final = "\ufeff"
_PAGE_BEGINS: Final = (
    '<!DOCTYPE html>\n<html><head><meta charset="utf-8"><style>'
    "body { font-family: sans-serif; font-size: 11pt } pre, code { font-family: monospace; font-size: 10pt } "
    "table { border-collapse: collapse } th, td { border: 1px solid #888; padding: 3pt } "
    "blockquote { margin-left: 12pt; color: #444 }"
    "</style></head><body>\n"
)
_PAGE_ENDS: Final = "</body></html>\n"
# Raw HTML in Markdown is shown as it is written: a page that is to be HTML is sent as HTML.
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def prepare_text(call: SealedCall) -> dict[str, Any]:
    """Write the text in UTF-8 behind a byte order mark, so that its encoding is never guessed. Arguments: `name`."""
    return _copy(call)


def prepare_html(call: SealedCall) -> dict[str, Any]:
    """Write the page in UTF-8 behind a byte order mark, without what acts or would be fetched.

    Arguments: `name`, `max_nesting`. `external_references` of the answer counts what would have been.
    """
    _refuse_large(call, "HTML")
    cleaner = HtmlCleaner(max_nesting=int(call.arguments["max_nesting"]))
    facts = _copy(call, cleaner.clean)
    return {**facts, "external_references": cleaner.external} if cleaner.external else facts


def prepare_markdown(call: SealedCall) -> dict[str, Any]:
    """Write Markdown (CommonMark with tables and strikethrough) as a page of HTML. Arguments: `name`."""
    refuse_empty(call)
    _refuse_large(call, "Markdown")
    encoding = detect_encoding(call)
    text = "".join(DecodedText(call, encoding).pieces())
    with _open(call) as page:
        page.write(_PAGE_BEGINS)
        page.write(_MARKDOWN.render(text))
        page.write(_PAGE_ENDS)
    return {"encoding": show_encoding(encoding)}


def prepare_csv(call: SealedCall) -> dict[str, Any]:
    """Write a CSV as a sheet, whose cells are texts and numbers and never formulas. Arguments: `name`."""
    refuse_empty(call)
    encoding = detect_encoding(call)
    facts = write_sheet(call, DecodedText(call, encoding), name=str(call.arguments["name"]))
    return {"encoding": show_encoding(encoding), **facts}


def _copy(call: SealedCall, change: Callable[[Iterator[str]], Iterator[str]] = iter) -> dict[str, Any]:
    refuse_empty(call)
    encoding = detect_encoding(call)
    with _open(call) as copy:
        copy.write(_BOM)
        for piece in change(_without_bom(DecodedText(call, encoding).pieces())):
            copy.write(piece)
    return {"encoding": show_encoding(encoding)}


def _without_bom(pieces: Iterator[str]) -> Iterator[str]:
    is_first = True
    for piece in pieces:
        yield piece.removeprefix(_BOM) if is_first else piece
        is_first = False


def _open(call: SealedCall) -> io.TextIOWrapper:
    """Open what goes on to LibreOffice alone: a page of a stranger's is never put out as one."""
    output = call.create_output(str(call.arguments["name"]), "application/octet-stream")
    raw = io.FileIO(output.fd, "wb", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", errors="replace", newline="\n")


def _refuse_large(call: SealedCall, what: str) -> None:
    if call.source_size > MAX_MARKUP_BYTES:
        message = f"The document has {call.source_size:,} bytes; {what} may have {MAX_MARKUP_BYTES:,} to be converted."
        raise InputError(message, code="too_large")
