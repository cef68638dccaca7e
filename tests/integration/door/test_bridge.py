"""Ordinary requests reach Django over the bridge and come back whole."""

import hashlib
import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from django.db import connection

from config.door.bridge import QUEUE_LIMIT, THREADS
from tests.integration.door.conftest import Door

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_thousand_requests_on_one_connection_are_answered(door: Door) -> None:
    request = b"GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with door.connect() as connection:
        replies = connection.makefile("rb")
        for _ in range(1000):
            connection.sendall(request)
            status, headers = read_head(replies)
            assert status == 200
            assert replies.read(int(headers["content-length"])) == b"hello"


def test_cookies_and_headers_come_back(client: httpx.Client) -> None:
    response = client.get("/hello")
    assert response.cookies["crumb"] == "1"
    assert response.headers["x-content-type-options"] == "nosniff"


def test_head_has_the_headers_and_no_body(client: httpx.Client) -> None:
    response = client.head("/hello")
    assert (response.status_code, response.headers["content-length"], response.content) == (200, "5", b"")


def test_the_request_is_described_as_it_came(client: httpx.Client) -> None:
    headers = {
        "X-Forwarded-For": "8.8.8.8",
        "X-Forwarded-Proto": "https",
        "filemill.upload": "x",
        "Filemill-Upload": "x",
    }
    seen = client.get("/describe", params={"a": "ў"}, headers=headers).json()
    assert (seen["address"], seen["secure"], seen["query"], seen["upload"]) == ("127.0.0.1", False, {"a": "ў"}, False)
    assert seen["thread"].startswith("bridge-")


@pytest.mark.parametrize("size", [0, 10, 1024**2, 3 * 1024**2])
def test_a_body_arrives_whole(client: httpx.Client, size: int) -> None:
    body = bytes(number % 251 for number in range(size))
    assert client.post("/echo", content=body).json() == {
        "length": size,
        "sha256": hashlib.sha256(body).hexdigest(),
    }


def test_a_body_without_a_length_arrives_whole(client: httpx.Client) -> None:
    pieces = (bytes([number]) * 100_000 for number in range(20))
    assert client.post("/echo", content=pieces).json()["length"] == 2_000_000


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_over_the_limit_is_a_413(client: httpx.Client, announced: bool) -> None:
    body = b"x" * (4 * 1024**2 + 1)
    response = client.post("/echo", content=body if announced else iter([body]))
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "body_too_large"


def test_a_failing_view_is_a_500_and_the_door_stays_open(client: httpx.Client) -> None:
    assert client.get("/fail").status_code == 500
    assert client.get("/hello").status_code == 200


def test_bytes_that_are_no_utf8_in_the_query_are_no_500(door: Door) -> None:
    with door.connect() as connection:
        connection.sendall(b"GET /describe?a=\xff HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        status, _ = read_head(connection.makefile("rb"))
    assert status == 400


def test_each_thread_keeps_its_database_connection(client: httpx.Client) -> None:
    seen: dict[str, set[int]] = {}
    for _ in range(40):
        answer = client.get("/backend").json()
        seen.setdefault(answer["thread"], set()).add(answer["pid"])
    assert len(seen) <= 4
    assert all(len(pids) == 1 for pids in seen.values())


def test_a_connection_that_the_database_dropped_is_replaced(client: httpx.Client) -> None:
    pids = {client.get("/backend").json()["pid"] for _ in range(40)}
    with connection.cursor() as cursor:
        for pid in pids:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])  # until it is gone: it may answer before
    answers = [client.get("/backend") for _ in range(40)]
    assert {answer.status_code for answer in answers} == {200}


def test_clients_that_dribble_their_bodies_hold_no_thread(door: Door, client: httpx.Client) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n"
    dribblers = [door.connect() for _ in range(20)]
    for dribbler in dribblers:
        dribbler.sendall(head + b"1234")
    assert client.get("/hello", timeout=2).status_code == 200
    for dribbler in dribblers:
        dribbler.sendall(b"567890")
        status, _ = read_head(dribbler.makefile("rb"))
        assert status == 200
        dribbler.close()


def test_clients_that_do_not_read_hold_no_thread(door: Door, client: httpx.Client) -> None:
    idlers = [door.connect() for _ in range(8)]
    for idler, path in zip(idlers, ("/file", "/numbers") * 4, strict=True):
        idler.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        idler.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert idler.recv(1)
    assert client.get("/hello", timeout=2).status_code == 200
    for idler in idlers:
        idler.close()


def test_a_file_response_is_sent_whole(client: httpx.Client, big_file: Path) -> None:
    received = hashlib.sha256()
    with client.stream("GET", "/file") as response:
        for chunk in response.iter_bytes():
            received.update(chunk)
    assert response.headers["content-length"] == str(big_file.stat().st_size)
    assert received.hexdigest() == hashlib.sha256(big_file.read_bytes()).hexdigest()


def test_a_generator_that_asks_the_database_is_streamed_whole(client: httpx.Client) -> None:
    assert client.get("/numbers").text.split() == [str(number) for number in range(1000)]


def test_the_queue_is_bounded_and_the_loop_still_answers(start_door: Callable[..., Door]) -> None:
    door = start_door()
    request = b"GET /wait HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    waiting = [door.connect() for _ in range(THREADS + QUEUE_LIMIT)]
    for waiter in waiting:
        waiter.sendall(request)
    busy = httpx.get(f"{door.url}/hello", timeout=5)
    assert (busy.status_code, busy.headers["retry-after"], busy.json()["code"]) == (503, "1", "busy")
    assert httpx.get(f"{door.url}/health/live", timeout=5).status_code == 200
    let_all_be_answered(door, waiting)
    assert httpx.get(f"{door.url}/hello", timeout=5).status_code == 200
    door.stop()


def test_static_files_come_from_the_packages(client: httpx.Client) -> None:
    for path in ("/static/admin/css/base.css", "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui.css"):
        response = client.get(path)
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/css")
        again = client.get(path, headers={"If-None-Match": response.headers["etag"]})
        assert again.status_code == 304
    assert client.get("/static/../manage.py").status_code == 404
    assert client.get("/static/no-such-file").status_code == 404


def test_bulk_requests_hold_none_of_the_threads_that_others_need(door: Door, client: httpx.Client) -> None:
    request = b"POST /api/tasks/bulk_create/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}"
    waiting = [door.connect() for _ in range(8)]
    for waiter in waiting:
        waiter.sendall(request)
    answers = [client.get("/describe", timeout=5).json()["thread"] for _ in range(20)]
    assert all(thread.startswith("bridge-") for thread in answers)

    let_all_be_answered(door, waiting)


def let_all_be_answered(door: Door, waiting: list[socket.socket]) -> None:
    opening = threading.Event()
    keeper = threading.Thread(target=keep_gate_open, args=(door, opening))
    keeper.start()
    try:
        for waiter in waiting:
            assert read_head(waiter.makefile("rb"))[0] == 200
            waiter.close()
    finally:
        opening.set()
        keeper.join()


def keep_gate_open(door: Door, stop: threading.Event) -> None:
    gate = door.log.parent / "gate"
    # Opened for both, so that readers never see the last writer leave before they came.
    with gate.open("r+b", buffering=0):
        stop.wait()


def read_head(replies: object) -> tuple[int, dict[str, str]]:
    """Read a reply's status and headers, by lower-case name."""
    line = replies.readline()  # type: ignore[attr-defined]
    match = re.match(rb"HTTP/1\.1 (\d{3})", line)
    assert match, line
    headers: dict[str, str] = {}
    while line := replies.readline().decode().strip():  # type: ignore[attr-defined]
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return int(match[1]), headers
