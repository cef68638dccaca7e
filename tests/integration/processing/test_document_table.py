"""Rows of tables, through the real cage, against what csv, json and openpyxl read and write."""

import csv
import filecmp
import json
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from filemill.processing.errors import InputError, LimitError, OptionsError
from tests.integration.processing.conftest import SAMPLES, Work

HARVEST = SAMPLES / "harvest.csv"


def _make_workbook(path: Path) -> Path:
    workbook = openpyxl.Workbook()
    first = workbook.active
    assert first is not None
    first.title = "Harvest"
    first.append(["farm", "sacks", "weight", "day", "seen", "sold", None])
    first.append(["Brookside", 12, 600.5, date(2026, 8, 1), datetime(2026, 8, 1, 10, 30), True])  # noqa: DTZ001
    first.append(["Старая мельница", 7, None, date(2026, 8, 2), datetime(2026, 8, 2), False, "late"])  # noqa: DTZ001
    workbook.create_sheet("Prices").append([1, 2, 3])
    workbook.save(path)
    return path


def test_a_csv_becomes_objects_with_typed_values(work: Work) -> None:
    done = work(HARVEST, operation="document.table")
    rows = json.loads(done.path("harvest.json").read_text())
    with HARVEST.open(newline="") as file:
        expected = list(csv.DictReader(file))
    assert list(rows[0]) == list(expected[0])
    assert [row["farm"] for row in rows] == [row["farm"] for row in expected]
    assert [row["kilograms"] for row in rows] == [float(row["kilograms"]) for row in expected]
    assert (done.result["rows"], done.result["written_rows"], done.result["column_count"]) == (240, 240, 7)
    assert done.result["columns"][3] == {"name": "sacks", "type": "integer"}
    assert done.result["preview"][0] == list(rows[0].values())
    assert done.percents == sorted(done.percents)


def test_some_rows_are_given_as_lists(work: Work) -> None:
    done = work(HARVEST, operation="document.table", offset=100, limit=5, shape="arrays", types=False)
    table = json.loads(done.path("harvest.json").read_text())
    with HARVEST.open(newline="") as file:
        expected = list(csv.reader(file))
    assert table == {"columns": expected[0], "rows": expected[101:106]}
    assert (done.result["rows"], done.result["written_rows"]) == (240, 5)


def test_a_csv_in_a_legacy_encoding_becomes_one_in_utf_8(work: Work, tmp_path: Path) -> None:
    source = tmp_path / "people.csv"
    source.write_bytes('имя;город;год\nИван;"Мос;ква";007\nОльга;Ташкент\n'.encode("cp1251"))
    done = work(source, operation="document.table", format="csv")
    with done.path("people.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["имя", "город", "год"], ["Иван", "Мос;ква", "007"], ["Ольга", "Ташкент", ""]]
    assert (done.result["encoding"], done.result["delimiter"]) == ("windows-1251", ";")


def test_a_table_without_a_header_gets_names(work: Work, tmp_path: Path) -> None:
    source = tmp_path / "bare.csv"
    source.write_text("1|2\n3|4|5\n")
    done = work(source, operation="document.table", delimiter="|")
    assert json.loads(done.path("bare.json").read_text()) == [
        {"column 1": 1, "column 2": 2, "column 3": None},
        {"column 1": 3, "column 2": 4, "column 3": 5},
    ]
    forced = work(source, operation="document.table", delimiter="|", header=True)
    assert json.loads(forced.path("bare.json").read_text()) == [{"1": 3, "2": 4, "column 3": 5}]


def test_a_list_in_json_becomes_rows(work: Work, tmp_path: Path) -> None:
    source = tmp_path / "mills.json"
    mills = [{"name": "Oak", "tags": ["a"]}, {"name": "Elm", "height": 12.5, "tags": None}]
    source.write_text(json.dumps({"about": {"x": [0]}, "other": [1], "mills": mills}))
    done = work(source, operation="document.table", sheet="mills", format="csv")
    with done.path("mills.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["name", "tags", "height"], ["Oak", '["a"]', ""], ["Elm", "", "12.5"]]
    kept = json.loads(work(source, operation="document.table", sheet="mills").path("mills.json").read_text())
    assert kept == [{"name": "Oak", "tags": ["a"], "height": None}, {"name": "Elm", "tags": None, "height": 12.5}]


def test_a_workbook_becomes_rows(work: Work, tmp_path: Path) -> None:
    done = work(_make_workbook(tmp_path / "farm.xlsx"), operation="document.table")
    assert json.loads(done.path("farm.json").read_text()) == [
        {
            "farm": "Brookside",
            "sacks": 12,
            "weight": 600.5,
            "day": "2026-08-01",
            "seen": "2026-08-01T10:30:00",
            "sold": True,
            "column 7": None,
        },
        {
            "farm": "Старая мельница",
            "sacks": 7,
            "weight": None,
            "day": "2026-08-02",
            "seen": "2026-08-02T00:00:00",
            "sold": False,
            "column 7": "late",
        },
    ]
    kinds = [column["type"] for column in done.result["columns"]]
    assert kinds == ["text", "integer", "number", "date", "datetime", "boolean", "text"]
    assert (done.result["sheet"], done.result["sheets"]) == ("Harvest", ["Harvest", "Prices"])


@pytest.mark.parametrize("sheet", ["Prices", 2])
def test_a_sheet_is_chosen_by_name_or_number(work: Work, tmp_path: Path, sheet: Any) -> None:
    done = work(_make_workbook(tmp_path / "farm.xlsx"), operation="document.table", sheet=sheet, shape="arrays")
    assert json.loads(done.path("farm.json").read_text())["rows"] == [[1, 2, 3]]


@pytest.mark.parametrize(
    ("name", "sheet", "sentence"),
    [
        ("farm.xlsx", "Costs", "sheet is 'Costs'; the workbook's sheets are Harvest, Prices"),
        ("farm.xlsx", 3, "sheet is 3"),
        ("farm.json", "costs", "no list called 'costs'"),
    ],
)
def test_a_sheet_that_there_is_not_is_refused(work: Work, tmp_path: Path, name: str, sheet: Any, sentence: str) -> None:
    source = tmp_path / name
    if name.endswith("json"):
        source.write_text('{"prices": [1]}')
    else:
        _make_workbook(source)
    with pytest.raises(OptionsError, match=sentence):
        work(source, operation="document.table", sheet=sheet)


def _make_bomb(path: Path, workbook: Path) -> Path:
    """A workbook one of whose parts unpacks to 100 MB of spaces."""
    with zipfile.ZipFile(workbook) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith("sheet1.xml"):
                data = data.replace(b"</worksheet>", b" " * 100_000_000 + b"</worksheet>")
            target.writestr(name, data)
    return path


def test_a_workbook_that_is_a_bomb_is_refused_before_it_is_parsed(work: Work, tmp_path: Path) -> None:
    source = _make_bomb(tmp_path / "bomb.xlsx", _make_workbook(tmp_path / "farm.xlsx"))
    with pytest.raises(InputError) as caught:
        work(source, operation="document.table")
    assert caught.value.code == "too_compressed"
    assert int(str(caught.value.evidence["peak_memory_bytes"])) < 150 * 1024**2


def test_a_bomb_behind_the_beginning_of_an_older_workbook_is_refused(work: Work, tmp_path: Path) -> None:
    bomb = _make_bomb(tmp_path / "bomb.xlsx", _make_workbook(tmp_path / "farm.xlsx"))
    hidden = tmp_path / "hidden.xls"
    hidden.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(70_000) + bomb.read_bytes())
    with pytest.raises(InputError) as caught:
        work(hidden, operation="document.table")
    assert caught.value.code == "too_compressed"
    assert int(str(caught.value.evidence["peak_memory_bytes"])) < 150 * 1024**2


def test_cells_that_lie_far_apart_break_the_limit_of_memory(work: Work, tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet["A1"], sheet["XFD1048576"] = 1, 2
    workbook.save(tmp_path / "far.xlsx")
    with pytest.raises(LimitError) as caught:
        work(tmp_path / "far.xlsx", operation="document.table")
    assert caught.value.code == "memory_limit"


def test_a_damaged_workbook_is_refused(work: Work, tmp_path: Path) -> None:
    whole = _make_workbook(tmp_path / "farm.xlsx")
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(tmp_path / "torn.xlsx", "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name)[:100] if name == "xl/workbook.xml" else source.read(name))
    with pytest.raises(InputError) as caught:
        work(tmp_path / "torn.xlsx", operation="document.table")
    assert caught.value.code == "corrupt_file"


@pytest.mark.parametrize(("depth", "code"), [(499, None), (501, "too_deeply_nested"), (100_000, "too_deeply_nested")])
def test_json_nested_too_deeply_is_refused(work: Work, tmp_path: Path, depth: int, code: str | None) -> None:
    source = tmp_path / "deep.json"
    source.write_text("[" * depth + "]" * depth)
    if code is None:
        assert work(source, operation="document.table").result["written_rows"] == 1
        return
    with pytest.raises(InputError) as caught:
        work(source, operation="document.table")
    assert caught.value.code == code


@pytest.mark.timeout(120)
def test_a_large_csv_is_read_in_constant_memory(work: Work, tmp_path: Path) -> None:
    source = tmp_path / "huge.csv"
    block = b'2026-08-01,Brookside,wheat,12,600.5,"with, comma"\n' * 20_000
    with source.open("wb") as file:
        file.write(b"date,farm,grain,sacks,kilograms,note\n")
        file.write(block * 10)
    small = work(HARVEST, operation="document.table")
    done = work(source, operation="document.table", shape="arrays")
    assert (done.result["rows"], done.result["written_rows"]) == (200_000, 200_000)
    assert done.path("huge.json").stat().st_size > 10_000_000
    assert done.peak_memory_bytes - small.peak_memory_bytes < 24 * 1024**2


def _write_rows(path: Path, size: int) -> int:
    """Write a CSV of about `size` bytes, no two rows alike, and return how many rows it has."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["number", "farm", "kilograms", "note"])
        number = 0
        while file.tell() < size:
            words = "ветряная мельница, " * (20 + number // 1000 % 20)
            block = [[at, f"Brookside {at % 97}", at / 8, words] for at in range(number, number + 1000)]
            rows.writerows(block)
            number += len(block)
    return number


@pytest.mark.timeout(240)
def test_a_csv_thirty_times_as_long_takes_no_more_memory(work: Work, tmp_path: Path) -> None:
    peaks = []
    for megabytes in (10, 300):
        source = tmp_path / "rows.csv"
        rows = _write_rows(source, megabytes * 1_000_000)
        done = work(source, operation="document.table", format="csv")
        made = done.path("rows.csv")
        assert done.result["rows"] == done.result["written_rows"] == rows
        assert filecmp.cmp(made, source, shallow=False)
        made.unlink()
        source.unlink()
        peaks.append(done.peak_memory_bytes)
    assert abs(peaks[1] - peaks[0]) < 8 * 1024**2, peaks


@pytest.mark.timeout(120)
def test_a_large_json_is_read_in_constant_memory(work: Work, tmp_path: Path) -> None:
    source = tmp_path / "huge.json"
    item = '{"name": "a mill on a hill", "tags": ["wind", "water"], "place": {"x": 1.5, "y": -2}},\n'
    source.write_text('{"items": [' + item * 100_000 + "{}]}")
    small = work(SAMPLES / "catalogue.json", operation="document.table")
    done = work(source, operation="document.table", limit=10)
    assert (done.result["rows"], done.result["written_rows"]) == (100_001, 10)
    assert done.peak_memory_bytes - small.peak_memory_bytes < 24 * 1024**2
