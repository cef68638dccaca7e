"""A file sent to create_task goes from the socket to disk, and nothing stays of what was refused or broken off."""

import hashlib
import json
import socket
import struct
import time
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.integration.door.conftest import Door
from tests.integration.door.test_bridge import read_head

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/tasks/create_task/"
ANN = ("ann", "ann")
MEBIBYTE = 1024**2


def send(client: httpx.Client, content: bytes = b"pixels", *, name: str = "cat.png", **data: Any) -> httpx.Response:
    return client.post(URL, files={"file": (name, content)}, data={"task_type": "image", **data}, auth=ANN)


def test_a_file_is_kept_and_handed_to_the_view(client: httpx.Client, door: Door, ann: User) -> None:
    content = bytes(range(256)) * 4096 * 7  # 7 MiB
    response = send(client, content, metadata='{"quality": "high", "resize": [1920, 1080]}', tags=["a", "b"])
    assert response.status_code == 201, response.text
    seen = response.json()
    assert (seen["upload"]["name"], seen["upload"]["size"]) == ("cat.png", len(content))
    assert seen["upload"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert seen["data"] == {
        "task_type": "image",
        "metadata": {"quality": "high", "resize": [1920, 1080]},
        "tags": ["a", "b"],
    }
    kept = door.home / "uploads" / seen["upload"]["id"]
    assert kept.read_bytes() == content
    kept.unlink()


def test_json_to_the_same_address_goes_the_ordinary_way(client: httpx.Client, ann: User) -> None:
    response = client.post(URL, json={"task_type": "image", "file_path": "a.png"}, auth=ANN)
    assert (response.status_code, response.json()["upload"]) == (201, None)


def test_tags_may_be_json(client: httpx.Client, door: Door, ann: User) -> None:
    response = send(client, tags='["x", "y"]')
    assert response.json()["data"]["tags"] == ["x", "y"]
    (door.home / "uploads" / response.json()["upload"]["id"]).unlink()


@pytest.mark.parametrize("auth", [None, ("ann", "wrong")])
def test_a_stranger_is_refused_before_a_byte_is_stored(door: Door, ann: User, auth: tuple[str, str] | None) -> None:
    before = door.uploads()
    request = httpx.Client().build_request("POST", door.url + URL, files={"file": ("a", b"x")})
    if auth:
        request = next(httpx.BasicAuth(*auth).auth_flow(request))
    headers = b"".join(b"%s: %s\r\n" % pair for pair in request.headers.raw if pair[0] != b"Content-Length")
    with door.connect() as connection:
        # Not a byte of the body is sent, and the answer comes all the same.
        connection.sendall(f"POST {URL} HTTP/1.1\r\n".encode() + headers + b"Content-Length: 5000000\r\n\r\n")
        status, _ = read_head(connection.makefile("rb"))
    assert status == 401
    assert door.uploads() == before


def test_the_upload_of_a_task_that_is_refused_is_deleted(client: httpx.Client, door: Door, ann: User) -> None:
    before = door.uploads()
    assert send(client, task_type="spreadsheet").status_code == 400
    wait_for(lambda: door.uploads() == before)  # the door deletes it when it has answered


@pytest.mark.parametrize("announced", [True, False])
def test_a_file_over_the_limit_is_a_413(client: httpx.Client, door: Door, ann: User, announced: bool) -> None:
    before = door.uploads()
    request = client.build_request("POST", URL, files={"file": ("a", b"x" * (8 * MEBIBYTE + 1))})
    body = request.read()
    headers = {"Content-Type": request.headers["Content-Type"]}
    response = client.post(URL, content=body if announced else iter([body]), headers=headers, auth=ANN)
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "file_too_large"
    assert door.uploads() == before


SENSELESS_FORMS: dict[tuple[str, str], Any] = {
    ("unknown_field", "picture"): {"files": {"picture": ("a.png", b"x")}},
    ("too_many_files", "file"): {"files": [("file", ("a.png", b"x")), ("file", ("b.png", b"y"))]},
    ("invalid_json", "metadata"): {"files": {"file": ("a.png", b"x")}, "data": {"metadata": "{not json"}},
}


@pytest.mark.parametrize("expected", SENSELESS_FORMS, ids=str)
def test_a_form_that_makes_no_sense_is_refused_by_name(
    client: httpx.Client, door: Door, ann: User, expected: tuple[str, str]
) -> None:
    before = door.uploads()
    response = client.post(URL, auth=ANN, **SENSELESS_FORMS[expected])
    assert response.status_code == 400
    problem = response.json()
    assert (problem["code"], problem["errors"][0]["field"]) == expected
    assert door.uploads() == before


def test_a_form_without_a_file_says_so(client: httpx.Client, ann: User) -> None:
    response = client.post(URL, files={"task_type": (None, "image")}, auth=ANN)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "file")


@pytest.mark.parametrize("ending", ["FIN", "RST"])
def test_a_broken_upload_leaves_no_file(door: Door, client: httpx.Client, ann: User, ending: str) -> None:
    before = door.uploads()
    connection = begin_upload(door, announced_bytes=5 * MEBIBYTE, sent_bytes=2 * MEBIBYTE)
    wait_for(lambda: len(door.uploads()) == len(before) + 1)
    if ending == "RST":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    wait_for(lambda: door.uploads() == before)
    assert client.get("/hello").status_code == 200


def test_an_upload_that_ends_in_the_middle_of_the_form_is_refused(client: httpx.Client, door: Door, ann: User) -> None:
    before = door.uploads()
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    response = client.post(URL, content=body, headers=headers, auth=ANN)
    assert (response.status_code, response.json()["code"]) == (400, "parse_error")
    assert door.uploads() == before


def test_many_slow_uploads_hold_no_thread(door: Door, client: httpx.Client, ann: User) -> None:
    before = door.uploads()
    senders = [begin_upload(door, announced_bytes=MEBIBYTE, sent_bytes=1000) for _ in range(12)]
    wait_for(lambda: len(door.uploads()) == len(before) + 12)
    assert client.get("/hello", timeout=2).status_code == 200
    for sender in senders:
        sender.close()
    wait_for(lambda: door.uploads() == before)


def test_a_name_in_any_script_arrives(client: httpx.Client, door: Door, ann: User) -> None:
    seen = send(client, name='o‘zbek "fayl" ў 100%22.png').json()["upload"]
    assert seen["name"].startswith('o‘zbek "fayl" ў 100')
    (door.home / "uploads" / seen["id"]).unlink()


def begin_upload(door: Door, *, announced_bytes: int, sent_bytes: int) -> socket.socket:
    connection = door.connect()
    head = (
        f"POST {URL} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic YW5uOmFubg==\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {announced_bytes}\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
    )
    connection.sendall(head.encode() + b"x" * sent_bytes)
    return connection


def wait_for(condition: Any) -> None:
    give_up_at = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < give_up_at, "it did not come to pass within 10 s"
        time.sleep(0.01)


def test_the_fields_alone_may_not_fill_the_memory(client: httpx.Client, ann: User) -> None:
    response = send(client, metadata=json.dumps({"note": "x" * 2 * MEBIBYTE}))
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def sign_in(client: httpx.Client, user: User) -> None:
    browser = Client()
    browser.force_login(user)
    client.cookies.set("sessionid", browser.cookies["sessionid"].value)


@pytest.mark.parametrize("token_in", ["header", "field"])
def test_a_pages_form_is_taken_with_its_csrf_token(client: httpx.Client, door: Door, ann: User, token_in: str) -> None:
    sign_in(client, ann)
    before = door.uploads()
    token = "t" * 32
    client.cookies.set("csrftoken", token)
    data = {"task_type": "auto", **({"csrfmiddlewaretoken": token} if token_in == "field" else {})}
    headers = {"X-CSRFToken": token} if token_in == "header" else {}
    response = client.post("/add/", files={"file": ("a.png", b"x")}, data=data, headers=headers)
    assert response.status_code == 200, response.text
    assert response.json() == {"name": "a.png", "fields": {"task_type": "auto"}}
    [kept] = set(door.uploads()) - set(before)
    (door.home / "uploads" / kept).unlink()


def test_a_pages_form_without_its_csrf_token_leaves_nothing(client: httpx.Client, door: Door, ann: User) -> None:
    sign_in(client, ann)
    before = door.uploads()
    response = client.post("/add/", files={"file": ("a.png", b"x")})
    assert response.status_code == 403, door.log.read_text()[-3000:]
    wait_for(lambda: door.uploads() == before)


def test_a_stranger_is_sent_to_the_login(client: httpx.Client, door: Door, ann: User) -> None:
    before = door.uploads()
    response = client.post("/add/", files={"file": ("a.png", b"x")})
    assert (response.status_code, response.headers["location"][:7]) == (302, "/login/")
    assert door.uploads() == before
