"""A PostgreSQL and a Valkey that a test starts, kills, freezes and starts again on the same data."""

import signal
import subprocess
import time
from pathlib import Path
from typing import ClassVar

import redis

from filemill.launch.home import Home
from filemill.launch.postgres import Postgres
from filemill.launch.servers import EmbeddedServer
from filemill.launch.valkey import Valkey
from tests.endtoend.seed import free_port


class CrashedPostgres(Postgres):
    """A cluster whose commits survive the kill of its processes, though not a power cut: that is all that is tested."""

    settings: ClassVar[dict[str, str]] = {"fsync": "off", "restart_after_crash": "on"}

    def build_argv(self) -> list[str]:
        return [*super().build_argv(), *(part for item in self.settings.items() for part in ("-c", "=".join(item)))]


class CrashedValkey(Valkey):
    """A Valkey on a Unix socket and on TCP, with its append-only file or without."""

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        self.port = free_port()

    def build_argv(self) -> list[str]:
        argv = super().build_argv()
        argv[argv.index("--port") + 1] = str(self.port)
        argv[argv.index("--appendfsync") + 1] = "everysec"  # only its process is killed, never the machine
        return [*argv, "--bind", "127.0.0.1", "--protected-mode", "no"]


class FaultyServer:
    """One of the servers above, and what is done to it."""

    def __init__(self, server: EmbeddedServer, log: Path) -> None:
        self.server = server
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = self.server.start(output=output)
        self.server.wait_until_ready(self.process)

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send what ends it (SIGKILL, SIGTERM, PostgreSQL's SIGQUIT) and wait until it has ended."""
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(30)

    def restart(self, *, number: signal.Signals = signal.SIGKILL, down_seconds: float = 0.0) -> None:
        self.end(number)
        time.sleep(down_seconds)  # the time it is away is what is tested
        self.start()

    def freeze(self) -> None:
        self.send(signal.SIGSTOP)

    def thaw(self) -> None:
        self.send(signal.SIGCONT)


def connect_valkey(home: Home) -> "redis.Redis":
    """A client of the test's own, past every proxy."""
    return redis.Redis(unix_socket_path=str(home.valkey_socket), socket_timeout=10)
