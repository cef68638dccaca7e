"""What the embedded servers have in common: each is prepared, started in the foreground, awaited and stopped."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import IO, ClassVar

from filemill.launch.errors import LaunchError
from filemill.launch.home import Home
from filemill.launch.locks import acquire_lock
from filemill.launch.processes import signal_group, spawn

PREDECESSOR_SECONDS = 30.0
"""How long a server of a killed run may take to end before a new one is started on its files."""

POLL_SECONDS = 0.02


class EmbeddedServer:
    """A server that Filemill starts for itself, reached by a Unix socket only."""

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]

    def __init__(self, home: Home) -> None:
        self.home = home

    @property
    def data(self) -> Path:
        """The directory that one server at a time may work on."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Make the data ready for a start. Raises LaunchError."""
        raise NotImplementedError

    def build_argv(self) -> list[str]:
        """The command line of the server as a foreground process."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Whether the server answers."""
        raise NotImplementedError

    def finish_start(self) -> None:
        """What is left to do once the server answers."""

    def start(self, *, output: int | IO[bytes] | None = None) -> subprocess.Popen[bytes]:
        """Start the server and return its process; it may not answer yet. It dies with this process."""
        lock = self._own_data()
        try:
            self.prepare()
            return spawn(
                self.build_argv(),
                death_signal=self.stop_signal,
                environ=SERVER_ENVIRONMENT,
                output=output,
                pass_fds=[lock],
            )
        finally:
            os.close(lock)

    def wait_until_ready(self, process: subprocess.Popen[bytes], *, timeout_seconds: float = 30.0) -> None:
        """Block until the server answers, then finish its start. Raises LaunchError when it ends or stays silent."""
        deadline = time.monotonic() + timeout_seconds
        while not self.is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise LaunchError(
                    f"The embedded {self.name} did not start; its log lines above say why, and `filemill doctor` "
                    f"checks this machine.",
                    code=f"{self.name}_did_not_start",
                )
            time.sleep(POLL_SECONDS)
        self.finish_start()

    def stop(self, process: subprocess.Popen[bytes], *, timeout_seconds: float = 30.0) -> None:
        """Stop the server cleanly, and by force when that takes too long."""
        process.send_signal(self.stop_signal)
        try:
            process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            signal_group(process, signal.SIGKILL)
            process.wait()

    def _own_data(self) -> int:
        """Make sure that no other server works on the data, and return the lock that says so.

        The server inherits the lock, so after a kill it is free only once the last of its processes is gone.
        """
        lock = acquire_lock(self.home.path / f"{self.name}.lock", wait_seconds=PREDECESSOR_SECONDS)
        if lock is None:
            raise LaunchError(
                f"Another {self.name} still works on {self.data}; stop it, or set FILEMILL_HOME to another directory.",
                code=f"{self.name}_in_use",
            )
        return lock


SERVER_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LC_ALL": "C",
    "TZ": "UTC",
}
"""The servers see nothing of ours: a PGDATA or a foreign locale in the shell must not change what they do."""
