"""Sealed: the rows of a CSV, of a list in JSON, and of a sheet, as often as they are asked for."""

import csv
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, Final, cast

import python_calamine

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError, OptionsError
from filemill.processing.media.office import ZIP_SIGNATURE
from filemill.processing.operations.sealed.document.archives import unpack
from filemill.processing.operations.sealed.document.csv_document import choose_delimiter, explain_csv_error, is_header
from filemill.processing.operations.sealed.document.decoding import DecodedText, detect_encoding, show_encoding
from filemill.processing.operations.sealed.document.json_stream import JsonStream
from filemill.processing.operations.sealed.document.office_ole import refuse_encrypted
from filemill.processing.operations.sealed.opening import explain_encryption, open_as_file, refuse_encryption

_SAMPLE_LINES: Final = 50
_MAX_LINE_CHARACTERS: Final = 8 * 1024 * 1024
_MAX_NESTING: Final = 500
"""Of JSON whose rows are written again; Python's own encoder goes no deeper than a thousand."""
_ZIPPED: Final = frozenset(("xlsx", "ods"))


@dataclass(frozen=True, kw_only=True)
class TableSource:
    """A table to be read, more than once: what is known of it, and its rows without the header."""

    facts: dict[str, Any]
    header: list[str] | None
    """The names in its first row; None where it has none, or where each row names its columns."""
    rows: Callable[[SealedCall], Iterator[Any]]
    """Lists of cells, or objects with a cell for each name; progress goes to the call given."""
    is_text: bool
    """Whether each cell is a text, whose type is still to be told."""


def open_table(call: SealedCall) -> TableSource:
    """Open the input by its `kind` (csv, json, xlsx, xls or ods).

    Arguments: `header` (true, false or "auto"), `delimiter` (or "auto"), `sheet`, `max_ratio`, `max_archive_depth`,
    `max_nesting`, `has_password`.
    """
    kind = call.arguments["kind"]
    return {"csv": _open_csv, "json": _open_json}.get(kind, _open_workbook)(call)


def _open_csv(call: SealedCall) -> TableSource:
    encoding = detect_encoding(call)
    sample = list(islice(_read_lines(call, encoding), _SAMPLE_LINES))
    delimiter = call.arguments["delimiter"]
    if delimiter == "auto":
        delimiter = choose_delimiter(sample)
    first = next(_read_csv(iter(sample), delimiter), [])
    header = first if _has_header(call, first) else None

    def rows(pass_call: SealedCall) -> Iterator[list[str]]:
        found = _read_csv(_read_lines(pass_call, encoding), delimiter)
        return islice(found, 1 if header else 0, None)

    facts = {"encoding": show_encoding(encoding), "delimiter": delimiter, "header": header is not None}
    return TableSource(facts=facts, header=header, rows=rows, is_text=True)


def _read_lines(call: SealedCall, encoding: str) -> Iterator[str]:
    return DecodedText(call, encoding).lines(max_characters=_MAX_LINE_CHARACTERS)


def _read_csv(lines: Iterator[str], delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        yield from (row for row in reader if row)
    except csv.Error as error:
        raise explain_csv_error(error, reader.line_num) from error


def _has_header(call: SealedCall, first: list[Any]) -> bool:
    """Tell whether a first row names the columns; empty cells at its end don't speak against it."""
    wanted = call.arguments["header"]
    if wanted != "auto":
        return bool(wanted)
    filled = len(first)
    while filled and first[filled - 1] in ("", None):
        filled -= 1
    return is_header([cell if isinstance(cell, str) else "1" for cell in first[:filled]])


def _name(cell: Any) -> str:
    return "" if cell is None else str(cell)


def _open_json(call: SealedCall) -> TableSource:
    encoding = detect_encoding(call)
    name = call.arguments["sheet"]
    first: Any = next(_read_items(call, encoding, name), None)
    header = None
    if isinstance(first, list) and _has_header(call, first):
        header = [_name(cell) for cell in first]

    def rows(pass_call: SealedCall) -> Iterator[Any]:
        items = _read_items(pass_call, encoding, name)
        return (item if isinstance(item, list | dict) else [item] for item in islice(items, 1 if header else 0, None))

    facts = {"encoding": show_encoding(encoding), "header": header is not None}
    return TableSource(facts=facts, header=header, rows=rows, is_text=False)


def _read_items(call: SealedCall, encoding: str, name: str | int | None) -> Iterator[Any]:
    max_nesting = min(call.arguments["max_nesting"], _MAX_NESTING)
    stream = JsonStream(DecodedText(call, encoding).pieces(), max_nesting=max_nesting, reads_numbers=True)
    yield from stream.read_items(name if isinstance(name, str) else None)
    if not stream.has_list:
        what = f"list called {name!r}" if isinstance(name, str) else "list"
        raise OptionsError(f"The JSON holds no {what} whose items could be rows.", code="invalid_options")


def _open_workbook(call: SealedCall) -> TableSource:
    refuse_encrypted(call)
    is_zip = call.arguments["kind"] in _ZIPPED or os.pread(call.source_fd, 4, 0) == ZIP_SIGNATURE
    _refuse_bomb(call, is_zip=is_zip)
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(cast(BinaryIO, open_as_file(call)))
        names = workbook.sheet_names
        name = _choose_sheet(names, call.arguments["sheet"])
        sheet = workbook.get_sheet_by_name(name)
        first = next(sheet.iter_rows(), [])
    except python_calamine.PasswordError as error:
        raise (refuse_encryption() if is_zip else explain_encryption(call)) from error
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        message = f"The workbook is damaged: {error}."
        raise InputError(message, code="corrupt_file") from error
    header = [_name(cell) for cell in first] if _has_header(call, first) else None

    def rows(pass_call: SealedCall) -> Iterator[list[Any]]:
        total = max(1, sheet.height)
        for done, row in enumerate(islice(sheet.iter_rows(), 1 if header else 0, None)):
            if done % 1000 == 0:
                pass_call.progress(min(1.0, done / total), "Reading")
            yield row

    facts = {"sheet": name, "sheets": names[:100], "header": header is not None}
    return TableSource(facts=facts, header=header, rows=rows, is_text=False)


def _refuse_bomb(call: SealedCall, *, is_zip: bool) -> None:
    """Unpack what the reader may take for a zip: it goes by the content, whatever the file was taken for.

    When an xls can't be read as one, the reader looks for a zip in it, wherever that begins. There may be one in an
    xls that can, of which only part lies in one piece: that it can't be unpacked says nothing.
    """
    if not is_zip and not zipfile.is_zipfile(cast(BinaryIO, open_as_file(call))):
        return
    try:
        unpack(call, readers=lambda _name: None)
    except InputError as error:
        if is_zip or error.code not in ("corrupt_file", "unsupported_format"):
            raise


def _choose_sheet(names: list[str], wanted: str | int | None) -> str:
    if not names:
        raise InputError("The workbook holds no sheet.", code="corrupt_file")
    if wanted is None:
        return names[0]
    if isinstance(wanted, int) and wanted <= len(names):
        return names[wanted - 1]
    if wanted in names:
        return str(wanted)
    shown = ", ".join(names[:10])
    raise OptionsError(f"sheet is {wanted!r}; the workbook's sheets are {shown}.", code="invalid_options")
