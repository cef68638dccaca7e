"""The one statement by which new tasks come into being, each with its `created` event."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Field

from filemill.tasks.ids import uuid7_series
from filemill.tasks.models import TaskLog
from filemill.tasks.transition import storable

PRIORITY_STEP_SECONDS = 3600
"""A step of priority puts a task before those of its user that came up to an hour earlier: nothing waits for ever."""
BY_THE_DATABASE = {
    "created_at": "statement_timestamp()",
    "run_after": "CASE WHEN run_at > statement_timestamp() THEN run_at END",
    "deadline_at": "coalesce(expires_at, greatest(statement_timestamp(), run_at) "
    "+ %(deadline_seconds)s * interval '1 second')",
    "turn_at": "greatest(statement_timestamp(), run_at) - priority * (%(step_seconds)s * interval '1 second')",
}
"""Columns whose value is the database's to say: only its clock decides."""

# JSON documents for all rows: measured several times faster than an INSERT with a parameter for every value.
STATEMENT = """
    WITH {first}made AS (
        INSERT INTO tasks_tasklog ({columns}) SELECT {values}
        FROM {rows}
        RETURNING id, operation, file_name, generation, created_at, published_at
    ), told AS (
        INSERT INTO tasks_taskeventlog (task_id, event_type, generation, attempt, message, metadata, created_at)
        SELECT id, 'created', generation, 0, 'Created: ' || operation || ' of ' || file_name, '{{}}', created_at
        FROM made
    )
    SELECT {told} FROM made"""
EACH_WHOLE = "jsonb_to_recordset(%(rows)s::jsonb) AS given({typed_columns})"
# Known to be a single row: taken for the usual guess of a hundred, the statement would be planned anew each time.
ONE_WHOLE = "jsonb_to_record(%(row)s::jsonb) AS given({typed_columns})"
# What all files share is sent and read once; of each file only what is its own.
ALIKE = """(SELECT {shared}, id, gen_random_uuid()::text AS celery_task_id,
                   batch_index, file_name, file_size, file_path,
                   jsonb_build_object('kind', 'path', 'path', source_path) AS source, media_type
            FROM jsonb_to_record(%(shared)s::jsonb) AS alike({typed_shared}),
                 json_to_recordset(%(rows)s::json) AS file(id uuid, batch_index integer, file_name text,
                     file_size bigint, file_path text, source_path text, media_type text)) AS given"""
OF_EACH: Final = frozenset(
    ("id", "celery_task_id", "batch_index", "file_name", "file_size", "file_path", "source", "media_type")
)
ROWS_PER_STATEMENT = 5000


@dataclass(frozen=True, kw_only=True, slots=True)
class FileRow:
    """What tells one file of a batch from the others."""

    batch_index: int
    file_name: str
    file_size: int
    file_path: str
    source_path: str
    media_type: str


@dataclass(frozen=True, kw_only=True)
class Turn:
    """By what the database decides whether a new task is sent at once, as SQL and its parameters.

    `room` is how many more its user may have handed out; `sent_at`, in which that is `room.free`, the time or NULL.
    """

    room: str
    sent_at: str
    parameters: dict[str, Any]


def insert(tasks: Sequence[TaskLog]) -> None:
    """Insert new tasks and their `created` events; several statements, so the caller holds a transaction for many."""
    for first in range(0, len(tasks), ROWS_PER_STATEMENT):
        _insert(tasks[first : first + ROWS_PER_STATEMENT])


def insert_next(task: TaskLog, turn: Turn) -> bool:
    """Insert one task in a single round trip, as sent where its turn is now; say whether its user had room for more."""
    given = {"row": json.dumps(_row(task), default=_to_text), **turn.parameters}
    task.created_at, task.published_at, has_room = _execute(_statement_of_next(turn.room, turn.sent_at), **given)
    task._state.adding = False  # noqa: SLF001  Django's documented way to say that a row exists
    return bool(has_room)


def insert_alike(template: TaskLog, chunks: Iterable[str]) -> None:
    """Insert tasks that are as the template but for their files, each chunk of them as `pack` made it."""
    shared = json.dumps(
        {name: value for name, value in _row(template).items() if name not in OF_EACH}, default=_to_text
    )
    for rows in chunks:
        _execute(_statement_of_alike(), rows=rows, shared=shared)


def pack(files: Sequence[FileRow]) -> str:
    """Return files as the text in which they are sent; small enough to be kept until all files were looked at."""
    ids = uuid7_series(len(files))
    return json.dumps([{"id": task_id, **_storable_facts(file)} for task_id, file in zip(ids, files, strict=True)])


def _storable_facts(file: FileRow) -> dict[str, Any]:
    facts = {name: getattr(file, name) for name in FileRow.__slots__}
    is_plain = file.file_path.isascii() and file.source_path.isascii() and file.file_name.isascii()
    return facts if is_plain else {name: storable(value) for name, value in facts.items()}


def _insert(tasks: Sequence[TaskLog]) -> None:
    (created_at,) = _execute(_statement(), rows=json.dumps([_row(task) for task in tasks], default=_to_text))
    for task in tasks:
        task.created_at = created_at
        task._state.adding = False  # noqa: SLF001  Django's documented way to say that a row exists


def _execute(statement: str, **given: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                **given,
                "step_seconds": PRIORITY_STEP_SECONDS,
                "deadline_seconds": settings.FILEMILL_DEADLINE_HOURS * 3600,
            },
        )
        return cursor.fetchone()


@cache
def _statement() -> str:
    return _write_statement(EACH_WHOLE.format(typed_columns=_typed(_given_columns())))


@cache
def _statement_of_next(room: str, sent_at: str) -> str:
    return _write_statement(
        ONE_WHOLE.format(typed_columns=_typed(_given_columns())),
        first=f"room AS MATERIALIZED (SELECT {room} AS free), ",
        told="created_at, published_at, (SELECT free FROM room) > 0",
        published_at=sent_at,
    )


@cache
def _statement_of_alike() -> str:
    shared = {column: field for column, field in _given_columns().items() if column not in OF_EACH}
    return _write_statement(ALIKE.format(shared=", ".join(shared), typed_shared=_typed(shared)))


def _write_statement(rows: str, *, first: str = "", told: str = "max(created_at)", **computed: str) -> str:
    values = {**{column: column for column in _given_columns()}, **BY_THE_DATABASE, **computed}
    return STATEMENT.format(
        first=first, columns=", ".join(values), values=", ".join(values.values()), rows=rows, told=told
    )


def _typed(columns: "dict[str, Field[Any, Any]]") -> str:
    return ", ".join(f"{column} {field.db_type(connection)}" for column, field in columns.items())


@cache
def _given_columns() -> "dict[str, Field[Any, Any]]":
    fields: Iterable[Field[Any, Any]] = TaskLog._meta.concrete_fields  # noqa: SLF001  Django's public model API
    return {str(field.column): field for field in fields if field.column not in BY_THE_DATABASE}


def _row(task: TaskLog) -> dict[str, Any]:
    return {column: storable(getattr(task, field.attname)) for column, field in _given_columns().items()}


def _to_text(value: UUID | datetime) -> str:
    return str(value)
