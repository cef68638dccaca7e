"""What the columns of a table hold, and how its cells are shown."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from filemill.processing.errors import InputError
from filemill.processing.operations import OPERATIONS
from filemill.processing.operations.sealed.document.json_stream import JsonStream
from filemill.processing.operations.sealed.document.table import name_columns
from filemill.processing.operations.sealed.document.table_types import (
    ColumnType,
    read_text_cell,
    show_in_csv,
    show_value,
)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([], "empty"),
        (["", ""], "empty"),
        (["1", "", "-20"], "integer"),
        (["1", "2.5", "1e3"], "number"),
        (["007"], "text"),
        (["1", "x", "2"], "text"),
        (["1,5"], "text"),
        (["TRUE", "false"], "boolean"),
        (["true", "1"], "text"),
        (["2026-01-31"], "date"),
        (["2026-13-31"], "text"),
        (["2026-01-31", "2026-01-31T10:00:00Z"], "datetime"),
        (["2026-01-31 10:00", "2026-01-31T10:00:00.5+05:00"], "datetime"),
        (["123456789012345678901"], "number"),
        (["nan"], "text"),
        (["٣"], "text"),
        ([" 1"], "text"),
    ],
)
def test_a_column_of_texts_has_the_narrowest_type_that_fits(cells: list[str], kind: str) -> None:
    column = ColumnType(is_text=True)
    for cell in cells:
        column.add(cell)
    assert column.kind == kind


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([1.0, 2.0, None], "integer"),
        ([1, 2.5], "number"),
        ([True, False], "boolean"),
        ([True, 1], "mixed"),
        (["1", "2"], "text"),
        ([date(2026, 1, 1), datetime(2026, 1, 1, 10)], "datetime"),  # noqa: DTZ001 - a sheet knows no zones
        ([time(10)], "time"),
        ([timedelta(hours=1)], "duration"),
        ([{"a": 1}, []], "nested"),
    ],
)
def test_a_column_of_values_has_their_type(cells: list[Any], kind: str) -> None:
    column = ColumnType(is_text=False)
    for cell in cells:
        column.add(cell)
    assert column.kind == kind


def test_texts_become_values_of_their_columns_type() -> None:
    read = [read_text_cell(*pair) for pair in (("12", "integer"), ("1.5", "number"), ("True", "boolean"), ("", "text"))]
    assert read == [12, 1.5, True, None]
    assert read_text_cell("2026-01-31", "date") == "2026-01-31"


def test_values_of_a_sheet_are_shown() -> None:
    shown = [
        show_value(3.0, "integer"),
        show_value(0.5, "number"),
        show_value("", "text"),
        show_value(time(9, 30), "time"),
    ]
    assert shown == [3, 0.5, None, "09:30:00"]
    assert show_value(date(2026, 1, 1), "datetime") == "2026-01-01T00:00:00"
    assert show_value(timedelta(hours=25), "duration") == "1 day, 1:00:00"


def test_values_are_shown_in_csv() -> None:
    assert [show_in_csv(value) for value in (None, True, 1.5, "a", {"b": ["ü"]})] == [
        "",
        "true",
        "1.5",
        "a",
        '{"b": ["ü"]}',
    ]


def test_every_column_has_a_name_of_its_own() -> None:
    assert name_columns(["a", "", "a", " a ", "column 2", "a 2"], 7) == [
        *("a", "column 2", "a 2", "a 3", "column 2 2", "a 2 2", "column 7"),
    ]
    assert len(set(name_columns(["x"] * 16_384, 16_384))) == 16_384


@pytest.mark.parametrize(
    ("text", "name", "items"),
    [
        ("[1, [2], {}]", None, [1, [2], {}]),
        (" [ ] ", None, []),
        ('{"a": {"b": [1]}, "c": [2, 3], "d": [4]}', None, [2, 3]),
        ('{"a": {"b": [1]}, "c": [2, 3], "d": [4]}', "d", [4]),
        ('{"c": [1.5, 1e999, 12345678901234567890]}', "c", [1.5, "1e999", 12345678901234567890]),
    ],
)
def test_the_items_of_a_list_are_read_one_by_one(text: str, name: str | None, items: list[Any]) -> None:
    stream = JsonStream(iter(text), reads_numbers=True)
    assert list(stream.read_items(name)) == items
    assert stream.has_list


@pytest.mark.parametrize("text", ["{}", '{"a": 1}', "3", '"x"'])
def test_json_without_a_list_says_so(text: str) -> None:
    stream = JsonStream(iter([text]))
    assert list(stream.read_items()) == []
    assert not stream.has_list


@pytest.mark.parametrize("text", ["[1, 2", "[1,]", "[1] 2", '{"a": [1], }', '{"a": [1]', "[1 2]", ""])
def test_a_list_that_is_broken_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        list(JsonStream(iter([text])).read_items())
    assert caught.value.code == "corrupt_file"


@pytest.mark.parametrize(
    "options",
    [
        *({"delimiter": delimiter} for delimiter in ("", "ab", '"', "x", "\n", " ", 5)),
        *({"offset": -1}, {"limit": 1.5}, {"limit": "all"}, {"sheet": 0}, {"sheet": ""}, {"sheet": [1]}),
        *({"header": "yes"}, {"header": 1}, {"format": "xlsx"}, {"shape": "rows"}, {"types": "true"}),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OPERATIONS["document.table"].options.model_validate(options)
