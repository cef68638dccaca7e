"""The usual project at work: its web side and workers on the same servers as the product, in a database of its own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from benchmarks.processes import (
    BenchmarkError,
    Program,
    answers,
    find_free_port,
    make_environ,
    run_python,
    stop_all,
    wait_until,
)
from benchmarks.service import LONGEST_SECONDS, WORKERS, Servers
from filemill.launch.home import DATABASE

PACKAGE: Final = "benchmarks.peers.naive"
SET_UP: Final = """
import django; django.setup()
from django.core.management import call_command
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token
call_command("migrate", verbosity=0)
call_command("migrate", run_syncdb=True, verbosity=0)  # its own tables have no migrations, and refer to the others
print(Token.objects.create(user=User.objects.create_user("ann")).key)
"""


class NaiveService:
    """Gunicorn with threads, and a prefork worker with as many processes as the product has."""

    def __init__(self, servers: Servers, memory: Path) -> None:
        self._servers = servers
        self._port = find_free_port()
        self._outputs = memory / "naive"
        self._environ = make_environ(
            DJANGO_SETTINGS_MODULE=f"{PACKAGE}.settings",
            NAIVE_DB_HOST=str(servers.home.postgres_socket_dir),
            NAIVE_DB_USER=DATABASE,
            NAIVE_BROKER_URL=servers.home.broker_url(5),
            NAIVE_RESULT_BACKEND=servers.home.broker_url(6),
            NAIVE_MEDIA_ROOT=str(self._outputs),
        )
        self._programs: list[Program] = []
        self._client = httpx.Client()

    def start(self) -> None:
        self._outputs.mkdir()
        with self._servers.connect() as connection:
            connection.execute("CREATE DATABASE naive")
        token = run_python(SET_UP, environ=self._environ).strip()
        logs = self._servers.home.logs
        web = ["gunicorn", f"{PACKAGE}.wsgi", "--bind", f"127.0.0.1:{self._port}", "--workers", "2", "--threads", "4"]
        worker = ["celery", "-A", PACKAGE, "worker", "-l", "info", f"--concurrency={WORKERS}"]
        self._programs = [
            Program(web, environ=self._environ, log=logs / "naive-web.log"),
            Program(worker, environ=self._environ, log=logs / "naive-worker.log"),
        ]
        self._programs[0].wait_until(lambda: answers(self._port), what="the usual project answers")
        self._programs[1].wait_for_line(" ready.")
        address = f"http://127.0.0.1:{self._port}"
        self._client = httpx.Client(base_url=address, headers={"Authorization": f"Token {token}"}, timeout=120.0)

    def run_bulk(self, paths: Sequence[Path], *, box: tuple[int, int]) -> None:
        """Hand in a bulk and wait until the last job is completed."""
        body = {"file_paths": [str(path) for path in paths], "task_type": "image", "metadata": {"resize": list(box)}}
        answer = self._client.post("/jobs/bulk/", json=body)
        if answer.status_code != 201:
            raise BenchmarkError(f"The usual project refused: {answer.status_code} {answer.text[:500]}")
        with self._servers.connect("naive") as connection:
            active = "SELECT 1 FROM naive_job WHERE status IN ('pending', 'processing') LIMIT 1"
            wait_until(
                lambda: connection.execute(active).fetchone() is None,
                what="all jobs end",
                seconds=LONGEST_SECONDS,
                every_seconds=0.01,
            )
            if failed := connection.execute("SELECT error_message FROM naive_job WHERE status = 'failed'").fetchone():
                raise BenchmarkError(f"A job of the usual project failed: {failed}")

    def stop(self) -> None:
        self._client.close()
        stop_all(self._programs)


@contextmanager
def run_naive_service(servers: Servers, memory: Path) -> Iterator[NaiveService]:
    """The usual project, ready, for as long as the block lasts."""
    service = NaiveService(servers, memory)
    try:
        service.start()
        yield service
    finally:
        service.stop()
