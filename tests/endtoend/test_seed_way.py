"""The seed's own way of working, literally: its commands, its nine names, servers of one's own (contract S1 to S9)."""

import base64
import json
import os
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.endtoend.seed import Checkout, TcpServers, free_port, wait_until

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TcpServers]:
    directory = tmp_path_factory.mktemp("servers")
    for place in [directory, *directory.parents]:
        if place.name.startswith("pytest-") or place == directory:
            place.chmod(0o755)  # PostgreSQL runs as nobody when the tests run as root
    started = TcpServers(directory)
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, servers: TcpServers) -> Checkout:
    made = Checkout(tmp_path_factory.mktemp("checkout"))
    made.install()
    made.write_env(servers)
    made.run("python", "manage.py", "migrate")
    made.run(
        "python", "manage.py", "createsuperuser", "--noinput", "--username", "admin", "--email", "admin@example.org"
    )
    return made


@contextmanager
def running(checkout: Checkout, *command: str, log: str) -> Iterator[subprocess.Popen[bytes]]:
    process = checkout.start(*command, log=log)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=30)
        finally:
            process.kill()


class Api:
    """The web side under `runserver`, spoken to with Basic authentication."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        credentials = base64.b64encode(b"admin:admin-s-password").decode()
        request = urllib.request.Request(
            self.base + path,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Basic {credentials}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def answers(self) -> bool:
        try:
            self.ask("/health/live")
        except OSError:
            return False
        return True

    def finish(self, task_id: str) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def has_ended() -> bool:
            found.update(self.ask(f"/api/tasks/{task_id}/"))
            return found["status"] in {"completed", "failed", "cancelled"}

        wait_until(has_ended, what=f"task {task_id} ends")
        return found


@pytest.fixture(scope="module")
def api(checkout: Checkout) -> Iterator[Api]:
    port = free_port()
    with running(checkout, "python", "manage.py", "runserver", f"127.0.0.1:{port}", "--noreload", log="web.log"):
        started = Api(port)
        wait_until(started.answers, what="runserver answers")
        yield started


def worker_is_ready(checkout: Checkout, log: str) -> bool:
    return " ready." in (checkout.path / log).read_text(errors="replace")


@pytest.fixture(scope="module")
def worker(checkout: Checkout) -> Iterator[None]:
    command = ("celery", "-A", "config", "worker", "-l", "info", "--concurrency=4")
    with running(checkout, *command, log="worker.log"):
        wait_until(lambda: worker_is_ready(checkout, "worker.log"), what="the worker is ready")
        yield


def submit_sample(api: Api, checkout: Checkout) -> dict[str, Any]:
    photo = next((checkout.path / "samples").glob("*.jpg"))
    body = {
        "file_path": str(photo),
        "task_type": "image",
        "metadata": {"quality": "high", "resize": [320, 240]},
    }
    task: dict[str, Any] = api.ask("/api/tasks/create_task/", body)
    return task


def test_makemigrations_reports_no_changes(checkout: Checkout) -> None:
    done = checkout.run("python", "manage.py", "makemigrations")
    assert "No changes detected" in done.stdout


def test_the_placeholder_key_starts_with_a_warning_in_debug(checkout: Checkout) -> None:
    done = checkout.run("python", "manage.py", "check")
    assert "SECRET_KEY" in done.stderr


def test_the_placeholder_key_is_refused_without_debug(checkout: Checkout, servers: TcpServers) -> None:
    checkout.write_env(servers, DEBUG="False")
    try:
        done = checkout.run("python", "manage.py", "check", check=False)
    finally:
        checkout.write_env(servers)
    assert done.returncode != 0
    assert "SECRET_KEY is the placeholder" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("worker")
def test_a_task_completes_and_celery_knows_it_too(api: Api, checkout: Checkout) -> None:
    created = submit_sample(api, checkout)
    assert (created["status"], created["progress"]) == ("pending", 0)

    ended = api.finish(created["id"])

    assert ended["status"] == "completed", ended
    assert ended["celery_task_id"] == created["celery_task_id"]
    code = "from config import celery_app; from celery.result import AsyncResult; import sys; "
    code += "print(AsyncResult(sys.argv[1], app=celery_app).get(timeout=10)['status'])"
    known = checkout.run("python", "-c", f"import django, os; {code}", created["celery_task_id"])
    assert known.stdout.strip() == "completed"


@pytest.mark.usefixtures("worker")
def test_the_workers_log_is_found_by_grep(api: Api, checkout: Checkout) -> None:
    created = submit_sample(api, checkout)
    api.finish(created["id"])

    log = (checkout.path / "celery.log").read_text()
    assert re.search(rf"task_id={created['id']} started", log)
    assert re.search(rf"task_id={created['id']} completed", log)


@pytest.mark.usefixtures("worker")
def test_inspect_answers(checkout: Checkout) -> None:
    answers = {
        what: checkout.run("celery", "-A", "config", "inspect", what).stdout
        for what in ("active", "scheduled", "registered")
    }
    assert all("1 node online" in answer for answer in answers.values())
    assert "tasks.file_processing" in answers["registered"]
    assert "tasks.bulk_file_processing" in answers["registered"]


@pytest.mark.usefixtures("worker")
def test_a_bulk_request_completes(api: Api, checkout: Checkout) -> None:
    photo = str(next((checkout.path / "samples").glob("*.jpg")))
    body = {"file_paths": [photo, photo, photo], "task_type": "image", "parallel": False}
    created = api.ask("/api/tasks/bulk_create/", body)
    assert created["status"] == "processing"
    assert created["files_count"] == 3

    def has_ended() -> bool:
        progress = api.ask("/api/tasks/progress/")
        return bool(progress["completed"] == progress["total"])

    wait_until(has_ended, what="the batch ends")


def test_a_worker_takes_the_seeds_queues(checkout: Checkout) -> None:
    command = ("celery", "-A", "config", "worker", "-Q", "file_processing,bulk_processing", "-l", "info")
    with running(checkout, *command, log="queues.log"):
        wait_until(lambda: worker_is_ready(checkout, "queues.log"), what="the worker is ready")
        banner = (checkout.path / "queues.log").read_text()
    assert "concurrency: 4 (prefork)" in banner
    assert "file_processing" in banner
    assert "bulk_processing" in banner


def test_beat_starts_with_the_chores(checkout: Checkout) -> None:
    with running(checkout, "celery", "-A", "config", "beat", "-l", "info", log="beat.log"):
        # Its first look at the schedule; a SIGTERM before that may fall into Celery's start and be forgotten there.
        wait_until(lambda: "Schedule changed" in (checkout.path / "beat.log").read_text(), what="beat keeps time")
    listed = checkout.run(
        "python",
        "manage.py",
        "shell",
        "-c",
        "from django_celery_beat.models import PeriodicTask as P; print(*P.objects.values_list('task', flat=True))",
    )
    assert "tasks.chore" in listed.stdout


def test_flower_serves_its_page(checkout: Checkout) -> None:
    port = free_port()

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as page:
                return b"Flower" in page.read()
        except OSError:
            return False

    with running(checkout, "celery", "-A", "config", "flower", f"--port={port}", log="flower.log"):
        wait_until(answers, what="Flower answers")


def test_the_checkout_needs_nothing_but_the_nine_names(checkout: Checkout) -> None:
    names = {line.split("=")[0] for line in (checkout.path / ".env").read_text().splitlines()}
    assert len(names) == 9
    assert not [name for name in checkout.environ() if name.startswith(("FILEMILL", "CELERY", "DB_"))]
    assert Path(checkout.path / ".venv").is_dir()
