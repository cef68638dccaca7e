"""The process of a zygote as the worker holds it: started by exec, or forked by the fork server."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Final, Protocol, TypeVar

import filemill
from filemill.processing.cage import kernel, wire
from filemill.processing.errors import SystemFault

_NOBODY: Final = 65534
_KILLED_SECONDS: Final = 2.0
"""How long the end of a killed one is waited for; one that sleeps in the kernel may take longer."""
# The worker's own search path comes after -I's: what Filemill can import here, the zygote can import too.
_BOOT: Final = """\
import json, sys
told = json.loads(sys.argv[1])
sys.path.extend(entry for entry in told.pop("search") if entry not in sys.path)
from filemill.processing.cage import {module}
{module}.main(told.pop("channel"), **told)
"""

_ENVIRONMENT: Final[Mapping[str, str]] = {
    "LANG": "C.UTF-8",
    "TZ": "UTC",  # Else the first look at a clock opens /etc/localtime.
    "VIPS_CONCURRENCY": "1",
    "VIPS_BLOCK_UNTRUSTED": "1",
    # From 100 MB on libvips unpacks into a file of its own in /tmp, where nobody may write; the limit on memory holds.
    "VIPS_DISC_THRESHOLD": "1000g",
    "MALLOC_ARENA_MAX": "2",
    # A fresh child pays for every page that it touches first: fewer and larger ones halve what a single picture costs.
    "MALLOC_MMAP_THRESHOLD_": str(64 * 1024**2),
    "MALLOC_TRIM_THRESHOLD_": str(128 * 1024**2),
    "MALLOC_TOP_PAD_": str(16 * 1024**2),
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "OMP_THREAD_LIMIT": "1",
}

Started = TypeVar("Started")


class ZygoteLost(Exception):
    """The zygote is gone, and with it every process it had forked."""


class ZygoteTooSlow(ZygoteLost):
    """It has not said a word in the time that it has."""


class ZygoteProcess(Protocol):
    """What the worker can do with a zygote's process beside talking to it."""

    @property
    def pid(self) -> int: ...

    def is_alive(self) -> bool:
        """Tell whether it still runs."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait for its end; False when it still runs after that time."""
        ...

    def end(self) -> None:
        """Kill it, if it still runs, and forget it."""
        ...


class SpawnedProcess:
    """One that this process has started by exec, so that it holds none of its memory, sockets or secrets."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """With what it has ended, as `subprocess` tells it; None while it runs."""
        return self._process.poll()

    def is_alive(self) -> bool:
        return self.returncode is None

    def wait(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


class ForkedProcess:
    """One that the fork server has forked, and the kernel reaps: this process has only its pidfd.

    May be asked, and ended, from any thread.
    """

    def __init__(self, pid: int, pidfd: int) -> None:
        self._pid = pid
        self._lock = threading.Lock()
        self._pidfd: int | None = pidfd

    @property
    def pid(self) -> int:
        return self._pid

    def is_alive(self) -> bool:
        with self._lock:
            return self._pidfd is not None and not kernel.is_readable(self._pidfd)

    def wait(self, seconds: float) -> bool:
        with self._lock:
            return self._pidfd is None or kernel.is_readable(self._pidfd, seconds=seconds)

    def end(self) -> None:
        with self._lock:
            pidfd, self._pidfd = self._pidfd, None
        if pidfd is None:
            return
        with contextlib.suppress(ProcessLookupError):  # It has ended meanwhile, and was reaped.
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        kernel.is_readable(pidfd, seconds=_KILLED_SECONDS)
        os.close(pidfd)


def spawn(
    module: str, channel: socket.socket, log: IO[bytes], *, uid: int | None, told: Mapping[str, Any]
) -> SpawnedProcess:
    """Execute `main` of a module of the cage in a clean Python, with one end of a channel and what it is told."""
    told = {
        "search": [
            str(Path(filemill.__file__).parents[1]),
            *(entry for entry in sys.path if Path(entry).is_absolute()),
        ],
        "channel": channel.fileno(),
        "parent_pid": os.getpid(),
        "is_main_thread": threading.current_thread() is threading.main_thread(),
        **told,
    }
    process = subprocess.Popen(
        [sys.executable, "-I", "-B", "-c", _BOOT.format(module=module), wire.encode(told)],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=dict(_ENVIRONMENT),
        cwd="/",
        close_fds=True,
        pass_fds=(channel.fileno(),),
        start_new_session=True,
        user=uid,
        group=uid,
        extra_groups=None if uid is None else (),
    )
    return SpawnedProcess(process)


def start_unprivileged(start: Callable[[int | None], Started], log: IO[bytes]) -> Started:
    """Start as nobody where we may; where nobody can't read the interpreter or the packages, as ourselves."""
    if os.geteuid() == 0:
        try:
            return start(_NOBODY)
        except (PermissionError, ZygoteLost):
            forget_log(log)
    try:
        return start(None)
    except ZygoteLost as error:
        raise SystemFault(
            f"The cage did not start: {error}. Run `filemill doctor`.", code="internal_error", is_passing=True
        ) from error


def hear_greeting(
    receiver: wire.Receiver, channel: socket.socket, log: IO[bytes], *, process: SpawnedProcess | None, seconds: float
) -> tuple[dict[str, Any], list[int]]:
    """Wait for the first words of a process that was started, with the descriptors it sent. Raises `ZygoteLost`."""
    # Our copy of its end may still be open, so its death does not close the channel: look for both.
    waited = 0.0
    channel.settimeout(0.25)
    while waited < seconds:
        try:
            return receiver.receive()
        except TimeoutError:
            waited += 0.25
        except wire.ConnectionEnded:
            raise ZygoteLost(f"it ended: {_read_last_line(log)}") from None
        if process is not None and not process.is_alive():
            raise ZygoteLost(f"it ended with {process.returncode}: {_read_last_line(log)}")
    raise ZygoteTooSlow(f"it was not ready after {seconds:.0f} s: {_read_last_line(log)}")


def forget_log(log: IO[bytes]) -> None:
    """Empty a log for the next process; its position is shared with those that write to it."""
    log.seek(0)
    log.truncate(0)


def _read_last_line(log: IO[bytes]) -> str:
    log.seek(0)
    lines = log.read(64 * 1024).decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
