"""Sealed: a CSV as the smallest workbook that an office program opens."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, Final
from xml.sax.saxutils import escape

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError
from filemill.processing.operations.sealed.document.csv_document import choose_delimiter, explain_csv_error
from filemill.processing.operations.sealed.document.decoding import DecodedText

MAX_ROWS: Final = 200_000
MAX_COLUMNS: Final = 1_000
_MAX_CELLS: Final = 4_000_000
_MAX_CELL_CHARACTERS: Final = 32_000
_MAX_LINE_CHARACTERS: Final = 8 * 1024 * 1024
_SAMPLE_LINES: Final = 200
_UPRIGHT_COLUMNS: Final = 6
_NARROWEST: Final = 6
_WIDEST: Final = 60
# A leading zero or more digits than a number keeps make an identifier, which must stay as it is written.
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,10})?")
_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPES: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_PARTS: Final = {
    "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/></Types>',
    "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="CSV" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def write_sheet(call: SealedCall, text: DecodedText, *, name: str) -> dict[str, Any]:
    """Write a CSV's rows to a workbook called `name`; pages are as wide as all of its columns.

    Raises InputError `too_large`, `corrupt_file`.
    """
    lines = text.lines(max_characters=_MAX_LINE_CHARACTERS)
    sample = list(islice(lines, _SAMPLE_LINES))
    delimiter = choose_delimiter(sample)
    widths = _measure(sample, delimiter)
    reader = csv.reader(chain(sample, lines), delimiter=delimiter)
    output = call.create_output(name, f"{_TYPES}.sheet")
    rows = 0
    with (
        io.FileIO(output.fd, "wb", closefd=False) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        for part, content in _PARTS.items():
            archive.writestr(part, content)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(_begin(widths).encode())
            try:
                for row in _limit(reader):
                    sheet.write(_draw(row).encode("utf-8", errors="replace"))
                    rows += 1
            except csv.Error as error:
                raise explain_csv_error(error, reader.line_num) from error
            sheet.write(_end(widths).encode())
    return {"rows": rows, "delimiter": delimiter}


def _measure(sample: list[str], delimiter: str) -> list[int]:
    """Return how many characters wide each column is, by the first rows."""
    widths: list[int] = []
    try:
        for row in csv.reader(sample, delimiter=delimiter):
            widths += [_NARROWEST] * (len(row) - len(widths))
            for number, cell in enumerate(row):
                widths[number] = min(max(widths[number], len(cell) + 2), _WIDEST)
    except csv.Error:
        return widths  # The reading that follows tells where it is broken.
    return widths[:MAX_COLUMNS]


def _limit(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    cells = 0
    for number, row in enumerate(rows, start=1):
        cells += len(row)
        if number > MAX_ROWS or cells > _MAX_CELLS or len(row) > MAX_COLUMNS:
            message = (
                f"The CSV is too large to be converted: {MAX_ROWS:,} rows of {MAX_COLUMNS:,} columns are the most."
            )
            raise InputError(message, code="too_large")
        yield row


def _begin(widths: list[int]) -> str:
    columns = "".join(
        f'<col min="{number}" max="{number}" width="{width}" customWidth="1"/>'
        for number, width in enumerate(widths, start=1)
    )
    return (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        f"{f'<cols>{columns}</cols>' if columns else ''}<sheetData>"
    )


def _draw(row: list[str]) -> str:
    return f"<row>{''.join(map(_draw_cell, row))}</row>"


def _draw_cell(cell: str) -> str:
    if _NUMBER.fullmatch(cell):
        return f"<c><v>{cell}</v></c>"
    shown = escape(_NOT_IN_XML.sub("\ufffd", cell[:_MAX_CELL_CHARACTERS]))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{shown}</t></is></c>'


def _end(widths: list[int]) -> str:
    orientation = "portrait" if len(widths) <= _UPRIGHT_COLUMNS else "landscape"
    return (
        f'</sheetData><pageSetup paperSize="9" orientation="{orientation}" fitToWidth="1" fitToHeight="0"/></worksheet>'
    )
