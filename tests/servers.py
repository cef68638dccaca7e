"""The pytest plugin that gives the tests a PostgreSQL and a Valkey of their own (loaded with `-p tests.servers`).

Importing it points the environment to a private home: Django reads its settings before any conftest is loaded, so a
conftest would come too late. The servers themselves start once a collected test needs them.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from filemill.launch.home import Home
from filemill.launch.locks import acquire_lock
from filemill.launch.postgres import Postgres
from filemill.launch.servers import EmbeddedServer
from filemill.launch.valkey import Valkey

ROOT = Path(__file__).parent.parent
WITHOUT_SERVERS = ROOT / "tests" / "unit"
PREFIX = "filemill-tests-"

OURS = (
    *("SECRET_KEY", "DEBUG", "DB_NAME", "DB_USER", "DB_PASSWORD", "DB_HOST", "DB_PORT"),
    *("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND"),
)
"""Names that could lead the tests to a database of somebody's own, beside all that begin with FILEMILL_."""


class TestServers:
    """The servers of this run of pytest, in a home that is deleted at its end."""

    __test__ = False

    def __init__(self) -> None:
        delete_homes_of_killed_runs()
        path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = acquire_lock(path / "tests.lock")
        self.home = Home(path)
        self.home.prepare()
        self._running: list[tuple[EmbeddedServer, subprocess.Popen[bytes]]] = []

    def point_environment(self) -> None:
        """Let settings, and every process that a test starts, find this home and nothing else."""
        for name in list(os.environ):
            if name in OURS or name.startswith(("FILEMILL_", "DJANGO_SUPERUSER_")):
                del os.environ[name]
        os.environ["FILEMILL_HOME"] = str(self.home.path)
        os.environ["FILEMILL_ENV_FILE"] = os.devnull  # a developer's .env must not reach the tests
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"

    def start(self) -> None:
        """Start both servers, once."""
        if self._running:
            return
        servers: list[EmbeddedServer] = [
            Postgres(self.home, is_durable=False),
            Valkey(self.home, is_durable=False),
        ]
        with (self.home.logs / "servers.log").open("wb") as log:
            for server in servers:
                self._running.append((server, server.start(output=log)))
        for server, process in self._running:
            server.wait_until_ready(process)

    def delete(self) -> None:
        """Kill the servers and delete their home: nothing in it is worth a clean stop."""
        for _, process in self._running:
            process.kill()
            process.wait()
        shutil.rmtree(self.home.path, ignore_errors=True)


def delete_homes_of_killed_runs() -> None:
    """Delete the homes whose run no longer holds its lock."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            descriptor = os.open(path / "tests.lock", os.O_RDWR)
        except OSError:
            continue  # another user's, or just being made
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # in use
        finally:
            os.close(descriptor)
        shutil.rmtree(path, ignore_errors=True)


SERVERS = TestServers()
SERVERS.point_environment()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the servers when a test outside tests/unit is about to run."""
    if session.config.option.collectonly:
        return
    if any(WITHOUT_SERVERS not in item.path.parents for item in session.items):
        SERVERS.start()


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    SERVERS.delete()


@pytest.fixture(scope="session")
def home() -> Home:
    """The home of the running test servers."""
    return SERVERS.home
