"""SIGTERM ends the server soon, whatever is under way, and says what it cut."""

import signal
import socket
import threading
import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from tests.integration.door.conftest import Door
from tests.integration.door.test_uploads import begin_upload, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def stop_and_measure_seconds(door: Door) -> float:
    begun_at = time.monotonic()
    door.process.send_signal(signal.SIGTERM)
    door.process.wait(10)
    return time.monotonic() - begun_at


def test_an_idle_server_stops_within_a_second(start_door: Callable[..., Door]) -> None:
    door = start_door()
    assert stop_and_measure_seconds(door) < 1.0


@pytest.mark.parametrize("path", ["/file", "/endless"])
def test_a_download_under_way_is_cut_within_a_second_and_told(start_door: Callable[..., Door], path: str) -> None:
    door = start_door()
    with door.connect() as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert connection.recv(1)
        reader = threading.Thread(target=read_slowly, args=(connection,))
        reader.start()
        seconds = stop_and_measure_seconds(door)
        reader.join()
    assert seconds < 1.5
    assert f"Cut short because the server is stopping: GET {path}" in door.log.read_text()


def test_a_client_that_does_not_read_holds_the_server_up_no_longer_than_its_limit(
    start_door: Callable[..., Door],
) -> None:
    door = start_door()
    with door.connect() as connection:
        connection.sendall(b"GET /file HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert connection.recv(1)
        # What is in the socket's buffer can't be taken back; the server waits for it as long as it was told to (3 s).
        assert stop_and_measure_seconds(door) < 4.5
    assert "Cut short because the server is stopping: GET /file" in door.log.read_text()


def read_slowly(connection: socket.socket) -> None:
    """Read some 6 MB a second until the server hangs up."""
    try:
        while connection.recv(65536):
            time.sleep(0.01)
    except ConnectionResetError:
        pass


def test_an_upload_under_way_is_cut_within_a_second_and_leaves_nothing(
    start_door: Callable[..., Door], ann: User
) -> None:
    door = start_door()
    before = door.uploads()
    with begin_upload(door, announced_bytes=5 * 1024**2, sent_bytes=1000):
        wait_for(lambda: len(door.uploads()) == len(before) + 1)
        assert stop_and_measure_seconds(door) < 1.5
    assert door.uploads() == before
    assert "Cut short because the server is stopping: upload" in door.log.read_text()
