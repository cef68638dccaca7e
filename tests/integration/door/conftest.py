"""The door as a real uvicorn process over a small site of test views."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from django.contrib.auth.models import User
from django.db import connection
from pytest_django import Settings

PROJECT = Path(__file__).parents[3]


@dataclass
class Door:
    """A running server; `home` is its FILEMILL_HOME."""

    process: subprocess.Popen[bytes]
    address: tuple[str, int]
    home: Path
    log: Path

    @property
    def url(self) -> str:
        return f"http://{self.address[0]}:{self.address[1]}"

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=10)

    def uploads(self) -> list[str]:
        directory = self.home / "uploads"
        return sorted(path.name for path in directory.iterdir()) if directory.is_dir() else []

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@pytest.fixture(scope="session")
def start_door(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, big_file: Path
) -> Iterator[Callable[..., Door]]:
    """Start a server of one's own on the test database."""
    doors: list[Door] = []

    def start(**changes: str) -> Door:
        directory = tmp_path_factory.mktemp("door")
        os.mkfifo(directory / "gate")
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.integration.door.site_settings",
            "DB_NAME": str(connection.settings_dict["NAME"]),
            "DOOR_GATE": str(directory / "gate"),
            "DOOR_FILE": str(big_file),
            **changes,
        }
        port = find_free_port()
        with (directory / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(port)),
                    *("--timeout-graceful-shutdown", "3", "--no-proxy-headers"),
                ],
                cwd=PROJECT,
                env=environment,
                stdout=log,
                stderr=log,
            )
        door = Door(process, ("127.0.0.1", port), Path(os.environ["FILEMILL_HOME"]), directory / "log")
        doors.append(door)
        wait_until_open(door)
        return door

    yield start
    for door in doors:
        door.stop()


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_until_open(door: Door) -> None:
    give_up_at = time.monotonic() + 30
    while time.monotonic() < give_up_at and door.process.poll() is None:
        try:
            httpx.get(f"{door.url}/health/live", timeout=5).raise_for_status()
        except httpx.ConnectError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"the door did not open:\n{door.log.read_text()}")


@pytest.fixture(scope="session")
def door(start_door: Callable[..., Door]) -> Door:
    """The server that the tests share which do it no harm."""
    return start_door()


@pytest.fixture(scope="session")
def big_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """64 MiB, more than any socket buffers."""
    path = tmp_path_factory.mktemp("files") / "big.bin"
    with path.open("wb") as file:
        for number in range(64):
            file.write(bytes([number]) * 1024**2)
    return path


@pytest.fixture
def client(door: Door) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=door.url, timeout=20) as client:
        yield client


@pytest.fixture
def cheap_passwords(settings: Settings) -> None:
    """What a password costs is not the subject here."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def ann(transactional_db: None, cheap_passwords: None) -> User:
    """A user; her password is her name."""
    return User.objects.create_user("ann", password="ann")


@pytest.fixture
def bob(transactional_db: None, cheap_passwords: None) -> User:
    return User.objects.create_user("bob", password="bob")
