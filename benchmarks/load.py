"""A generator of load: several connections, each sending its next request when its last one was answered.

`python -m benchmarks.load` reads what to do from its input as JSON and answers in JSON, in a process of its own so that
only its own work slows it down.
"""

import json
import selectors
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.processes import BenchmarkError


@dataclass
class Connection:
    """One kept connection: what came of the answer that is awaited, and since when."""

    socket: socket.socket
    asked_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)


def run(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Send the request over all connections for so many seconds."""
    request = build_request(plan)
    seconds_taken: list[float] = []
    with selectors.DefaultSelector() as waiting:
        connections = [
            Connection(socket.create_connection(("127.0.0.1", plan["port"]))) for _ in range(plan["connections"])
        ]
        began_at = time.perf_counter()
        ends_at = began_at + plan["seconds"]
        for connection in connections:
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            waiting.register(connection.socket, selectors.EVENT_READ, connection)
            _ask(connection, request)
        open_requests = len(connections)
        while open_requests:
            for key, _ in waiting.select(30):
                connection = key.data
                if not _is_answered(connection, plan["status"]):
                    continue
                now = time.perf_counter()
                seconds_taken.append(now - connection.asked_at)
                if now < ends_at:
                    _ask(connection, request)
                else:
                    open_requests -= 1
        lasted = time.perf_counter() - began_at
        for connection in connections:
            connection.socket.close()
    return {"requests": len(seconds_taken), "seconds": lasted, "taken": seconds_taken}


def build_request(plan: Mapping[str, Any]) -> bytes:
    """Write the request as it goes over the wire."""
    body = json.dumps(plan["body"]).encode() if plan.get("body") is not None else b""
    head = [
        f"{plan['method']} {plan['path']} HTTP/1.1",
        f"Host: 127.0.0.1:{plan['port']}",
        f"Authorization: Token {plan['token']}",
        "Accept: application/json",
        *(["Content-Type: application/json", f"Content-Length: {len(body)}"] if body else []),
    ]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


def _ask(connection: Connection, request: bytes) -> None:
    connection.asked_at = time.perf_counter()
    connection.socket.sendall(request)


def _is_answered(connection: Connection, status: int) -> bool:
    """Take in what came; tell whether the answer is whole. Raises BenchmarkError for another status."""
    came = connection.socket.recv(262144)
    if not came:
        raise BenchmarkError("The server closed the connection.")
    connection.received += came
    if (length := find_length(connection.received)) is None or len(connection.received) < length:
        return False
    answer = bytes(connection.received[:length])
    del connection.received[:length]
    if not answer.startswith(f"HTTP/1.1 {status} ".encode()):
        raise BenchmarkError(f"Not the answer that was expected: {answer[:800].decode(errors='replace')}")
    return True


def find_length(received: bytes | bytearray) -> int | None:
    """Return how long the whole answer is; None while its head is not complete."""
    head_end = received.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    for line in bytes(received[:head_end]).split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return head_end + 4 + int(value)
    raise BenchmarkError("The answer has no Content-Length.")


if __name__ == "__main__":
    json.dump(run(json.load(sys.stdin)), sys.stdout)
