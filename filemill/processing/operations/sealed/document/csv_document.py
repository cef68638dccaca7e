"""Sealed: CSV: its encoding, delimiter, columns, the number of rows, and the first of them."""

import csv
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, Final

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError
from filemill.processing.operations.sealed.document.decoding import DecodedText, detect_encoding, show_encoding
from filemill.processing.operations.sealed.opening import refuse_empty

_DELIMITERS: Final = (",", ";", "\t", "|")
_SAMPLE_LINES: Final = 50
_MAX_LINE_CHARACTERS: Final = 8 * 1024 * 1024
_MAX_FIELD_CHARACTERS: Final = 1024 * 1024
_MAX_COLUMNS_TOLD: Final = 200
_MAX_CELL_CHARACTERS_TOLD: Final = 200

csv.field_size_limit(_MAX_FIELD_CHARACTERS)


def read_csv(call: SealedCall) -> dict[str, Any]:
    """Give encoding, delimiter, header, columns, rows (without the header) and a preview, in constant memory.

    Arguments: `preview_rows`; `text`, whether to write the CSV in UTF-8 as text.txt. Lines without any character are
    not rows.
    """
    refuse_empty(call)
    encoding = detect_encoding(call)
    copy = call.create_output("text.txt", "text/plain") if call.arguments["text"] else None
    lines = DecodedText(call, encoding, copy=copy).lines(max_characters=_MAX_LINE_CHARACTERS)
    sample = list(islice(lines, _SAMPLE_LINES))
    delimiter = choose_delimiter(sample)
    facts = _read_rows(chain(sample, lines), delimiter, int(call.arguments["preview_rows"]))
    return {"encoding": show_encoding(encoding), "delimiter": delimiter, **facts}


def choose_delimiter(sample: list[str]) -> str:
    """Choose the delimiter that splits the most lines into the same number of columns; a comma when none splits any."""
    scored = [(_score(sample, delimiter), delimiter) for delimiter in _DELIMITERS]
    best = max(score for score, _ in scored)
    return next(delimiter for score, delimiter in scored if score == best)


def _score(sample: list[str], delimiter: str) -> tuple[float, int]:
    try:
        widths = [len(row) for row in csv.reader(sample, delimiter=delimiter) if row]
    except csv.Error:
        return (0.0, 0)
    if not widths or widths[0] < 2:
        return (0.0, 0)
    return (sum(width == widths[0] for width in widths) / len(widths), widths[0])


def _read_rows(lines: Iterator[str], delimiter: str, preview_rows: int) -> dict[str, Any]:
    reader = csv.reader(lines, delimiter=delimiter)
    rows: Iterator[list[str]] = (row for row in reader if row)
    try:
        first = next(rows, [])
        has_header = is_header(first)
        shown = list(islice(rows, preview_rows if has_header else max(0, preview_rows - 1)))
        count = len(shown) + sum(1 for _ in rows)
    except csv.Error as error:
        raise explain_csv_error(error, reader.line_num) from error
    if not has_header:
        count += bool(first)
        shown = [first, *shown][:preview_rows]
    columns = first if has_header else [f"column {number}" for number in range(1, len(first) + 1)]
    return {
        "header": has_header,
        "columns": [_shorten(name) for name in columns[:_MAX_COLUMNS_TOLD]],
        "column_count": len(columns),
        "rows": count,
        "preview": [[_shorten(cell) for cell in row[:_MAX_COLUMNS_TOLD]] for row in shown],
    }


def is_header(row: list[str]) -> bool:
    """A first row is a header when each cell is a name: neither empty nor a number."""
    return bool(row) and all(cell.strip() and not _is_number(cell) for cell in row)


def _is_number(cell: str) -> bool:
    try:
        float(cell.strip().replace(",", ".").replace(" ", ""))
    except ValueError:
        return False
    return True


def _shorten(cell: str) -> str:
    return cell if len(cell) <= _MAX_CELL_CHARACTERS_TOLD else f"{cell[:_MAX_CELL_CHARACTERS_TOLD]}…"


def explain_csv_error(error: csv.Error, line: int) -> InputError:
    """The error of a CSV that breaks off at a line."""
    if "field larger" in str(error):
        message = (
            f"Near line {line:,} a field is longer than {_MAX_FIELD_CHARACTERS:,} characters; a quotation mark may be "
            "missing."
        )
    else:
        message = f"The CSV can't be read near line {line:,}: {error}."
    return InputError(message, code="corrupt_file")
