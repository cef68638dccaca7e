"""What the columns of a table hold, told by their cells, and the cells as JSON or CSV shows them; pure."""

import json
import re
from datetime import date, datetime, time, timedelta
from typing import Any, Final

_INTEGER: Final = re.compile(r"-?(?:0|[1-9]\d{0,17})", re.ASCII)
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d{0,30})(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_BOOLEAN: Final = re.compile(r"true|false", re.IGNORECASE)
_DATE: Final = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])", re.ASCII)
_DATETIME: Final = re.compile(
    rf"{_DATE.pattern}[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{{1,9}})?)?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII
)
_PATTERNS: Final = {
    "integer": _INTEGER,
    "number": _NUMBER,
    "boolean": _BOOLEAN,
    "date": _DATE,
    "datetime": _DATETIME,
}
_KINDS: Final[tuple[tuple[type, str], ...]] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (datetime, "datetime"),
    (date, "date"),
    (time, "time"),
    (timedelta, "duration"),
    (str, "text"),
)
_WIDER: Final = {
    frozenset(("integer", "number")): "number",
    frozenset(("date", "datetime")): "datetime",
}
EMPTY: Final = "empty"
MIXED: Final = "mixed"


class ColumnType:
    """The narrowest type that fits all cells seen; texts that look like numbers count as such where `is_text`."""

    def __init__(self, *, is_text: bool) -> None:
        self._is_text = is_text
        self.kind = EMPTY

    def add(self, cell: Any) -> None:
        """See one more cell; empty ones fit every type."""
        if cell is None or cell == "":
            return
        if self._is_text:
            self._add_text(cell)
        elif self.kind != MIXED:
            self._join(find_kind(cell), otherwise=MIXED)

    def _add_text(self, cell: str) -> None:
        if self.kind == "text":
            return
        known = _PATTERNS.get(self.kind)
        if known is None or not known.fullmatch(cell):
            self._join(_find_kind_of_text(cell), otherwise="text")

    def _join(self, kind: str, *, otherwise: str) -> None:
        if self.kind in (EMPTY, kind):
            self.kind = kind
        else:
            self.kind = _WIDER.get(frozenset((self.kind, kind)), otherwise)


def find_kind(cell: Any) -> str:
    """Name the type of a cell that has one; lists and objects are nested, and a sheet's whole numbers integers."""
    if is_whole(cell):
        return "integer"
    return next((kind for known, kind in _KINDS if isinstance(cell, known)), "nested")


def _find_kind_of_text(cell: str) -> str:
    return next((kind for kind, pattern in _PATTERNS.items() if pattern.fullmatch(cell)), "text")


def read_text_cell(cell: str, kind: str) -> Any:
    """Turn a text into the value that its column's type says; an empty one is null, unless the column is text."""
    if cell == "":
        return None
    match kind:
        case "integer":
            return int(cell)
        case "number":
            return float(cell)
        case "boolean":
            return cell.lower() == "true"
    return cell


def is_whole(cell: Any) -> bool:
    """Tell whether a cell is a float that stands for a whole number: a sheet knows no others."""
    return isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53


def show_value(cell: Any, kind: str) -> Any:
    """Give a spreadsheet's cell as JSON holds it: times in ISO 8601, whole numbers without a fraction."""
    if cell == "":
        return None
    if is_whole(cell):
        return int(cell)
    if kind == "datetime" and type(cell) is date:
        return f"{cell.isoformat()}T00:00:00"
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell) if isinstance(cell, timedelta) else cell


def show_in_csv(value: Any) -> str:
    """Give a value as a field of CSV."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
