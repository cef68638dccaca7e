"""The one statement by which every move changes a task: compare-and-set, event and end of attempt together."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models.expressions import Col

from filemill.tasks.models import TaskLog
from filemill.tasks.statuses import Move, Status

KILL_CHANNEL = "filemill_kill"
"""PostgreSQL NOTIFY channel: the id of a task whose running work is to be killed."""

Expression = tuple[str, list[Any]]
"""SQL and its parameters."""
Assignments = dict[str, Expression]
"""Column -> its new value."""

NOW: Expression = ("statement_timestamp()", [])
# A statement that waited for the row's lock began before the claim that it waited for; an end never lies before it.
ENDED: Expression = ("greatest(statement_timestamp(), started_at)", [])
NULL: Expression = ("NULL", [])
EVIDENCE_OF_EACH: Expression = ("(SELECT given_evidence FROM given WHERE given_id = moved.id)", [])


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What is told of an attempt's end."""

    message: str = ""
    error_code: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Given:
    """Values of their own for each row of a move: they are its table `given`, with these typed columns.

    `given_id uuid` is always among them, and so is `given_evidence jsonb`, of the attempt that ends.
    """

    columns: str
    rows: list[dict[str, Any]]


def value(given: Any) -> Expression:
    return "%s", [given]


def json_value(given: Any) -> Expression:
    return "%s::jsonb", [to_json(given)]


def seconds_ahead(seconds: float) -> Expression:
    return "statement_timestamp() + %s * interval '1 second'", [seconds]


def to_json(given: Any) -> str:
    return json.dumps(storable(given))


def storable(given: Any) -> Any:
    """Return the value with what PostgreSQL's text and jsonb can't hold replaced: NULs and lone surrogates."""
    if isinstance(given, str):
        return given.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    if isinstance(given, dict):
        return {storable(str(name)): storable(item) for name, item in given.items()}
    if isinstance(given, list | tuple):
        return [storable(item) for item in given]
    if isinstance(given, float) and not math.isfinite(given):
        return None
    return given


# Put together from literals of this package alone; every value travels as a parameter.
NOTIFIED = f", pg_notify('{KILL_CHANNEL}', moved.id::text) AS notified"
GIVEN = "given AS (SELECT * FROM jsonb_to_recordset(%s::jsonb) AS rows({columns})), "
STATEMENT = """
    WITH {given}moved AS (
        UPDATE tasks_tasklog SET {columns}{source} WHERE {where} AND status IN ({sources}) RETURNING {returned}
    ), told AS (
        INSERT INTO tasks_taskeventlog (task_id, event_type, generation, attempt, message, metadata, created_at)
        SELECT id, %s, generation, attempt, %s, %s::jsonb, statement_timestamp() FROM moved
    ){closed}{further}
    SELECT moved.*{notified} FROM moved"""

# A move that waited for a claim to commit (a cancel, mostly) has a snapshot from before the attempt was opened, in
# which an UPDATE would not find it; ON CONFLICT does. So the INSERT never inserts: each claim opened its attempt.
CLOSE = """, closed AS (
    INSERT INTO tasks_taskattempt AS a (task_id, number, generation, fence, worker, started_at, ended_at,
                                        outcome, error_code, error_message, evidence)
    SELECT id, attempt, generation, fence, '', statement_timestamp(), statement_timestamp(),
           %s, %s, %s, {evidence} FROM moved WHERE attempt > 0
    ON CONFLICT (task_id, number) DO UPDATE
    SET ended_at = greatest(a.started_at, excluded.ended_at), outcome = excluded.outcome,
        error_code = excluded.error_code, error_message = excluded.error_message,
        evidence = a.evidence || excluded.evidence
    WHERE a.ended_at IS NULL)"""


def apply(
    move: Move,
    where: str,
    parameters: Sequence[Any],
    changes: Assignments,
    *,
    message: str,
    metadata: dict[str, Any] | None = None,
    ending: Ending | None = None,
    further: str = "",  # more CTEs, which read from `moved`
    further_parameters: Sequence[Any] = (),
    notify: bool = False,
    given: Given | None = None,
) -> list[TaskLog]:
    """Move the tasks that `where` selects, if their status still allows it; return them as they are now."""
    columns, column_parameters = _assign({"status": value(move.target.value), **changes})
    closed, closed_parameters = _close_attempt(move, ending, EVIDENCE_OF_EACH if given else None)
    sql = STATEMENT.format(
        given=GIVEN.format(columns=given.columns) if given else "",
        returned=_returned(),
        columns=columns,
        where=where,
        sources=_list_sources(move),
        source=" FROM given" if given else "",
        closed=closed,
        further=further,
        notified=NOTIFIED if notify else "",
    )
    values = [
        *([to_json(given.rows)] if given else []),
        *column_parameters,
        *parameters,
        move.event.value,
        storable(message)[:2000],
        to_json(metadata or {}),
        *closed_parameters,
        *further_parameters,
    ]
    return _execute(sql, values)


def _list_sources(move: Move) -> str:
    """Write the statuses out, and not as a parameter: for what it can't see the planner would plan anew each time."""
    return ", ".join(f"'{Status(source).value}'" for source in sorted(move.sources))


def _assign(assignments: Assignments) -> Expression:
    columns = ", ".join(f"{column} = {expression}" for column, (expression, _) in assignments.items())
    return columns, [parameter for _, given in assignments.values() for parameter in given]


def _execute(sql: str, values: Sequence[Any]) -> list[TaskLog]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [_read(row) for row in cursor.fetchall()]


def _read(row: tuple[Any, ...]) -> TaskLog:
    """Return the task in a row of `_returned`; Django's raw queries find out about the columns anew each time."""
    names, converters = _columns()
    values = list(row[: len(names)])
    for place, convert in converters:
        values[place] = convert(values[place])
    return TaskLog.from_db(DEFAULT_DB_ALIAS, names, values)


@cache
def _columns() -> tuple[list[str], list[tuple[int, Callable[[Any], Any]]]]:
    """Return the names of a task's columns, and by their places what makes a column's value one of Python's."""
    fields = TaskLog._meta.concrete_fields  # noqa: SLF001  Django's public model API
    converters: list[tuple[int, Callable[[Any], Any]]] = [
        (place, partial(_convert, convert, Col(field.model._meta.db_table, field)))  # noqa: SLF001
        for place, field in enumerate(fields)
        for convert in field.get_db_converters(connection)
    ]
    return [field.attname for field in fields], converters


def _convert(convert: Callable[..., Any], column: Col, given: Any) -> Any:
    return convert(given, column, connection)


@cache
def _returned() -> str:
    """Name every column: what a prepared statement returns must stay the same while an upgrade adds another."""
    return ", ".join(f"tasks_tasklog.{field.column}" for field in TaskLog._meta.concrete_fields)  # noqa: SLF001  Django's public model API


def _close_attempt(move: Move, ending: Ending | None, evidence: Expression | None) -> Expression:
    if move.outcome is None or ending is None:
        return "", []
    shown, shown_parameters = evidence or json_value(ending.evidence)
    message = storable(ending.message)[:2000] if ending.error_code else ""
    return CLOSE.format(evidence=shown), [move.outcome.value, ending.error_code, message, *shown_parameters]
