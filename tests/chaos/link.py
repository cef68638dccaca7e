"""A link that can go bad: a TCP port before a Unix socket that passes, delays, swallows or cuts."""

import contextlib
import socket
import struct
import threading
import time
from pathlib import Path

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time to linger: closing sends RST instead of FIN."""


class Link:
    """Listens on a port of its own; `latency_seconds` and the silences may be changed while connections are open."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.latency_seconds = 0.0
        self._passes = threading.Event()
        self._passes.set()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, name="link", daemon=True).start()

    def go_silent(self) -> None:
        """Half-open: connections stay, and new ones are taken, but nothing comes through any more."""
        self._passes.clear()

    def heal(self) -> None:
        self.latency_seconds = 0.0
        self._passes.set()

    def cut(self) -> int:
        """Reset every open connection; return how many there were."""
        with self._lock:
            open_now, self._connections = self._connections, set()
        for connection in open_now:
            self._reset(connection)
        return len(open_now)

    def close(self) -> None:
        self._listener.close()
        self.heal()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            upstream = socket.socket(socket.AF_UNIX)
            try:
                upstream.connect(str(self.target))
            except OSError:
                self._reset(client)  # as a machine answers on whose port nobody listens
                continue
            with self._lock:
                self._connections |= {client, upstream}
            for origin, target in ((client, upstream), (upstream, client)):
                threading.Thread(target=self._carry, args=[origin, target], name="link", daemon=True).start()

    def _carry(self, origin: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := origin.recv(65536):
                self._passes.wait()
                if self.latency_seconds:
                    time.sleep(self.latency_seconds)
                target.sendall(data)
        for end in (origin, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            with self._lock:
                self._connections.discard(end)
            end.close()

    @staticmethod
    def _reset(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            connection.close()
