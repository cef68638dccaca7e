"""The children that zygotes fork ahead, so that nobody waits for a fork; each is used for one purpose, and once.

None has seen a stranger's byte while it waits. A sealed child is locked up by then, so it needs only its limits, which
the zygote sets from outside. To have it work on a small picture of ours as well, so that it has touched what a picture
touches, gained 2 ms for a single picture, and took 7 % from many: two processors share what is done ahead.
"""

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NoReturn, Protocol

from filemill.processing.bench import Limits
from filemill.processing.cage import confinement, wire
from filemill.processing.cage.sealed import run_sealed_child
from filemill.processing.cage.tool_process import Lock, ToolProcess, find_lock

Fork = Callable[[Callable[[], NoReturn]], int]
"""Forks a child that does nothing but what it is given, and returns its pid."""


class Spare(Protocol):
    """A child that waits to be used."""

    pid: int

    def suits(self, request: Mapping[str, Any]) -> bool:
        """Tell whether this work can be given to it."""
        ...

    def use(self, request: Mapping[str, Any], descriptors: Sequence[int]) -> list[int]:
        """Give it its work; return the descriptors that the worker is to have. `ConnectionEnded`: it died meanwhile."""
        ...

    def close(self) -> None:
        """Close what the zygote holds of it."""
        ...


MakeSpare = Callable[[Fork, Mapping[str, Any] | None], Spare]
"""Makes one for a request, or for any."""


class SealedSpare:
    """Becomes the sealed child of a slice."""

    def __init__(self, fork: Fork, _request: Mapping[str, Any] | None = None, *, layers: frozenset[str]) -> None:
        self._channel, theirs = wire.make_pair()
        self._reader, writer = os.pipe()
        child = partial(run_sealed_child, theirs.fileno(), writer, layers=layers)
        try:
            self.pid = fork(child)
        finally:
            theirs.close()
            os.close(writer)

    def suits(self, request: Mapping[str, Any]) -> bool:
        """All of them are alike."""
        del request
        return True

    def use(self, request: Mapping[str, Any], descriptors: Sequence[int]) -> list[int]:
        """Set its limits; the worker gets its channel and its standard error. It takes no descriptors."""
        del descriptors
        if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            raise wire.ConnectionEnded
        limits = Limits(**request["limits"])
        # The child is replaced once it used what one call may use, so every call finds at least that much left.
        confinement.set_limits(limits, cpu_seconds=2 * limits.cpu_seconds, pid=self.pid)
        return [self._channel.fileno(), self._reader]

    def close(self) -> None:
        self._channel.close()
        os.close(self._reader)


class ToolSpare:
    """Becomes a tool. Where the last tool can be locked ahead, the next is taken to be its like, and is."""

    def __init__(self, fork: Fork, request: Mapping[str, Any] | None = None, *, layers: frozenset[str]) -> None:
        self._lock = find_lock(request) if request else None
        self._channel, theirs = wire.make_pair()
        try:
            self.pid = fork(partial(_become_tool, theirs, layers, self._lock))
        finally:
            theirs.close()

    def suits(self, request: Mapping[str, Any]) -> bool:
        """One that is locked takes only what its lock is for."""
        return self._lock is None or self._lock == find_lock(request)

    def use(self, request: Mapping[str, Any], descriptors: Sequence[int]) -> list[int]:
        """Tell it what to execute, with the tool's descriptors."""
        wire.send_message(self._channel, request, descriptors)
        return []

    def close(self) -> None:
        self._channel.close()


def _become_tool(channel: socket.socket, layers: frozenset[str], lock: Lock | None) -> NoReturn:
    process = ToolProcess(layers=layers, lock=lock)
    try:
        request, descriptors = wire.Receiver(channel, maximum_descriptors=wire.MAXIMUM_DESCRIPTORS).receive()
    except wire.ConnectionEnded:
        os._exit(0)
    channel.close()
    process.execute(request, descriptors)
