"""The embedded servers: real programs in a home of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from filemill.launch import servers
from filemill.launch.errors import LaunchError
from filemill.launch.home import DATABASE, Home
from filemill.launch.postgres import Postgres
from filemill.launch.servers import EmbeddedServer
from filemill.launch.valkey import Valkey

Started = subprocess.Popen[bytes]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    return home


@pytest.fixture
def started() -> Iterator[list[Started]]:
    """Processes of a test, killed at its end."""
    processes: list[Started] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def start(server: EmbeddedServer, started: list[Started]) -> Started:
    process = server.start(output=subprocess.DEVNULL)
    started.append(process)
    server.wait_until_ready(process)
    return process


def connect(home: Home) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(host=str(home.postgres_socket_dir), user=DATABASE, dbname=DATABASE, autocommit=True)


def test_a_new_home_gets_a_database_that_sorts_the_same_everywhere(home: Home, started: list[Started]) -> None:
    start(Postgres(home), started)

    with connect(home) as connection:
        row = connection.execute("SELECT datcollate, encoding FROM pg_database WHERE datname = %s", [DATABASE])
        assert row.fetchone() == ("C", 6)  # 6 is UTF8
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_what_was_committed_survives_a_kill_of_the_database(home: Home, started: list[Started]) -> None:
    process = start(Postgres(home), started)
    with connect(home) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    process.kill()
    process.wait()

    process = start(Postgres(home), started)

    with connect(home) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_the_database_stops_cleanly(home: Home, started: list[Started]) -> None:
    server = Postgres(home)
    process = start(server, started)

    server.stop(process)

    assert process.returncode == 0
    assert not (home.postgres / "postmaster.pid").exists()


def test_process_ids_of_a_killed_run_that_now_belong_to_others_do_no_harm(home: Home, started: list[Started]) -> None:
    process = start(Postgres(home), started)
    process.kill()
    process.wait()
    pid_file = home.postgres / "postmaster.pid"
    pid_file.write_text(pid_file.read_text().replace(str(process.pid), str(os.getpid()), 1))

    start(Postgres(home), started)

    with connect(home) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_kill_in_the_middle_of_making_the_database_leaves_nothing_behind(home: Home, started: list[Started]) -> None:
    unfinished = home.path / "postgres.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")

    start(Postgres(home), started)

    assert not unfinished.exists()


def test_a_database_of_another_major_version_is_refused(home: Home) -> None:
    home.postgres.mkdir()
    (home.postgres / "PG_VERSION").write_text("12\n")

    with pytest.raises(LaunchError, match=r"was made by PostgreSQL 12, but this is PostgreSQL \d+") as refusal:
        Postgres(home).start()

    assert refusal.value.code == "postgres_version"


def test_a_second_server_on_the_same_data_is_refused(
    home: Home, started: list[Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "PREDECESSOR_SECONDS", 0.1)
    start(Valkey(home), started)

    with pytest.raises(LaunchError) as refusal:
        Valkey(home).start()

    assert refusal.value.code == "valkey_in_use"


def test_a_queue_survives_a_kill(home: Home, started: list[Started]) -> None:
    process = start(Valkey(home), started)
    client = redis.Redis.from_url(home.cache_url(0))
    client.lpush("queue", *range(100))
    client.close()
    process.kill()
    process.wait()

    start(Valkey(home), started)

    client = redis.Redis.from_url(home.cache_url(0))
    assert client.llen("queue") == 100
    client.close()


def test_a_server_that_can_not_start_is_told_as_such(home: Home, started: list[Started]) -> None:
    home.valkey_socket.mkdir()
    server = Valkey(home)
    started.append(process := server.start(output=subprocess.DEVNULL))

    with pytest.raises(LaunchError) as refusal:
        server.wait_until_ready(process)

    assert refusal.value.code == "valkey_did_not_start"


PARENT = """
import sys, signal
from pathlib import Path
from filemill.launch.home import Home
from filemill.launch.postgres import Postgres
from filemill.launch.valkey import Valkey
home = Home(Path(sys.argv[1]))
for server in (Postgres(home), Valkey(home)):
    process = server.start(output=-3)  # subprocess.DEVNULL
    server.wait_until_ready(process)
    print(process.pid, flush=True)
signal.pause()
"""


def test_servers_end_when_the_process_that_started_them_is_killed(home: Home) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(home.path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        assert parent.stdout is not None
        pids = [int(parent.stdout.readline()) for _ in range(2)]

        parent.send_signal(signal.SIGKILL)
        parent.wait()

        deadline = time.monotonic() + 10
        while any(is_alive(pid) for pid in pids):
            assert time.monotonic() < deadline, "a server outlived the process that started it"
            time.sleep(0.02)
    assert not (home.postgres / "postmaster.pid").exists()  # it had time for a clean end


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
