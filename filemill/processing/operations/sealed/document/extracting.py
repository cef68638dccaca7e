"""Sealed: the text of texts: of plain text, JSON, Markdown, CSV and HTML, in UTF-8, in constant memory."""

import csv
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, Final

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError
from filemill.processing.operations.sealed.document.csv_document import choose_delimiter, explain_csv_error
from filemill.processing.operations.sealed.document.decoding import DecodedText, detect_encoding, show_encoding
from filemill.processing.operations.sealed.document.html_text import HtmlText
from filemill.processing.operations.sealed.document.text import TextCounts
from filemill.processing.operations.sealed.document.text_output import TextOutput
from filemill.processing.operations.sealed.opening import refuse_empty

MAX_LINE_CHARACTERS: Final = 8 * 1024 * 1024
_MAX_HTML_BYTES: Final = 64 * 1024 * 1024
_SAMPLE_LINES: Final = 50


def extract_text(call: SealedCall) -> dict[str, Any]:
    """Write a text as it stands. Arguments: `stem`, `format` (txt, json or markdown), `by_page`."""
    encoding = _begin(call)
    return _write(call, encoding, DecodedText(call, encoding).pieces())


def extract_csv(call: SealedCall) -> dict[str, Any]:
    """Write a CSV as it stands, or as a table of Markdown. Arguments as of `extract_text`."""
    encoding = _begin(call)
    text = DecodedText(call, encoding)
    pieces = _draw_table(text) if call.arguments["format"] == "markdown" else text.pieces()
    return _write(call, encoding, pieces)


def extract_html(call: SealedCall) -> dict[str, Any]:
    """Write what a reader of the page sees, as text or Markdown. Arguments as of `extract_text`."""
    encoding = _begin(call)
    if call.source_size > _MAX_HTML_BYTES:
        message = f"The page has {call.source_size:,} bytes; HTML may have {_MAX_HTML_BYTES:,}."
        raise InputError(message, code="too_large")
    seen = HtmlText(is_markdown=call.arguments["format"] == "markdown", max_nesting=call.arguments["max_nesting"])
    return _write(call, encoding, seen.read(DecodedText(call, encoding).pieces()))


def _begin(call: SealedCall) -> str:
    refuse_empty(call)
    return detect_encoding(call)


def _write(call: SealedCall, encoding: str, pieces: Iterator[str]) -> dict[str, Any]:
    wanted = call.arguments
    text = TextOutput(call, stem=wanted["stem"], form=wanted["format"], by_page=wanted["by_page"], has_pages=False)
    counts = TextCounts()
    text.begin_page(1)
    for piece in pieces:
        counts.add(piece)
        text.write(piece)
    text.end_page()
    text.close()
    return {"encoding": show_encoding(encoding), **counts.describe()}


def _draw_table(text: DecodedText) -> Iterator[str]:
    lines = text.lines(max_characters=MAX_LINE_CHARACTERS)
    sample = list(islice(lines, _SAMPLE_LINES))
    reader = csv.reader(chain(sample, lines), delimiter=choose_delimiter(sample))
    columns = 0
    try:
        for row in reader:
            if not row:
                continue
            yield _draw_row(row)
            if not columns:
                columns = len(row)
                yield _draw_row(["---"] * columns)
    except csv.Error as error:
        raise explain_csv_error(error, reader.line_num) from error


def _draw_row(cells: list[str]) -> str:
    shown = (" ".join(cell.split()).replace("\\", "\\\\").replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(shown)} |\n"
