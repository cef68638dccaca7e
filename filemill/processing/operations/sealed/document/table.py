"""Sealed: a table's rows, some or all, as JSON or CSV, in constant memory: read once to know it, once to write it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from filemill.processing.bench import SealedCall, SealedOutput
from filemill.processing.errors import InputError
from filemill.processing.operations.sealed.document.table_output import open_writer
from filemill.processing.operations.sealed.document.table_sources import TableSource, open_table
from filemill.processing.operations.sealed.document.table_types import ColumnType, read_text_cell, show_value
from filemill.processing.operations.sealed.opening import refuse_empty

_MAX_COLUMNS: Final = 16_384
_MAX_COLUMNS_TOLD: Final = 200
_MAX_NAME_CHARACTERS: Final = 200
_PREVIEW_ROWS: Final = 10
_MAX_CELL_CHARACTERS_TOLD: Final = 200


class PartOfCall:
    """A call whose progress is only a part of the whole."""

    def __init__(self, call: SealedCall, begin: float, end: float) -> None:
        self.source_fd = call.source_fd
        self.source_size = call.source_size
        self.input_fds = call.input_fds
        self.input_sizes = call.input_sizes
        self.arguments = call.arguments
        self._call = call
        self._begin = begin
        self._end = end

    def create_output(self, name: str, media_type: str) -> SealedOutput:
        return self._call.create_output(name, media_type)

    def progress(self, fraction: float, message: str = "") -> None:
        self._call.progress(self._begin + (self._end - self._begin) * fraction, message)


@dataclass
class Survey:
    """What the rows asked for hold: how many there are, by column name or place, and of which types."""

    is_text: bool
    total: int = 0
    width: int = 0
    types: list[ColumnType] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    """The place of each column that rows name themselves."""

    def add(self, row: list[Any] | dict[str, Any]) -> None:
        """See a row."""
        if isinstance(row, dict):
            for key, cell in row.items():
                self._grow(self.keys.setdefault(key, len(self.keys)) + 1)
                self.types[self.keys[key]].add(cell)
        else:
            self._grow(len(row))
            for column, cell in zip(self.types, row, strict=False):
                column.add(cell)

    def _grow(self, width: int) -> None:
        if width > _MAX_COLUMNS:
            raise InputError(f"A row has more than {_MAX_COLUMNS:,} columns.", code="too_large")
        self.types += [ColumnType(is_text=self.is_text) for _ in range(width - len(self.types))]
        self.width = max(self.width, width)


def read_table(call: SealedCall) -> dict[str, Any]:
    """Write rows; give the columns with their types, how many rows there are and were written, and the first few.

    Arguments: `offset`, `limit`, `types`, those of `open_table` and of `open_writer`. Raises InputError
    `corrupt_file`, `empty_file`, `password_required`, `too_compressed`, `too_large`; OptionsError for an absent sheet.
    """
    refuse_empty(call)
    source = open_table(call)
    survey = _survey(source, PartOfCall(call, 0.0, 0.5))
    columns = name_columns(source.header or list(survey.keys), survey.width)
    kinds = [found.kind for found in survey.types] + ["empty"] * (len(columns) - survey.width)
    written, preview = _write(source, columns, kinds, survey, PartOfCall(call, 0.5, 1.0))
    told = zip(columns[:_MAX_COLUMNS_TOLD], kinds, strict=False)
    return {
        **source.facts,
        "rows": survey.total,
        "written_rows": written,
        "columns": [{"name": name, "type": kind} for name, kind in told],
        "column_count": len(columns),
        "preview": preview,
    }


def _survey(source: TableSource, call: SealedCall) -> Survey:
    survey = Survey(is_text=source.is_text)
    begin, limit = call.arguments["offset"], call.arguments["limit"]
    end = None if limit is None else begin + limit
    for number, row in enumerate(source.rows(call)):
        if number >= begin and (end is None or number < end):
            survey.add(row)
        survey.total += 1
    return survey


def name_columns(names: Sequence[str], width: int) -> list[str]:
    """Give each column a name of its own: what the header says, else `column 3`; a second `name` is `name 2`."""
    columns: dict[str, None] = {}
    twins = Counter[str]()
    for number in range(1, max(width, len(names)) + 1):
        given = names[number - 1].strip() if number <= len(names) else ""
        unique = name = given[:_MAX_NAME_CHARACTERS] or f"column {number}"
        while unique in columns:
            twins[name] += 1
            unique = f"{name} {twins[name] + 1}"
        columns[unique] = None
    return list(columns)


def _write(
    source: TableSource, columns: Sequence[str], kinds: Sequence[str], survey: Survey, call: SealedCall
) -> tuple[int, list[list[Any]]]:
    writer = open_writer(call, columns)
    written, preview = 0, []
    for row in _choose_rows(source, call):
        cells = _align(row, survey, len(columns))
        values = [_read_cell(cell, kind, source, call) for cell, kind in zip(cells, kinds, strict=True)]
        writer.write(values)
        if written < _PREVIEW_ROWS:
            preview.append([_shorten(value) for value in values[:_MAX_COLUMNS_TOLD]])
        written += 1
    writer.close()
    return written, preview


def _choose_rows(source: TableSource, call: SealedCall) -> Iterator[Any]:
    begin, limit = call.arguments["offset"], call.arguments["limit"]
    return islice(source.rows(call), begin, None if limit is None else begin + limit)


def _align(row: list[Any] | dict[str, Any], survey: Survey, width: int) -> list[Any]:
    if isinstance(row, dict):
        cells = [None] * width
        for key, cell in row.items():
            cells[survey.keys[key]] = cell
        return cells
    return row if len(row) == width else [*row, *[None] * (width - len(row))]


def _read_cell(cell: Any, kind: str, source: TableSource, call: SealedCall) -> Any:
    if cell is None:
        return None
    if not source.is_text:
        return show_value(cell, kind)
    return read_text_cell(cell, kind) if call.arguments["types"] else cell


def _shorten(value: Any) -> Any:
    text = value if isinstance(value, str) else repr(value) if isinstance(value, list | dict) else ""
    return f"{text[:_MAX_CELL_CHARACTERS_TOLD]}…" if len(text) > _MAX_CELL_CHARACTERS_TOLD else value
