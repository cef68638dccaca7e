"""Fills a database with as many tasks as one asks for, in minutes: ten million of a year, with all that hangs on them.

What stands in the tables is what the service would have left: a user with most of the tasks and several with fewer,
nearly all of them ended, batches of 3,000, tags that are common and tags that are rare, two events and an attempt
for each task, and of the last days all events and the progress. Rows are made by INSERT … SELECT; indexes and unique
constraints are dropped before and made again afterwards, as PostgreSQL's manual advises, from their own definitions.
"""

import sys
import time
from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg import sql

Connection = psycopg.Connection[tuple[Any, ...]]

PORTION: Final = 500_000
BATCH_NUMBERS: Final = 10_000
"""Of so many numbers in a row three of ten are the files of one batch."""
RECENT_SHARE: Final = 20
"""Of one task in so many (the newest) all events and the progress are still there; of the others they were pruned."""
TABLES: Final = ("tasks_tasklog", "tasks_taskattempt", "tasks_taskeventlog", "tasks_taskprogress")

# Every task is a number, and all about it follows from the number and the moment of the filling: its id as well, by
# which what hangs on it is found.
NUMBERED: Final = """
    WITH numbers AS (
        SELECT i, md5(i::text) AS hash, %(total)s - i AS age,
               %(now)s::timestamptz - (%(total)s - i + 1) * (interval '365 days' / %(total)s) AS created_at
        FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS i
    ), tasks AS (
        SELECT *, (lpad(to_hex((extract(epoch FROM created_at) * 1000)::bigint), 12, '0') || '7' || substr(hash, 1, 3)
                   || '8' || substr(hash, 4, 15))::uuid AS id,
               CASE WHEN age < 4 THEN 'processing' WHEN age < 100 THEN 'pending'
                    WHEN i %% 25 = 0 THEN 'failed' WHEN i %% 33 = 0 THEN 'cancelled' ELSE 'completed' END AS status,
               CASE WHEN i %% 20 < 15 THEN 'image' WHEN i %% 20 < 18 THEN 'document' ELSE 'video' END AS task_type,
               (%(users)s::bigint[])[1 + CASE WHEN i %% 10 < 6 THEN 0
                                              ELSE i %% (cardinality(%(users)s::bigint[]) - 1) + 1 END] AS user_id
        FROM numbers)"""
TASKS: Final = f"""{NUMBERED}
    INSERT INTO tasks_tasklog (
        id, celery_task_id, user_id, task_type, status, file_name, file_size, file_path, source, media_type, progress,
        result, error_message, error_code, retry_count, max_retries, tags, metadata, options, operation, warnings,
        created_at, started_at, completed_at, cancelled_at, finished_at, attempt, fence, generation, failures,
        cage_deaths, lease_owner, lease_until, published_at, lane, batch_id, batch_index)
    SELECT id, md5('celery' || i)::uuid::text, user_id, task_type, status,
           CASE WHEN i %% 1000000 = 7 THEN 'needle' ELSE 'IMG' END || '_' || lpad(i::text, 8, '0') || '.jpg',
           100000 + i %% 5000000, '/inbox/IMG_' || i || '.jpg', jsonb_build_object('kind', 'path', 'path', i || '.jpg'),
           'image/jpeg', CASE status WHEN 'completed' THEN 100 ELSE 0 END,
           CASE status WHEN 'completed' THEN jsonb_build_object('format', 'webp', 'outputs', jsonb_build_array(
               jsonb_build_object('name', 'photo.webp', 'media_type', 'image/webp', 'size', i %% 90000, 'sha256',
                                  hash || hash))) END,
           CASE status WHEN 'failed' THEN 'The file is cut short.' END,
           CASE status WHEN 'failed' THEN 'corrupt_file' END, 0, 3,
           CASE WHEN i %% 10 = 1 THEN ARRAY['archive'] WHEN i %% 50 = 2 THEN ARRAY['holiday', 'sea']
                WHEN i %% 100000 = 3 THEN ARRAY['rare'] ELSE '{{}}' END,
           '{{"quality": "high"}}', '{{"quality": "high"}}', 'image.transform', '[]', created_at,
           CASE WHEN status <> 'pending' THEN created_at + interval '1 second' END,
           CASE status WHEN 'completed' THEN created_at + interval '2 seconds' END,
           CASE status WHEN 'cancelled' THEN created_at + interval '2 seconds' END,
           CASE WHEN age >= 100 THEN created_at + interval '2 seconds' END,
           (status <> 'pending')::int, (status <> 'pending')::int, 1, 0, 0,
           CASE status WHEN 'processing' THEN id END,
           CASE status WHEN 'processing' THEN statement_timestamp() + interval '1 day' END,
           CASE WHEN status <> 'pending' THEN created_at END, CASE WHEN i %% 10 < 3 THEN 'bulk' ELSE 'interactive' END,
           CASE WHEN i %% 10 < 3 THEN md5('batch' || i / {BATCH_NUMBERS})::uuid END,
           CASE WHEN i %% 10 < 3 THEN i %% {BATCH_NUMBERS} END
    FROM tasks"""  # noqa: S608  literals of this module
ATTEMPTS: Final = f"""{NUMBERED}
    INSERT INTO tasks_taskattempt (task_id, number, generation, fence, worker, started_at, ended_at, outcome,
                                   error_code, error_message, evidence)
    SELECT id, 1, 1, 1, 'mill:1/2', created_at + interval '1 second',
           CASE WHEN age >= 100 THEN created_at + interval '2 seconds' END,
           CASE WHEN age >= 100 THEN status ELSE '' END, '', '', '{{"seconds": 0.9}}'
    FROM tasks WHERE status <> 'pending'"""  # noqa: S608  literals of this module
EVENTS: Final = f"""{NUMBERED}
    INSERT INTO tasks_taskeventlog (task_id, event_type, generation, attempt, message, metadata, created_at)
    SELECT id, event_type, 1, 1, 'Started by mill:1/2', '{{}}', created_at + nth * interval '1 second'
    FROM tasks, LATERAL (VALUES (0, 'created'), (1, 'started'), (2, status)) AS told(nth, event_type)
    WHERE (nth = 0 OR status <> 'pending') AND (nth <> 1 OR age < %(total)s / {RECENT_SHARE})
      AND (nth <> 2 OR age >= 100) ORDER BY i, nth"""  # noqa: S608  literals of this module
PROGRESS: Final = f"""{NUMBERED}
    INSERT INTO tasks_taskprogress (task_id, attempt, progress, message, data, created_at)
    SELECT id, 1, percent, 'Working', '{{}}', created_at + interval '1 second'
    FROM tasks, (VALUES (25), (50), (75), (100)) AS reached(percent)
    WHERE age < %(total)s / {RECENT_SHARE} AND status = 'completed' ORDER BY i, percent"""  # noqa: S608  literals of this module
STEPS: Final = (TASKS, ATTEMPTS, EVENTS, PROGRESS)
BATCHES: Final = f"""
    INSERT INTO tasks_batch (id, celery_task_id, user_id, task_type, parallel, files_count, created_at)
    SELECT md5('batch' || i / {BATCH_NUMBERS})::uuid, md5('celery batch' || i / {BATCH_NUMBERS})::uuid::text, %(user)s,
           'image', true, count(*), statement_timestamp()
    FROM generate_series(1, %(total)s::bigint) AS i WHERE i %% 10 < 3 GROUP BY i / {BATCH_NUMBERS}"""  # noqa: S608  literals of this module
PRUNED: Final = f"""
    INSERT INTO tasks_eventpruning (id, until)
    VALUES (1, %s::timestamptz - interval '365 days' / {RECENT_SHARE})"""  # noqa: S608  literals of this module
COUNTS: Final = """
    INSERT INTO tasks_taskcount (user_id, status, task_type, count)
    SELECT user_id, status, task_type, count(*) FROM tasks_tasklog GROUP BY user_id, status, task_type"""

KEPT_CONSTRAINTS: Final = """
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'u'"""
KEPT_INDEXES: Final = """
    SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = %s::regclass AND NOT i.indisprimary
      AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)"""


def fill(connection: Connection, *, total: int, users: Sequence[int]) -> dict[str, float]:
    """Fill empty tables; the first user gets six tasks of ten. Return the seconds that each part took."""
    took: dict[str, float] = {}
    connection.execute("SET session_replication_role = replica")  # no triggers, and no look-up of each foreign key
    connection.execute("SET synchronous_commit = off")
    connection.execute("SET maintenance_work_mem = '1GB'")
    definitions = [definition for table in TABLES for definition in _drop_indexes(connection, table)]
    connection.execute(BATCHES, {"user": users[0], "total": total})
    [(now,)] = connection.execute("SELECT statement_timestamp()").fetchall()
    for table, statement in zip(TABLES, STEPS, strict=True):
        began_at = time.monotonic()
        for first in range(1, total + 1, PORTION):
            last = min(total, first + PORTION - 1)
            given = {"total": total, "first": first, "last": last, "users": list(users), "now": now}
            connection.execute(statement, given)
        took[table] = round(time.monotonic() - began_at, 1)
        _say(f"{table} filled in {took[table]} s")
    began_at = time.monotonic()
    for definition in definitions:
        connection.execute(definition)
    took["indexes"] = round(time.monotonic() - began_at, 1)
    _say(f"indexes made in {took['indexes']} s")
    connection.execute(COUNTS)
    connection.execute(PRUNED, [now])
    for table in TABLES:
        connection.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))
    connection.execute("SET session_replication_role = DEFAULT")
    return took


def _drop_indexes(connection: Connection, table: str) -> list[sql.Composed]:
    """Drop what every new row would have to be told to; return the statements that make it again."""
    name = sql.Identifier(table)
    again: list[sql.Composed] = []
    for constraint, definition in connection.execute(KEPT_CONSTRAINTS, [table]).fetchall():
        named = sql.Identifier(constraint)
        connection.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(name, named))
        again.append(sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} ").format(name, named) + sql.SQL(definition))
    for index, definition in connection.execute(KEPT_INDEXES, [table]).fetchall():
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(index)))
        again.append(sql.Composed([sql.SQL(definition)]))
    return again


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
