"""Sealed: rows written one by one, as JSON or CSV; none is kept."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any, Protocol

from filemill.processing.bench import SealedCall
from filemill.processing.operations.sealed.document.table_types import show_in_csv


class RowWriter(Protocol):
    """Takes one row after the other."""

    def write(self, values: Sequence[Any]) -> None:
        """Add a row, with a value for each column."""
        ...

    def close(self) -> None:
        """End the table; until then it is not whole."""
        ...


def open_writer(call: SealedCall, columns: Sequence[str]) -> RowWriter:
    """Make the output. Arguments: `stem`, `format` (json or csv), `shape` (records or arrays)."""
    wanted = call.arguments
    if wanted["format"] == "csv":
        return CsvWriter(call, f"{wanted['stem']}.csv", columns)
    return JsonWriter(call, f"{wanted['stem']}.json", columns, has_records=wanted["shape"] == "records")


class JsonWriter:
    """A list of objects, or an object with `columns` and `rows`; a row a line."""

    def __init__(self, call: SealedCall, name: str, columns: Sequence[str], *, has_records: bool) -> None:
        output = call.create_output(name, "application/json")
        self._file = io.BufferedWriter(io.FileIO(output.fd, "wb", closefd=False))
        self._columns = columns
        self._has_records = has_records
        self._is_first = True
        self._put("[" if has_records else f'{{"columns": {_dump(list(columns))}, "rows": [')

    def write(self, values: Sequence[Any]) -> None:
        row = dict(zip(self._columns, values, strict=True)) if self._has_records else list(values)
        self._put(("\n" if self._is_first else ",\n") + _dump(row))
        self._is_first = False

    def close(self) -> None:
        self._put("\n]\n" if self._has_records else "\n]}\n")
        self._file.close()

    def _put(self, text: str) -> None:
        self._file.write(text.encode("utf-8", errors="replace"))


class CsvWriter:
    """CSV in UTF-8, with commas and a header."""

    def __init__(self, call: SealedCall, name: str, columns: Sequence[str]) -> None:
        output = call.create_output(name, "text/csv")
        file = io.BufferedWriter(io.FileIO(output.fd, "wb", closefd=False))
        self._file = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="")
        self._rows = csv.writer(self._file, lineterminator="\n")
        self._rows.writerow(columns)

    def write(self, values: Sequence[Any]) -> None:
        self._rows.writerow([show_in_csv(value) for value in values])

    def close(self) -> None:
        self._file.close()


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "), allow_nan=False)
