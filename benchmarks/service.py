"""The product as it is measured: PostgreSQL, Valkey, web and worker as shipped, with everything on."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg

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
from filemill.launch.home import DATABASE, Home
from filemill.launch.postgres import Postgres
from filemill.launch.valkey import Valkey

USERS: Final = ("ann", "bob")
WORKERS: Final = 2
LONGEST_SECONDS: Final = 900.0
ACTIVE: Final = ["pending", "processing"]
OURS: Final = "/* benchmark */"
"""Before every statement of the benchmark itself, so that a profile can leave them out."""
SET_UP: Final = f"""
import django; django.setup()
from django.core.management import call_command
from django.contrib.auth.models import User
from knox.models import AuthToken
call_command("migrate", verbosity=0)
for name in {USERS!r}:
    print(AuthToken.objects.create(User.objects.create_user(name))[1])
"""


class Servers:
    """A PostgreSQL and a Valkey on a disk, as durable as shipped; product and peers share them."""

    def __init__(self, directory: Path) -> None:
        self.home = Home(directory)
        self.home.prepare()
        self._postgres, self._valkey = Postgres(self.home), Valkey(self.home)
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        for server in (self._postgres, self._valkey):
            with (self.home.logs / f"{server.name}.log").open("ab") as log:
                process = server.start(output=log)
            server.wait_until_ready(process)
            self._running[server.name] = process

    def stop(self) -> None:
        for server in (self._valkey, self._postgres):
            if server.name in self._running:
                server.stop(self._running.pop(server.name))

    @property
    def pids(self) -> dict[str, int]:
        return {name: process.pid for name, process in self._running.items()}

    def connect(self, database: str = DATABASE) -> "psycopg.Connection[tuple[Any, ...]]":
        return psycopg.connect(host=str(self.home.postgres_socket_dir), user=DATABASE, dbname=database, autocommit=True)


class Service:
    """Web and workers; outputs lie in memory, so that the disk has no part in it."""

    def __init__(self, servers: Servers, memory: Path, *, roots: Path) -> None:
        self.servers = servers
        self.port = find_free_port()
        self.home = Home(memory / "home")
        self._logs = servers.home.logs
        self.environ = make_environ(
            FILEMILL_HOME=str(self.home.path),
            FILEMILL_ROOTS=str(roots),
            FILEMILL_LOG_DIR=str(self._logs),
            DB_HOST=str(servers.home.postgres_socket_dir),
            CELERY_BROKER_URL=servers.home.broker_url(0),
            CELERYD_CONCURRENCY=str(WORKERS),
            DJANGO_SETTINGS_MODULE="config.settings",
        )
        self.programs: dict[str, Program] = {}
        self.tokens: dict[str, str] = {}
        self.database: psycopg.Connection[tuple[Any, ...]] | None = None

    # --- processes ---
    def prepare(self) -> None:
        """Make the tables and the users."""
        self.home.prepare()
        told = run_python(SET_UP, environ=self.environ).split()
        self.tokens = dict(zip(USERS, told, strict=True))
        self.database = self.servers.connect()

    def start_web(self, name: str = "web", *, port: int | None = None, **variables: str) -> Program:
        """Start a web side as `filemill up` does; another settings module makes another service of it."""
        port = port or self.port
        argv = ["uvicorn", "config.asgi:application", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        argv += ["--timeout-graceful-shutdown", "3", "--no-access-log"]
        web = self.start_program(name, argv, **variables)
        web.wait_until(lambda: answers(port), what=f"{name} answers")
        return web

    def start_worker(self, *, concurrency: int = WORKERS) -> Program:
        argv = ["celery", "-A", "config", "worker", "-l", "info", f"--concurrency={concurrency}", "--without-mingle"]
        worker = self.start_program("worker", argv, CELERYD_CONCURRENCY=str(concurrency))
        worker.wait_for_line(" ready.")
        return worker

    def start_program(self, name: str, argv: Sequence[str], **variables: str) -> Program:
        environ = {**self.environ, **variables}
        self.programs[name] = Program(argv, environ=environ, log=self._logs / f"{name}.log")
        return self.programs[name]

    def stop(self) -> None:
        stop_all(self.programs.values())
        if self.database is not None:
            self.database.close()

    @property
    def parts(self) -> dict[str, int]:
        """The processes that everything consists of, by their part."""
        return {**{name: program.pid for name, program in self.programs.items()}, **self.servers.pids}

    # --- work ---
    def open_client(self, user: str = USERS[0]) -> httpx.Client:
        headers = {"Authorization": f"Token {self.tokens[user]}"}
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=120.0)

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Ask the database, past the service."""
        if self.database is None:
            raise BenchmarkError("The service is not prepared.")
        cursor = self.database.execute(f"{OURS} {sql}", parameters)
        return cursor.fetchall() if cursor.description else []

    def hand_in(self, client: httpx.Client, body: Mapping[str, Any], *, address: str = "create_task") -> dict[str, Any]:
        """Send a request that creates, and return its answer."""
        answer = client.post(f"/api/tasks/{address}/", json=dict(body))
        if answer.status_code != 201 or answer.json().get("errors"):
            raise BenchmarkError(f"The request was not taken whole: {answer.status_code} {answer.text[:500]}")
        told: dict[str, Any] = answer.json()
        return told

    def run_bulk(self, client: httpx.Client, body: Mapping[str, Any]) -> None:
        """Hand in a batch and wait until its last row is completed."""
        batch = self.hand_in(client, body, address="bulk_create")["celery_task_id"]
        self.wait_for_rows("batch_id = (SELECT id FROM tasks_batch WHERE celery_task_id = %s)", [batch])

    def wait_for_rows(self, where: str, parameters: Sequence[object], *, every_seconds: float = 0.01) -> None:
        """Wait until all these rows have ended; raise unless all are completed."""
        active = f"SELECT 1 FROM tasks_tasklog WHERE {where} AND status = ANY(%s) LIMIT 1"  # noqa: S608  literals
        wait_until(
            lambda: not self.execute(active, [*parameters, ACTIVE]),
            what="all tasks end",
            seconds=LONGEST_SECONDS,
            every_seconds=every_seconds,
        )
        failed = f"SELECT file_name, status, error_code, error_message FROM tasks_tasklog WHERE {where}"  # noqa: S608  literals
        if found := self.execute(f"{failed} AND status <> 'completed' LIMIT 3", parameters):
            raise BenchmarkError(f"Not every task was completed: {found}")

    def forget_tasks(self) -> None:
        """Empty the tables of tasks, so that what is measured next begins as this did."""
        tables = "tasks_taskeventlog, tasks_taskprogress, tasks_taskattempt, tasks_tasklog, tasks_batch"
        self.execute(f"TRUNCATE {tables} CASCADE")
        self.execute("VACUUM ANALYZE tasks_tasklog")


@contextmanager
def open_servers() -> Iterator[Servers]:
    """PostgreSQL and Valkey in a directory that goes with them."""
    directory = Path(tempfile.mkdtemp(prefix="filemill-bench-"))
    servers = Servers(directory)
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def make_memory() -> Iterator[Path]:
    """Give a directory in memory, so that the disk has no part in it."""
    directory = Path(tempfile.mkdtemp(prefix="filemill-bench-", dir="/dev/shm"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def run_service(roots: Path, *, with_worker: bool = True, concurrency: int = WORKERS) -> Iterator[Service]:
    """The whole service, ready, for as long as the block lasts."""
    with open_servers() as servers, make_memory() as memory:
        service = Service(servers, memory, roots=roots)
        try:
            service.prepare()
            service.start_web()
            if with_worker:
                service.start_worker(concurrency=concurrency)
            yield service
        finally:
            service.stop()
