"""Long tables: a year's tasks of several users, nearly all ended, and after them long queues of every kind.

The queues came in last, so whoever looks for the tasks of somebody else from the end of the table has to pass them.
"""

from collections.abc import Iterator
from typing import Final
from uuid import uuid4

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection
from psycopg import sql
from pytest_django import DjangoDbBlocker

from benchmarks.filling import fill
from filemill.tasks import broker, counting
from filemill.tasks.models import Batch, WorkerNode
from filemill.tasks.node import Worker
from tests.integration.rows import task_maker

TASKS: Final = 40_000
BACKLOG: Final = 15_000
SCHEDULED: Final = 3_000
FILES: Final = 6_000
CROWD: Final = 150
WINDOW: Final = 16
AT_WORK: Final = 200
TABLES: Final = (
    *("tasks_tasklog", "tasks_batch", "tasks_taskcount"),
    *("tasks_taskeventlog", "tasks_taskprogress", "tasks_taskattempt"),
)
"""Those that grow with the tasks; of the others no index is asked for."""

QUEUES: Final = frozenset(
    ("task_sent", "task_in_flight", "task_lease", "task_user_status", "tasks_tasklog_status_f87e449f")
)
"""By which what was sent or is at work may be found: bounded by windows and workers, whatever the tables hold."""

COPY: Final = """
    INSERT INTO tasks_tasklog SELECT made.*
    FROM tasks_tasklog t, generate_series(1, %(count)s) AS n, LATERAL jsonb_populate_record(t, jsonb_build_object(
        'id', gen_random_uuid(), 'celery_task_id', gen_random_uuid()) || {changes}) AS made
    WHERE t.id = %(task)s"""
OF_CROWD: Final = f"(SELECT min(id) FROM auth_user WHERE username LIKE 'crowd%%') + n %% {CROWD}"
WAITS: Final = """jsonb_build_object('turn_at', t.turn_at + n * interval '1 ms',
    'task_type', (ARRAY['image', 'image', 'video', 'document'])[1 + n %% 4])"""
IS_SCHEDULED: Final = "jsonb_build_object('run_after', statement_timestamp() + n * interval '1 minute')"
IS_IN_BATCH: Final = "jsonb_build_object('batch_index', n)"
IS_SENT: Final = f"jsonb_build_object('user_id', {OF_CROWD}, 'published_at', t.created_at - n * interval '1 ms')"
IS_AT_WORK: Final = f"""jsonb_build_object('user_id', {OF_CROWD}, 'published_at', t.created_at, 'status', 'processing',
    'attempt', 1, 'fence', 1, 'lease_owner', t.id, 'lease_until', t.created_at + interval '1 hour')"""
END_HALF: Final = """
    UPDATE tasks_tasklog SET status = 'completed', progress = 100, started_at = created_at,
           completed_at = statement_timestamp(), finished_at = statement_timestamp() + batch_index * interval '1 ms'
    WHERE batch_id = %s AND batch_index <= %s"""
FURTHER_BATCHES: Final = """
    INSERT INTO tasks_batch (id, celery_task_id, user_id, task_type, parallel, files_count, created_at)
    SELECT gen_random_uuid(), gen_random_uuid()::text, %s, 'image', true, 0,
           statement_timestamp() - n * interval '1 minute'
    FROM generate_series(1, %s) AS n"""
FURTHER_COUNTS: Final = """
    INSERT INTO tasks_taskcount (user_id, status, task_type, count)
    SELECT u.id, status, task_type, 0
    FROM auth_user u, unnest(ARRAY['pending', 'processing', 'completed', 'failed', 'cancelled']) AS status,
         unnest(ARRAY['image', 'video', 'document']) AS task_type
    ON CONFLICT DO NOTHING"""


@pytest.fixture(scope="package")
def _long_tables(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        try:
            with open_connection() as own:
                make_long_tables(own)
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute(f"TRUNCATE {', '.join(TABLES)}, tasks_eventpruning CASCADE")
            User.objects.all().delete()


def open_connection() -> "psycopg.Connection[tuple[object, ...]]":
    """Open a connection that is not in a transaction, and whose settings die with it."""
    place = connection.settings_dict
    return psycopg.connect(host=place["HOST"], dbname=place["NAME"], user=place["USER"], autocommit=True)


def make_long_tables(own: "psycopg.Connection[tuple[object, ...]]") -> None:
    """Fill the tables and let PostgreSQL learn what is in them."""
    alice, bob, carol, dave = (User.objects.create_user(name) for name in ("alice", "bob", "carol", "dave"))
    User.objects.bulk_create(User(username=f"crowd{number}") for number in range(CROWD))
    fill(own, total=TASKS, users=[alice.pk, dave.pk, carol.pk])
    batch = Batch.objects.create(user=carol, task_type="image", files_count=FILES)
    for count, changes, task in (
        (CROWD * WINDOW, IS_SENT, task_maker(dave)()),
        (AT_WORK, IS_AT_WORK, task_maker(dave)()),
        (BACKLOG, WAITS, task_maker(bob)()),
        (SCHEDULED, IS_SCHEDULED, task_maker(bob)()),
        (FILES, IS_IN_BATCH, task_maker(carol)(batch=batch, batch_index=0, lane="slice")),
    ):
        own.execute(COPY.format(changes=changes).encode(), {"count": count, "task": task.pk})
    own.execute(END_HALF, [batch.pk, FILES // 2])
    own.execute(FURTHER_BATCHES, [alice.pk, 300])
    own.execute(FURTHER_BATCHES, [dave.pk, 30_000])
    own.execute(FURTHER_COUNTS)
    counting.fold_counts()
    for table in TABLES:
        own.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))


@pytest.fixture
def alice(_long_tables: None, db: None) -> User:
    """The user with most of the tasks, of whom nothing came in lately."""
    return User.objects.get(username="alice")


@pytest.fixture
def bob(_long_tables: None, db: None) -> User:
    """The user with the long backlog."""
    return User.objects.get(username="bob")


@pytest.fixture
def long_batch(_long_tables: None, db: None) -> Batch:
    """A batch half of whose files wait, Carol's."""
    return Batch.objects.get(user__username="carol")


@pytest.fixture
def worker(db: None) -> Worker:
    """A worker with room for more than is sent to anybody."""
    node = WorkerNode.objects.create(id=uuid4(), name="mill:1", concurrency=2 * WINDOW)
    return Worker(id=node.id, name=node.name)


@pytest.fixture(autouse=True)
def _nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "send", lambda given: len(list(given)))
