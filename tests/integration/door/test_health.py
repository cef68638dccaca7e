"""The probes tell the truth, and tell it soon, whatever is frozen."""

import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db.models.functions import Now
from django.test import Client
from pytest_django import Settings

from config.health import CHECK_TIMEOUT_SECONDS, Check, check_readiness
from filemill.launch.home import Home
from filemill.launch.valkey import Valkey
from filemill.tasks.models import WorkerNode
from tests.integration.door.conftest import Door

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker(transactional_db: None) -> WorkerNode:
    return WorkerNode.objects.create(id=uuid.uuid4(), name="worker@here")


@pytest.fixture
def ordinary(settings: Settings) -> Client:
    """Django's own test client, which knows nothing of the door."""
    settings.ROOT_URLCONF = "tests.integration.door.site_urls"
    return Client()


def states(body: dict[str, Any]) -> dict[str, str]:
    return {name: check["status"] for name, check in body["checks"].items()}


ALL_WELL = dict.fromkeys(("database", "broker", "cache", "storage", "workers"), "ok")


def test_a_service_with_everything_is_ready(door: Door, worker: WorkerNode) -> None:
    response = httpx.get(f"{door.url}/health/ready", timeout=10)
    assert (response.status_code, response.json()["status"]) == (200, "ok"), response.text
    assert states(response.json()) == ALL_WELL
    assert response.headers["cache-control"] == "no-store"


def test_the_ordinary_views_say_the_same(ordinary: Client, worker: WorkerNode) -> None:
    response = ordinary.get("/health/ready")
    assert (response.status_code, states(response.json())) == (200, ALL_WELL)
    assert ordinary.get("/health/live").json() == {"status": "ok"}


def test_without_a_worker_it_is_not_ready(door: Door, transactional_db: None) -> None:
    response = httpx.get(f"{door.url}/health/ready", timeout=10)
    assert (response.status_code, response.json()["status"]) == (503, "unavailable")
    assert states(response.json()) == {**ALL_WELL, "workers": "unavailable"}


def test_a_worker_that_was_last_seen_too_long_ago_does_not_count(door: Door, worker: WorkerNode) -> None:
    WorkerNode.objects.update(seen_at=Now() - timedelta(seconds=31))
    assert httpx.get(f"{door.url}/health/ready", timeout=10).status_code == 503


@pytest.fixture
def frozen_valkey(tmp_path: Path) -> Iterator[str]:
    """The address of a real server that accepts connections and never answers."""
    home = Home(tmp_path / "home")
    home.prepare()
    server = Valkey(home, is_durable=False)
    with (tmp_path / "log").open("wb") as log:
        process = server.start(output=log)
    server.wait_until_ready(process)
    process.send_signal(signal.SIGSTOP)
    yield home.broker_url(0)
    process.kill()
    process.wait()


def test_it_answers_while_redis_is_frozen(
    start_door: Callable[..., Door], frozen_valkey: str, worker: WorkerNode
) -> None:
    door = start_door(CELERY_BROKER_URL=frozen_valkey)
    for _ in range(3):
        begun_at = time.monotonic()
        response = httpx.get(f"{door.url}/health/ready", timeout=10)
        assert time.monotonic() - begun_at < CHECK_TIMEOUT_SECONDS + 1
        assert response.status_code == 503
        assert states(response.json()) == {**ALL_WELL, "broker": "unavailable", "cache": "unavailable"}
    assert httpx.get(f"{door.url}/health/live", timeout=1).status_code == 200
    door.stop()


def test_a_storage_that_can_not_be_written_to_is_told(settings: Settings, tmp_path: Path, ordinary: Client) -> None:
    (tmp_path / "a-file").touch()
    storage = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": tmp_path / "a-file" / "storage"},
    }
    settings.STORAGES = {**settings.STORAGES, "outputs": storage}
    assert states(ordinary.get("/health/ready").json())["storage"] == "unavailable"


def test_a_check_that_hangs_is_given_up_on_and_not_asked_twice() -> None:
    released = threading.Event()
    asked: list[int] = []

    def hang() -> str:
        asked.append(1)
        released.wait(30)
        return "at last"

    hanging = Check("hanging", hang)
    begun_at = time.monotonic()
    for _ in range(2):
        is_ready, body = check_readiness([hanging])
        assert (is_ready, states(body)) == (False, {"hanging": "unavailable"})
    assert time.monotonic() - begun_at < 2 * CHECK_TIMEOUT_SECONDS + 1
    assert len(asked) == 1
    waiting = hanging.begin()
    released.set()
    assert waiting.result(10) == "at last"
