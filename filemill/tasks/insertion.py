"""The one statement by which new tasks come into being, each with its `created` event."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Field

from filemill.tasks.models import TaskLog
from filemill.tasks.transition import storable

BY_THE_DATABASE = {
    "created_at": "statement_timestamp()",
    "deadline_at": "statement_timestamp() + %(deadline_seconds)s * interval '1 second'",
}
"""Columns whose value is the database's to say: only its clock decides."""

# One JSON document for all rows: measured several times faster than an INSERT with a parameter for every value.
STATEMENT = """
    WITH made AS (
        INSERT INTO tasks_tasklog ({columns}) SELECT {values}
        FROM jsonb_to_recordset(%(rows)s::jsonb) AS given({typed_columns})
        RETURNING id, operation, file_name, generation, created_at
    ), told AS (
        INSERT INTO tasks_taskeventlog (task_id, event_type, generation, attempt, message, metadata, created_at)
        SELECT id, 'created', generation, 0, 'Created: ' || operation || ' of ' || file_name, '{{}}', created_at
        FROM made
    )
    SELECT max(created_at) FROM made"""
ROWS_PER_STATEMENT = 5000


def insert(tasks: Sequence[TaskLog]) -> None:
    """Insert new tasks and their `created` events; several statements, so the caller holds a transaction for many."""
    for first in range(0, len(tasks), ROWS_PER_STATEMENT):
        _insert(tasks[first : first + ROWS_PER_STATEMENT])


def _insert(tasks: Sequence[TaskLog]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _statement(),
            {
                "rows": json.dumps([_row(task) for task in tasks], default=_to_text),
                "deadline_seconds": settings.FILEMILL_DEADLINE_HOURS * 3600,
            },
        )
        created_at: datetime = cursor.fetchone()[0]
    for task in tasks:
        task.created_at = created_at
        task._state.adding = False  # noqa: SLF001  Django's documented way to say that a row exists


@cache
def _statement() -> str:
    columns = list(_given_columns())
    return STATEMENT.format(
        columns=", ".join([*columns, *BY_THE_DATABASE]),
        values=", ".join([*columns, *BY_THE_DATABASE.values()]),
        typed_columns=", ".join(f"{column} {field.db_type(connection)}" for column, field in _given_columns().items()),
    )


@cache
def _given_columns() -> "dict[str, Field[Any, Any]]":
    fields: Iterable[Field[Any, Any]] = TaskLog._meta.concrete_fields  # noqa: SLF001  Django's public model API
    return {str(field.column): field for field in fields if field.column not in BY_THE_DATABASE}


def _row(task: TaskLog) -> dict[str, Any]:
    return {column: storable(getattr(task, field.attname)) for column, field in _given_columns().items()}


def _to_text(value: UUID | datetime) -> str:
    return str(value)
