"""The fork server's side of a worker: one process that has loaded what zygotes load, for all of its pool processes."""

import socket
import tempfile
from typing import IO, Final

from filemill.processing.cage import wire
from filemill.processing.cage.layers import Mode
from filemill.processing.cage.preload import Preload
from filemill.processing.cage.zygote_process import SpawnedProcess, hear_greeting, spawn, start_unprivileged

_START_SECONDS: Final = 60.0
FORK_SECONDS: Final = 10.0
"""How long a fork may take: within it a zygote has greeted, or ends by itself."""


class ForkServer:
    """A process that forks zygotes for whoever asks: the worker that has started it, and what that has forked since.

    Each request is one packet that brings all it needs, so that many processes share the one socket. Nothing is
    answered here: the zygote itself greets, over the channel that came with the request.
    """

    def __init__(self, preload: Preload) -> None:
        """Start it and wait until it has loaded. Raises `SystemFault`."""
        self._preload = preload
        self._is_given_up = False
        self.uid: int | None = None
        self._log: IO[bytes] = tempfile.TemporaryFile(prefix="filemill-fork-server-")  # noqa: SIM115 - lives as we do
        self._requests, theirs = wire.make_pair()
        try:
            self._process = start_unprivileged(lambda uid: self._spawn(theirs, uid=uid), self._log)
        except BaseException:
            self._requests.close()
            self._log.close()
            raise
        finally:
            theirs.close()

    def _spawn(self, theirs: socket.socket, *, uid: int | None) -> SpawnedProcess:
        told = {"preload": self._preload.as_lists(), "fork_seconds": FORK_SECONDS}
        process = spawn("fork_server_process", theirs, self._log, uid=uid, told=told)
        try:
            receiver = wire.Receiver(self._requests)
            hear_greeting(receiver, self._requests, self._log, process=process, seconds=_START_SECONDS)
        except BaseException:
            process.end()
            raise
        self._requests.settimeout(None)
        self.uid = uid
        return process

    @property
    def pid(self) -> int:
        """The server's pid."""
        return self._process.pid

    def serves(self, preload: Preload) -> bool:
        """Tell whether its zygotes have loaded just this, and nobody here has waited for one in vain."""
        return preload == self._preload and not self._is_given_up

    def give_up(self) -> None:
        """Ask it no more in this process: it is stuck, and each who asks waits as long."""
        self._is_given_up = True

    def fork(self, channel: socket.socket, log: IO[bytes], *, mode: Mode) -> None:
        """Have a zygote forked that serves this channel and writes to this log; raises `ConnectionEnded`, `OSError`."""
        wire.send_message(self._requests, {"mode": mode}, [channel.fileno(), log.fileno()], flags=socket.MSG_DONTWAIT)

    def close(self) -> None:
        """End the server, which holds nothing to lose; its zygotes live on until those they serve leave them."""
        self._requests.close()
        self._process.end()
        self._log.close()
