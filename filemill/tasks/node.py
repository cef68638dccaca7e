"""Who this worker is, and whether it has been told to stop: known before the pool forks, shared with its children."""

import mmap
import os
import socket
import struct
import time
from dataclasses import dataclass
from uuid import UUID, uuid4

from filemill.processing.cage import ForkServer

_CLOCK = struct.Struct("d")


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Who holds a lease."""

    id: UUID
    name: str


class Node:
    """This worker; its children inherit it by fork, and with it the page in which the parent says when to stop."""

    def __init__(self) -> None:
        self.id: UUID = uuid4()
        self.concurrency = 1
        self.fork_server: ForkServer | None = None
        self.pid = os.getpid()
        self._page = mmap.mmap(-1, _CLOCK.size)

    @property
    def name(self) -> str:
        return f"{socket.gethostname()}:{self.pid}"

    def as_worker(self) -> Worker:
        """Return this process as the holder of leases; each child is one of its own."""
        return Worker(id=self.id, name=f"{self.name}/{os.getpid()}" if os.getpid() != self.pid else self.name)

    def begin_stopping(self) -> None:
        """Tell this process and its children that the worker is shutting down."""
        _CLOCK.pack_into(self._page, 0, time.monotonic())

    def stopping_for_seconds(self) -> float | None:
        """Return how long ago the worker was told to stop; None while it goes on."""
        (since,) = _CLOCK.unpack_from(self._page, 0)
        return time.monotonic() - since if since else None


node = Node()
