"""The worker's side of the zygote: starting it, asking it to fork and execute, kill and reap."""

import logging
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any, Final

from filemill.processing.cage import families, wire
from filemill.processing.cage.fork_server import FORK_SECONDS, ForkServer
from filemill.processing.cage.layers import Layers, Mode
from filemill.processing.cage.preload import Preload
from filemill.processing.cage.zygote_process import (
    ForkedProcess,
    SpawnedProcess,
    ZygoteLost,
    ZygoteProcess,
    ZygoteTooSlow,
    forget_log,
    hear_greeting,
    spawn,
    start_unprivileged,
)
from filemill.processing.errors import SystemFault

logger: Final = logging.getLogger(__name__)

_START_SECONDS: Final = 60.0
_ANSWER_SECONDS: Final = 10.0
_LEAVE_SECONDS: Final = 2.0

_HANDED_OVER: Final = 3
"""The most descriptors that come with a child: its pidfd, and a sealed one's channel and standard error."""


class ZygoteClient:
    """One zygote process. Requests may come from any thread; `kill` never waits for another request."""

    def __init__(self, *, preload: Preload, mode: Mode, fork_server: ForkServer | None = None) -> None:
        """Have it forked by the server, if there is one that lives and has loaded the same, or else start it."""
        self._lock = threading.Lock()
        self._preload = preload
        self._mode = mode
        self._log: IO[bytes] = tempfile.TemporaryFile(prefix="filemill-zygote-")  # noqa: SIM115 - lives as we do
        self.uid: int | None = None
        """The user id of all that it forks, where it is not the worker's own."""
        self._started: dict[int, int] = {}
        """When each was born, as /proc tells; the numbers of processes come around again."""
        try:
            self._process, self.layers = self._fork_or_spawn(fork_server)
        except BaseException:
            self._log.close()
            raise
        self._control.settimeout(_ANSWER_SECONDS)

    def _fork_or_spawn(self, server: ForkServer | None) -> tuple[ZygoteProcess, Layers]:
        if server is not None and server.serves(self._preload):
            try:
                return self._fork(server)
            except (ZygoteLost, wire.ConnectionEnded, OSError) as error:
                logger.warning("no zygote from the fork server, so this one loads for itself: %s", error)
                forget_log(self._log)
        return start_unprivileged(self._spawn, self._log)

    def _fork(self, server: ForkServer) -> tuple[ZygoteProcess, Layers]:
        with self._open_channel() as theirs:
            server.fork(theirs, self._log, mode=self._mode)
            theirs.close()  # So that its death shows as the end of the channel.
            try:
                greeting, (pidfd,) = self._hear_greeting(None, seconds=FORK_SECONDS)
            except ZygoteTooSlow:
                server.give_up()
                raise
        self.uid = server.uid
        return ForkedProcess(int(greeting["pid"]), pidfd), Layers.from_message(greeting["layers"])

    def _spawn(self, uid: int | None) -> tuple[ZygoteProcess, Layers]:
        told = {"mode": self._mode, "preload": self._preload.as_lists(), "for_tools": self._preload.is_for_tools}
        with self._open_channel() as theirs:
            process = spawn("zygote", theirs, self._log, uid=uid, told=told)
            try:
                greeting, (pidfd,) = self._hear_greeting(process, seconds=_START_SECONDS)
            except BaseException:
                process.end()
                raise
        os.close(pidfd)
        self.uid = uid
        return process, Layers.from_message(greeting["layers"])

    @contextmanager
    def _open_channel(self) -> Iterator[socket.socket]:
        """Make the channel, and give the zygote's end; where it comes to nothing, ours is closed as well."""
        self._control, theirs = wire.make_pair()
        self._receiver = wire.Receiver(self._control, maximum_descriptors=_HANDED_OVER)
        try:
            yield theirs
        except BaseException:
            self._control.close()
            raise
        finally:
            theirs.close()

    def _hear_greeting(self, process: SpawnedProcess | None, *, seconds: float) -> tuple[dict[str, Any], list[int]]:
        greeting, descriptors = hear_greeting(
            self._receiver, self._control, self._log, process=process, seconds=seconds
        )
        if "refused" in greeting:
            raise SystemFault(
                f"The cage stays shut, for this machine lacks {greeting['refused']}.",
                code="internal_error",
            )
        return greeting, descriptors

    @property
    def pid(self) -> int:
        """The zygote's pid."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Tell whether it still runs."""
        return self._process.is_alive()

    def start(self, request: Mapping[str, Any], descriptors: Sequence[int] = ()) -> tuple[int, list[int]]:
        """Start a child; return its pid, and a pidfd with what else is handed over. Raises `ZygoteLost`."""
        answer, received = self._ask({"do": "start", **request}, descriptors)
        pid = int(answer["pid"])
        self._started[pid] = int(answer["born"])
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
        self._started.pop(pid, None)
        return told

    def dismiss(self, pid: int) -> None:
        """Have a child killed and reaped without waiting for it. A lost zygote took it with it."""
        with self._lock:
            self._started.pop(pid, None)
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
        self._process.wait(_LEAVE_SECONDS)
        self._process.end()
        for pid, born in self._started.items():
            _kill_group(pid, born=born)
        self._started.clear()
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
