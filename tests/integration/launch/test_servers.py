"""The embedded servers: real programs in a home of their own."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from filemill.launch.errors import LaunchError
from filemill.launch.home import DATABASE, Home
from filemill.launch.postgres import Postgres
from filemill.launch.servers import EmbeddedServer
from filemill.launch.valkey import Valkey


@pytest.fixture
def fresh_home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    return home


@pytest.fixture
def postgres(fresh_home: Home) -> Iterator[Postgres]:
    yield (server := Postgres(fresh_home))
    kill_leftover(server)


def kill_leftover(server: EmbeddedServer) -> None:
    pid_file = server.data / "postmaster.pid"
    if pid_file.exists():
        os.kill(int(pid_file.read_text().split("\n", 1)[0]), signal.SIGKILL)


def connect(home: Home) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(
        host=str(home.postgres_socket_dir),
        user=DATABASE,
        dbname=DATABASE,
        autocommit=True,
    )


def test_what_was_committed_survives_a_kill_of_the_database(postgres: Postgres) -> None:
    process = postgres.start()
    postgres.wait_until_ready(process)
    with connect(postgres.home) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    process.kill()
    process.wait()

    again = Postgres(postgres.home)
    process = again.start()
    again.wait_until_ready(process)

    with connect(postgres.home) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
    again.stop(process)
    assert process.returncode == 0
