"""The worker's side of the zygote: starting it, asking it to fork and execute, kill and reap."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import filemill
from filemill.processing.cage import families, wire
from filemill.processing.cage.layers import Layers, Mode
from filemill.processing.errors import SystemFault

_START_SECONDS: Final = 60.0
_ANSWER_SECONDS: Final = 10.0
_LEAVE_SECONDS: Final = 2.0
_NOBODY: Final = 65534

_HANDED_OVER: Final = 3
"""The most descriptors that come with a child: its pidfd, and a sealed one's channel and standard error."""
# The worker's own search path comes after -I's: what Filemill can import here, the zygote can import too.
_BOOT: Final = """\
import json, sys
told = json.loads(sys.argv[1])
sys.path.extend(entry for entry in told.pop("search") if entry not in sys.path)
from filemill.processing.cage.zygote import main
main(told.pop("control"), **told)
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


class ZygoteLost(Exception):
    """The zygote is gone, and with it every process it had forked."""


@dataclass(frozen=True, kw_only=True)
class Preload:
    """What the zygote imports: libraries, every module of packages, and single modules."""

    libraries: tuple[str, ...]
    packages: tuple[str, ...]
    modules: tuple[str, ...]

    @property
    def is_for_tools(self) -> bool:
        """Whether nothing is imported, so that what is forked can only become a tool."""
        return not (self.libraries or self.packages or self.modules)

    def allows(self, module: str) -> bool:
        """Tell whether a sealed function of this module can be found in the cage."""
        return module in self.modules or any(f"{module}.".startswith(f"{package}.") for package in self.packages)


class ZygoteClient:
    """One zygote process. Requests may come from any thread; `kill` never waits for another request."""

    def __init__(self, *, preload: Preload, mode: Mode) -> None:
        self._lock = threading.Lock()
        self._preload = preload
        self._mode = mode
        self._log: IO[bytes] = tempfile.TemporaryFile(prefix="filemill-zygote-")  # noqa: SIM115 - lives as we do
        self.uid: int | None = None
        """The user id of all that it forks, where it is not the worker's own."""
        self._started: set[int] = set()
        self._born: dict[int, int] = {}
        """When each was started, as /proc tells; the numbers of processes come around again."""
        self._control, theirs = wire.make_pair()
        self._control.settimeout(_START_SECONDS)
        self._receiver = wire.Receiver(self._control, maximum_descriptors=_HANDED_OVER)
        try:
            self._process, self.layers = self._start(theirs)
        except BaseException:
            self._control.close()
            self._log.close()
            raise
        finally:
            theirs.close()
        self._control.settimeout(_ANSWER_SECONDS)

    def _start(self, theirs: socket.socket) -> tuple["subprocess.Popen[bytes]", Layers]:
        """Start as nobody where we may; where nobody can't read the interpreter or the packages, as ourselves."""
        if os.geteuid() == 0:
            try:
                return self._spawn(theirs, uid=_NOBODY)
            except (PermissionError, ZygoteLost):
                self._log.truncate(0)
        try:
            return self._spawn(theirs, uid=None)
        except ZygoteLost as error:
            raise SystemFault(
                f"The cage did not start: {error}. Run `filemill doctor`.", code="internal_error", is_passing=True
            ) from error

    def _spawn(self, theirs: socket.socket, *, uid: int | None) -> tuple["subprocess.Popen[bytes]", Layers]:
        told = {
            "search": [
                str(Path(filemill.__file__).parents[1]),
                *(entry for entry in sys.path if Path(entry).is_absolute()),
            ],
            "control": theirs.fileno(),
            "parent_pid": os.getpid(),
            "is_main_thread": threading.current_thread() is threading.main_thread(),
            "mode": self._mode,
            "preload": [self._preload.libraries, self._preload.packages, self._preload.modules],
            "for_tools": self._preload.is_for_tools,
        }
        process = subprocess.Popen(
            [sys.executable, "-I", "-B", "-c", _BOOT, wire.encode(told)],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env=dict(_ENVIRONMENT),
            cwd="/",
            close_fds=True,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
            user=uid,
            group=uid,
            extra_groups=None if uid is None else (),
        )
        try:
            layers = self._greet(process)
        except BaseException:
            process.kill()
            process.wait()
            raise
        self.uid = uid
        return process, layers

    def _greet(self, process: "subprocess.Popen[bytes]") -> Layers:
        greeting = self._hear_greeting(process)
        if "refused" in greeting:
            raise SystemFault(
                f"The cage stays shut, for this machine lacks {greeting['refused']}.",
                code="internal_error",
            )
        return Layers.from_message(greeting["layers"])

    def _hear_greeting(self, process: "subprocess.Popen[bytes]") -> dict[str, Any]:
        # Our copy of its end is still open, so its death does not close the channel: look for both.
        waited = 0.0
        self._control.settimeout(0.25)
        while waited < _START_SECONDS:
            try:
                return self._receiver.receive()[0]
            except TimeoutError:
                waited += 0.25
            if process.poll() is not None:
                raise ZygoteLost(f"it ended with {process.returncode}: {self._read_log()}")
        raise ZygoteLost(f"it was not ready after {_START_SECONDS:.0f} s: {self._read_log()}")

    def _read_log(self) -> str:
        self._log.seek(0)
        lines = self._log.read(64 * 1024).decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    @property
    def pid(self) -> int:
        """The zygote's pid."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Tell whether it still runs."""
        return self._process.poll() is None

    def start(self, request: Mapping[str, Any], descriptors: Sequence[int] = ()) -> tuple[int, list[int]]:
        """Start a child; return its pid, and a pidfd with what else is handed over. Raises `ZygoteLost`."""
        answer, received = self._ask({"do": "start", **request}, descriptors)
        pid = int(answer["pid"])
        self._started.add(pid)
        self._born[pid] = families.find_birth(pid)
        return pid, received

    def kill(self, pid: int) -> None:
        """Kill a child with its group, if it was not reaped yet. Never blocks, never fails: a lost zygote took it."""
        try:
            wire.send_message(self._control, {"do": "kill", "pid": pid})
        except (wire.ConnectionEnded, OSError):
            self.close()

    def reap(self, pid: int) -> dict[str, Any]:
        """Return how a child ended and what it used; it is killed if it still runs. Raises `ZygoteLost`."""
        told = self._ask({"do": "reap", "pid": pid})[0]
        self._started.discard(pid)
        self._born.pop(pid, None)
        return told

    def dismiss(self, pid: int) -> None:
        """Have a child killed and reaped without waiting for it. A lost zygote took it with it."""
        with self._lock:
            self._started.discard(pid)
            self._born.pop(pid, None)
            try:
                wire.send_message(self._control, {"do": "dismiss", "pid": pid})
            except (wire.ConnectionEnded, OSError):
                self.close()

    def list_family(self, pid: int) -> list[int]:
        """Return a child with all its descendants, and those whose parents are gone, which the zygote took on.

        Whose those were, nobody can tell; they are killed when the first child is reaped. A child of the zygote that
        leads a session is its spare one: no tool may make a session.
        """
        orphans = [
            found
            for found in families.list_children(self.pid)
            if found not in self._started and not families.leads_session(found)
        ]
        return [found for root in (pid, *orphans) for found in families.list_descendants(root)]

    def _ask(self, request: Mapping[str, Any], descriptors: Sequence[int] = ()) -> tuple[dict[str, Any], list[int]]:
        with self._lock:
            try:
                wire.send_message(self._control, request, descriptors)
                return self._receiver.receive()
            except (wire.ConnectionEnded, wire.MalformedMessage, OSError) as error:
                self.close()
                raise ZygoteLost(str(error)) from error

    def close(self) -> None:
        """End the zygote. It kills all that it has started; where it was killed itself, that is done here."""
        self._control.close()
        try:
            self._process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pid in self._started:
            _kill_group(pid, born=self._born[pid])
        self._started.clear()
        self._born.clear()
        self._log.close()


def _kill_group(pid: int, *, born: int) -> None:
    """Kill what is left of a group whose zygote is gone; a group without members is gone itself.

    A group keeps its number as long as it has members, so whoever has it and was born at another time is a stranger.
    """
    if families.find_birth(pid) not in (0, born):
        return
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
