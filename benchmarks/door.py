"""The door with slow clients attached: what they take from those that are quick."""

import itertools
import selectors
import socket
import threading
from collections.abc import Mapping
from typing import Final, Self

from benchmarks import corpus, protocol
from benchmarks.bulk import THUMBNAIL, ask_for
from benchmarks.requests import CONNECTIONS, CREATE, load
from benchmarks.service import USERS, Service, run_service

SLOW_CLIENTS: Final = 200
DRIP_SECONDS: Final = 0.5
UPLOAD_BYTES: Final = 10 * 1024**2
ALONE, CROWDED = "alone", "beside slow clients"


class SlowClients:
    """Connections that send a byte now and then: half of them of a request's head, half of a file that is uploaded."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        heads = [
            b"GET /api/tasks/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
            f"POST {CREATE} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Token {token}\r\n"
            f"Content-Type: multipart/form-data; boundary=B\r\nContent-Length: {UPLOAD_BYTES}\r\n\r\n"
            '--B\r\nContent-Disposition: form-data; name="file"; filename="slow.jpg"\r\n\r\n'.encode(),
        ]
        self._heads = itertools.cycle(heads)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._drip, name="slow clients")
        self.turned_away = 0

    def __enter__(self) -> Self:
        self._waiting = selectors.DefaultSelector()
        for _ in range(SLOW_CLIENTS):
            self._connect()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        for key in list(self._waiting.get_map().values()):
            self._hang_up(key.fileobj)
        self._waiting.close()

    def _connect(self) -> None:
        connection = socket.create_connection(("127.0.0.1", self._port))
        connection.sendall(next(self._heads))
        self._waiting.register(connection, selectors.EVENT_READ)

    def _drip(self) -> None:
        while not self._is_over.wait(DRIP_SECONDS):
            for key, _ in self._waiting.select(0):  # whoever is told something is sent away; another one comes
                self._hang_up(key.fileobj)
                self._connect()
                self.turned_away += 1
            for key in self._waiting.get_map().values():
                self._send_byte(key.fileobj)

    def _send_byte(self, connection: object) -> None:
        if isinstance(connection, socket.socket):
            try:
                connection.send(b"x")
            except (BrokenPipeError, ConnectionResetError):
                return  # it is readable now, so the next drip replaces it

    def _hang_up(self, connection: object) -> None:
        if isinstance(connection, socket.socket):
            self._waiting.unregister(connection)
            connection.close()


def measure() -> bool:
    """Create tasks over a few quick connections, with and without slow clients."""
    path = corpus.make_small_pictures(1)[0]
    body = {"file_path": str(path), "task_type": "image", "metadata": ask_for(THUMBNAIL)}
    with run_service(corpus.find_place(), with_worker=False) as service:
        crowd = Crowd(service, body)
        rivals = {ALONE: lambda: crowd.load(ALONE), CROWDED: crowd.load_beside_slow_clients}
        protocol.take_turns(rivals, rounds=0)
        crowd.forget()
        protocol.take_turns(rivals, rounds=protocol.count_rounds(5), warm_up=0)
    name = f"requests a second beside {SLOW_CLIENTS} slow clients, against none"
    bars = [protocol.require_speed(name, crowd.seconds[CROWDED], crowd.seconds[ALONE], at_least=0.90)]
    details = {
        rival: {"p99_ms": round(1000 * protocol.find_percentile(taken, 99), 2)}
        for rival, taken in crowd.latencies.items()
    }
    told = {"connections": CONNECTIONS, "slow_clients": SLOW_CLIENTS, "turned_away": crowd.turned_away, **details}
    protocol.keep("door", bars=bars, details=told, rivals=crowd.seconds)
    return all(bar.holds for bar in bars)


class Crowd:
    """The product's web side, and what was measured of it."""

    def __init__(self, service: Service, body: Mapping[str, object]) -> None:
        self._service = service
        self._body = body
        self.turned_away = 0
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.seconds: dict[str, list[float]] = {ALONE: [], CROWDED: []}
        self.latencies: dict[str, list[float]] = {ALONE: [], CROWDED: []}

    def load(self, name: str) -> None:
        """Create tasks for a few seconds; keep the seconds for each, and each one's latency."""
        told = load(self._service, port=self._service.port, method="POST", path=CREATE, body=self._body)
        self.seconds[name].append(told["seconds"] / told["requests"])
        self.latencies[name] += told["taken"]

    def load_beside_slow_clients(self) -> None:
        """The same while the slow ones are attached."""
        with SlowClients(self._service.port, self._service.tokens[USERS[0]]) as slow:
            self.load(CROWDED)
        self.turned_away += slow.turned_away
