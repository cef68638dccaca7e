"""What the rows of an installation say, past the service."""

import contextlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg

from filemill.launch.home import DATABASE, Home

TABLES = "tasks_taskeventlog, tasks_taskprogress, tasks_taskattempt, tasks_tasklog, tasks_batch, tasks_workernode"
TABLES += ", tasks_idempotencykey, tasks_cagedeath"


class Rows:
    """The tables, read and emptied by the tests themselves."""

    def __init__(self, home: Home) -> None:
        self.home = home

    @contextlib.contextmanager
    def connect(self) -> "Iterator[psycopg.Connection[tuple[Any, ...]]]":
        with psycopg.connect(
            host=str(self.home.postgres_socket_dir), user=DATABASE, dbname=DATABASE, autocommit=True, connect_timeout=5
        ) as connection:
            yield connection

    def execute(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            cursor = connection.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    def count(self, condition: str = "true") -> int:
        return int(self.execute(f"SELECT count(*) FROM tasks_tasklog WHERE {condition}")[0][0])

    def list_ids(self, condition: str = "true") -> list[UUID]:
        return [row[0] for row in self.execute(f"SELECT id FROM tasks_tasklog WHERE {condition} ORDER BY id")]

    def count_attempts(self) -> int:
        return int(self.execute("SELECT count(*) FROM tasks_taskattempt")[0][0])

    def truncates(self) -> bool:
        """Empty the tables; a statement of a worker that still runs may lock them in another order, and win."""
        try:
            self.execute(f"TRUNCATE {TABLES} CASCADE")
        except psycopg.errors.DeadlockDetected:
            return False
        return True

    def accepts_connections(self) -> bool:
        """Say whether the database does; after the kill of one of its processes it recovers first."""
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True
