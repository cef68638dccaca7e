"""A real beat, stopped at an awkward moment."""

import os
import signal
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from filemill.launch.processes import spawn
from tests.endtoend.seed import ROOT, wait_until

pytestmark = [pytest.mark.timeout(180), pytest.mark.django_db(transaction=True)]


def wait_for_lock() -> None:
    def is_waited_for() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            return bool(cursor.fetchone()[0])

    wait_until(is_waited_for, what="beat waits inside a statement")


def test_a_stop_that_falls_into_a_statement_ends_beat_after_it(tmp_path: Path) -> None:
    environ = {**os.environ, "DB_NAME": connection.settings_dict["NAME"]}
    argv = [str(ROOT / ".venv/bin/python"), "-m", "celery", "-A", "config", "beat", "-l", "info"]
    with psycopg.connect(**connection.get_connection_params()) as other, (tmp_path / "beat.log").open("wb") as output:
        other.execute("LOCK TABLE django_celery_beat_periodictask IN ACCESS EXCLUSIVE MODE")
        with spawn(argv, death_signal=signal.SIGKILL, environ=environ, directory=ROOT, output=output) as beat:
            try:
                wait_for_lock()
                beat.terminate()
                other.rollback()
                assert beat.wait(timeout=30) == 0
            finally:
                beat.kill()
