"""`document.table`: the rows of a CSV, a JSON list or a sheet, as JSON or CSV."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from filemill.processing.bench import Bench, Limits
from filemill.processing.errors import InputError
from filemill.processing.media import extension_of
from filemill.processing.operations.declaration import Example, Operation, Options
from filemill.processing.operations.document import archives
from filemill.processing.operations.document.decrypting import open_decrypted
from filemill.processing.operations.document.passwords import Password, password_field
from filemill.processing.operations.naming import name_stem
from filemill.processing.operations.planning import Cost, Facts, Planned, PlannedOutput
from filemill.processing.operations.sealed_name import SealedName

read_table = SealedName("document.table", "read_table")

_LIMITS: Final = Limits(memory_bytes=1024**3, cpu_seconds=1200, wall_seconds=1800.0, output_bytes=8 * 1024**3)
_MEDIA_TYPES: Final = {"json": "application/json", "csv": "text/csv"}
_TABLES: Final = frozenset(
    (
        *("text/csv", "application/json", "application/vnd.ms-excel"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.oasis.opendocument.spreadsheet",
    )
)
_BYTES_PER_SECOND: Final = 6_000_000
_MAX_ROWS: Final = 10**12
_NO_DELIMITER: Final = re.compile(r"[\s\"'\w]")


def _check_delimiter(value: str) -> str:
    if value in ("auto", "\t"):
        return value
    if len(value) != 1 or _NO_DELIMITER.match(value):
        raise ValueError(f"{value!r} can't part fields")
    return value


class TableOptions(Options):
    """Which rows, and how; without any option all rows of the first sheet as JSON objects."""

    format: Literal["json", "csv"] = Field(
        "json",
        description="Format of the output, in UTF-8; csv has commas and a header.",
        examples=["csv"],
        json_schema_extra={"x-valid": "json or csv"},
    )
    shape: Literal["records", "arrays"] = Field(
        "records",
        description="With json: records gives a list with an object for each row; arrays gives an object with the "
        "names as columns and a list for each row as rows, which is smaller.",
        examples=["arrays"],
        json_schema_extra={"x-valid": "records or arrays"},
    )
    sheet: Annotated[str, Field(min_length=1, max_length=200)] | Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        None,
        description="Of a workbook, the sheet by its name or its number from 1; of a JSON object, the name of the "
        "list. Left out, it is the first.",
        examples=["Harvest", 2],
        json_schema_extra={"x-valid": "a name, or a whole number from 1 to 10000"},
    )
    offset: Annotated[int, Field(ge=0, le=_MAX_ROWS)] = Field(
        0,
        description="How many rows to leave out at the start; the header is none of them.",
        examples=[1000],
        json_schema_extra={"x-valid": "a whole number from 0"},
    )
    limit: Annotated[int, Field(ge=0, le=_MAX_ROWS)] | None = Field(
        None,
        description="How many rows to give at the most. Left out, it is all.",
        examples=[100],
        json_schema_extra={"x-valid": "a whole number from 0", "x-aliases": ["rows"]},
    )
    header: bool | Literal["auto"] = Field(
        "auto",
        description="Whether the first row names the columns; auto takes it for that when each cell is a name: neither "
        "empty nor a number.",
        examples=[True],
        json_schema_extra={"x-valid": "true, false or auto"},
    )
    delimiter: Annotated[str, AfterValidator(_check_delimiter)] = Field(
        "auto",
        description="What parts the fields of a CSV; auto looks which of comma, semicolon, tab and bar does.",
        examples=[";", "\t"],
        json_schema_extra={"x-valid": "auto, a tab, or a single character that is no letter, digit, space or quote"},
    )
    types: bool = Field(
        True,
        description="Give a CSV's numbers and truth values as such in JSON, where all of a column's cells are; false "
        "leaves every cell a text.",
        examples=[False],
        json_schema_extra={"x-valid": "true or false"},
    )
    password: Password | None = password_field()


def read(bench: Bench, options: TableOptions) -> dict[str, Any]:
    """Give columns with types, the numbers of rows and the first of them; the rows themselves are the output.

    Raises InputError `corrupt_file`, `empty_file`, `password_required`, `wrong_password`, `unsupported_format`,
    `too_compressed`, `too_large`, `too_deeply_nested`; LimitError `memory_limit` for a sheet with cells so far apart
    that what lies between would fill memory; OptionsError for a sheet that there isn't.
    """
    arguments = {
        **options.model_dump(exclude={"types", "password"}),
        "has_password": options.password is not None,
        "types": options.types and options.format == "json",
        "stem": name_stem(bench.file_name, fallback="table"),
        **archives.arguments_of(bench.input_limits),
        "max_nesting": bench.input_limits.max_nesting,
    }
    with open_decrypted(bench, options.password, with_pictures=False) as opened:
        kind = extension_of(opened.media_type)
        if opened.media_type not in _TABLES:
            message = f"What was encrypted in the file is a {kind}, which holds no table that can be read."
            raise InputError(message, code="unsupported_format")
        return {"format": kind, **opened.call(read_table, {**arguments, "kind": kind})}


def plan(facts: Facts, options: TableOptions) -> Planned:
    """Foresee the file of rows."""
    made = Facts(media_type=_MEDIA_TYPES[options.format])
    cost = Cost(cpu_seconds=0.05 + (facts.size or 0) / _BYTES_PER_SECOND, memory_bytes=128 * 1024**2)
    return Planned(outputs=(PlannedOutput(name=f"*.{options.format}", facts=made),), cost=cost)


def _produces(_media_type: str, options: TableOptions) -> str:
    return _MEDIA_TYPES[options.format]


OPERATION: Final = Operation(
    name="document.table",
    task_type="document",
    summary="The rows of a CSV, a JSON list or a sheet (xlsx, xls, ods), as JSON or CSV.",
    details="""\
Encoding and delimiter are found out. A CSV or JSON of any size is read in constant memory, twice: once for the types of
its columns and the number of its rows, once to write them. A column is integer, number, boolean, date, datetime or
text: the narrowest that all its cells fit; `007` is a text. A workbook is read whole, and a formula's cell holds what
it came to when the workbook was saved. `password` opens one that Excel has encrypted.

Rows of JSON may be objects, lists or single values; the columns of objects are all names that occur, in the order in
which they do. Cells with lists or objects stay so in JSON and are JSON texts in CSV. Columns without a name are called
`column 3`, a second `name` becomes `name 2`.
""",
    media_types=_TABLES,
    options=TableOptions,
    limits=_LIMITS,
    run=read,
    plan=plan,
    produces=_produces,
    samples=("harvest.csv", "catalogue.json"),
    examples=(
        Example(options={}, shows="All rows as JSON objects."),
        Example(options={"offset": 100, "limit": 50, "shape": "arrays"}, shows="Rows 101 to 150, as lists."),
        Example(options={"format": "csv", "sheet": "Harvest"}, shows="A sheet as CSV."),
    ),
)
