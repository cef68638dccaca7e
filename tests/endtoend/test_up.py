"""`filemill up`: from nothing to ready, through kills, to a clean end."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.endtoend.launched import ROOT, Launched, list_users

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def launched() -> Iterator[Launched]:
    yield (launched := Launched(FILEMILL_SAMPLES="off"))
    launched.delete()


@pytest.fixture(scope="module")
def running() -> Iterator[Launched]:
    launched = Launched(FILEMILL_SAMPLES="off")
    try:
        launched.start_until_ready()
        yield launched
    finally:
        launched.delete()


@pytest.mark.parametrize("user", list_users())
def test_a_fresh_home_becomes_a_service_that_stops_cleanly_and_starts_again(user: str) -> None:
    launched = Launched(user=user, FILEMILL_SAMPLES="off")
    try:
        first_seconds = launched.start_until_ready()
        with (ROOT / "samples" / "photo.jpg").open("rb") as photo:
            created = launched.ask(
                "POST", "/api/tasks/create_task/", data={"task_type": "image"}, files={"file": photo}
            )
        assert created.status_code == 201, created.text
        task = f"/api/tasks/{created.json()['id']}/"
        wait_for_status(launched, task, "completed")

        assert launched.stop() == 0
        assert launched.list_processes() == {}

        later_seconds = launched.start_until_ready()
        assert launched.ask("GET", task).json()["status"] == "completed"
        assert launched.stop() == 0
    finally:
        launched.delete()
    assert first_seconds < 60
    assert later_seconds < 15


def test_the_first_password_is_shown_once_and_kept_for_its_owner_alone(running: Launched) -> None:
    _, password = running.auth

    assert running.output.count(f"password    {password}") == 1
    assert (running.home / "first_password").stat().st_mode & 0o777 == 0o600
    assert running.home.stat().st_mode & 0o077 == 0


def test_every_part_writes_into_one_log(running: Launched) -> None:
    parts = {line.split("|")[0].strip() for line in running.output.splitlines() if "|" in line}

    assert {"web", "worker", "beat", "postgres"} <= parts


def test_a_second_start_on_the_same_home_is_refused(running: Launched) -> None:
    second = Launched(FILEMILL_SAMPLES="off", FILEMILL_HOME=str(running.home))
    try:
        code, said = second.run_refused()
    finally:
        second.delete_files()

    assert code == 2
    assert said.count("\n") == 1
    assert "already runs on" in said


def test_a_worker_that_is_killed_is_started_again(running: Launched) -> None:
    worker = running.find_part("celery", "worker")

    os.kill(worker, signal.SIGKILL)

    wait_for(lambda: "worker was killed by SIGKILL; it is started again now" in running.output)
    wait_for(lambda: httpx.get(f"{running.url}/health/ready", timeout=10).status_code == 200)
    assert running.find_part("celery", "worker") != worker


def test_a_database_that_is_killed_is_started_again_and_remembers(running: Launched) -> None:
    before = running.ask("GET", "/api/auth/tokens/").status_code

    os.kill(running.find_part("postgres", "-D"), signal.SIGKILL)

    wait_for(lambda: "postgres was killed by SIGKILL" in running.output)
    wait_for(lambda: httpx.get(f"{running.url}/health/ready", timeout=10).status_code == 200)
    assert running.ask("GET", "/api/auth/tokens/").status_code == before == 200


def test_a_supervisor_that_is_killed_leaves_no_orphan_and_no_damage(launched: Launched) -> None:
    launched.start_until_ready()

    launched.kill()

    launched.wait_for_no_process()
    launched.start_until_ready()
    assert launched.ask("GET", "/api/tasks/").status_code == 200


def test_the_samples_are_handed_in_on_the_first_start() -> None:
    launched = Launched()
    try:
        launched.start_until_ready()
        wait_for((launched.home / "samples_done").exists)

        names = {task["file_name"] for task in launched.ask("GET", "/api/tasks/?tag=sample").json()["results"]}

        assert names == {path.name for path in (ROOT / "samples").iterdir() if path.suffix != ".md"}
    finally:
        launched.delete()


def test_a_port_in_use_is_said_in_one_sentence(launched: Launched) -> None:
    with socket.create_server(("127.0.0.1", launched.port)):
        code, said = launched.run_refused()

    assert (code, said.count("\n")) == (2, 1)
    assert f"Port {launched.port} on 127.0.0.1 is in use" in said


def test_a_home_that_can_not_be_written_is_said_in_one_sentence(launched: Launched) -> None:
    launched.home.write_text("a file in its place")

    code, said = launched.run_refused()

    assert (code, said.count("\n")) == (2, 1)
    assert "set FILEMILL_HOME to a directory" in said


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("PORT=eighty", "PORT is 'eighty'"),
        ("DB_PORT=none", "DB_PORT"),
        ("SECRET_KEY=your-secret-key-here", "SECRET_KEY is the placeholder"),
        ("CELERYD_CONCURRENCY=0", "CELERYD_CONCURRENCY"),
    ],
)
def test_a_wrong_value_in_dotenv_is_said_in_one_sentence(launched: Launched, line: str, sentence: str) -> None:
    (launched.directory / ".env").write_text(f"{line}\n")
    if line.startswith("PORT"):
        launched.leaves_port_to_dotenv = True

    code, said = launched.run_refused()

    assert (code, said.count("\n")) == (2, 1)
    assert sentence in said
    assert not (launched.home / "postgres").exists()


def test_a_stop_in_the_middle_of_the_first_start_is_clean(launched: Launched) -> None:
    launched.start()
    wait_for(lambda: "database system is ready" in launched.output)

    assert launched.stop() == 0

    assert launched.list_processes() == {}


def wait_for_status(launched: Launched, task: str, status: str) -> None:
    wait_for(lambda: launched.ask("GET", task).json()["status"] == status)


def wait_for(is_true: Callable[[], bool], *, timeout_seconds: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            if is_true():
                return
        except httpx.TransportError:
            pass  # it may be just starting again
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)
