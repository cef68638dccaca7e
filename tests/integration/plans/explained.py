"""What PostgreSQL reads for a statement: the service's own statements, caught as they are sent, and explained twice.

Once as they are planned for the values given; once as they are planned after some executions, when a prepared statement
may get a plan for all values. What either plan changes is undone, and what the service asked for then takes place.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection
from psycopg import ClientCursor

EXPLAINED: Final = frozenset({"SELECT", "WITH", "INSERT", "UPDATE", "DELETE"})
PLANNED_ANEW: Final = 5
"""So often PostgreSQL plans a prepared statement for its values, before it asks whether one plan would do for all."""
PLACEHOLDER: Final = re.compile(r"%%|%s|%\((\w+)\)s")
TABLES_OF_INDEXES: Final = "SELECT indexname, tablename FROM pg_indexes WHERE schemaname = current_schema()"

Parameters = Sequence[Any] | Mapping[str, Any] | None
Plan = dict[str, Any]


@dataclass(kw_only=True)
class Reading:
    """The rows that statements read, by the index that gave them, or by the table where it was read without one."""

    tables: Mapping[str, str]
    """Of each index."""
    rows: Counter[str] = field(default_factory=Counter)
    plans: list[str] = field(default_factory=list)

    def of(self, *tables: str) -> dict[str, int]:
        """Return what was read of these tables."""
        return {name: count for name, count in self.rows.items() if self.tables.get(name, name) in tables}

    def add(self, statement: str, plans: Sequence[Plan]) -> None:
        """Take in a statement by the most that any of its plans reads."""
        counted = [count_rows(plan) for plan in plans]
        self.rows.update({name: max(rows[name] for rows in counted) for rows in counted for name in rows})
        self.plans.append("\n".join([statement, *(json.dumps(plan, indent=1) for plan in plans)]))


def count_rows(plan: Plan) -> Counter[str]:
    """Count what the scans of a plan gave and what they threw away, by index or table."""
    rows: Counter[str] = Counter()
    for node in list_nodes(plan):
        # What a bitmap fetches from the table, its indexes have counted.
        source = node.get("Index Name") or (node["Relation Name"] if node["Node Type"] == "Seq Scan" else None)
        if source is not None:
            read = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
            rows[source] += round(sum(node.get(name, 0) for name in read) * node["Actual Loops"])
    return rows


def list_nodes(plan: Plan) -> Iterator[Plan]:
    """Yield a plan's nodes, from the outermost inwards."""
    yield plan
    for inner in plan.get("Plans", []):
        yield from list_nodes(inner)


@contextmanager
def watch() -> Iterator[Reading]:
    """Explain every statement of the block as it is sent."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES_OF_INDEXES)
        reading = Reading(tables=dict(cursor.fetchall()))

    def look(execute: Callable[..., Any], statement: str, given: Parameters, many: bool, context: Any) -> Any:
        if statement.split(maxsplit=1)[0] in EXPLAINED:
            reading.add(statement, [explain(statement, given, planned_before=count) for count in (0, PLANNED_ANEW)])
        return execute(statement, given, many, context)

    with connection.execute_wrapper(look):
        yield reading


def explain(statement: str, given: Parameters, *, planned_before: int) -> Plan:
    """Return the plan that a prepared statement gets after so many others, with what it reads; undo what it does."""
    text, values = number_placeholders(statement, given)
    run = "EXECUTE explained" + (f"({', '.join(['%s'] * len(values))})" if values else "")
    with ClientCursor(connection.connection) as cursor:
        cursor.execute("SAVEPOINT explained")
        cursor.execute(f"PREPARE explained AS {text}")
        for _ in range(planned_before):
            cursor.execute(f"EXPLAIN {run}", values)
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {run}", values)
        [(found,)] = cursor.fetchall()
        cursor.execute("DEALLOCATE explained")
        cursor.execute("ROLLBACK TO SAVEPOINT explained")
    [told] = json.loads(found) if isinstance(found, str) else found
    plan: Plan = told["Plan"]
    return plan


def number_placeholders(statement: str, given: Parameters) -> tuple[str, list[Any]]:
    """Write the placeholders as PREPARE wants them, and return the values in their order."""
    if given is None:
        return statement, []
    values = dict(given) if isinstance(given, Mapping) else dict(enumerate(given))
    used: list[Any] = []

    def number(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        key = found[1] or len(used)
        if key not in used:
            used.append(key)
        return f"${used.index(key) + 1}"

    return PLACEHOLDER.sub(number, statement), [values[key] for key in used]
