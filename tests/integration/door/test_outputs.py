"""Outputs are downloaded in whole or in part by those who may have them, and can do no harm."""

import hashlib
import uuid
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from filemill.files import outputs
from filemill.processing.bench import Output
from filemill.tasks.models import TaskLog
from filemill.tasks.statuses import Status
from tests.integration.door.conftest import Door

pytestmark = pytest.mark.django_db(transaction=True)

CONTENT = bytes(range(256)) * 4000  # 1,024,000 bytes
ETAG = f'"{hashlib.sha256(CONTENT).hexdigest()}"'


@pytest.fixture
def make_output(ann: User) -> Callable[..., str]:
    """Publish an output of a completed task of Ann's and return its address."""

    def make(name: str = "clip.mp4", media_type: str = "video/mp4", content: bytes = CONTENT) -> str:
        task_id = uuid.uuid4()
        scratch = outputs.work_directory(task_id, 3) / "scratch"
        scratch.write_bytes(content)
        published = outputs.publish(task_id, 3, [Output(name=name, media_type=media_type, path=scratch)])
        outputs.discard(task_id, 3)
        TaskLog.objects.create(
            id=task_id,
            user=ann,
            task_type="video",
            file_name="in.mp4",
            file_size=1,
            file_path="in.mp4",
            source={"kind": "path", "path": "in.mp4"},
            media_type="video/mp4",
            operation="video.transcode",
            status=Status.COMPLETED,
            progress=100,
            completed_at=Now(),
            finished_at=Now(),
            fence=3,
            result={"outputs": published},
        )
        return f"/api/tasks/{task_id}/outputs/{published[0]['name']}"

    return make


@pytest.fixture
def as_ann(client: httpx.Client) -> httpx.Client:
    client.auth = httpx.BasicAuth("ann", "ann")
    return client


def test_the_owner_gets_the_file_with_its_headers(as_ann: httpx.Client, make_output: Callable[..., str]) -> None:
    response = as_ann.get(make_output())
    assert response.content == CONTENT
    headers = response.headers
    assert headers["content-type"] == "video/mp4"
    assert headers["content-length"] == str(len(CONTENT))
    assert headers["etag"] == ETAG
    assert headers["accept-ranges"] == "bytes"
    assert headers["content-disposition"] == 'attachment; filename="clip.mp4"'
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"].startswith("private")
    assert headers["last-modified"].endswith("GMT")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-99", 0, 99),
        ("bytes=300000-900000", 300000, 900000),
        ("bytes=1000000-", 1000000, 1023999),
        ("bytes=-24", 1023976, 1023999),
        ("bytes=1023999-5000000", 1023999, 1023999),
        ("bytes=-5000000", 0, 1023999),
    ],
)
def test_a_part_is_sent_exactly(
    as_ann: httpx.Client, make_output: Callable[..., str], asked: str, first: int, last: int
) -> None:
    response = as_ann.get(make_output(), headers={"Range": asked})
    assert response.status_code == 206
    assert response.headers["content-range"] == f"bytes {first}-{last}/{len(CONTENT)}"
    assert response.content == CONTENT[first : last + 1]
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("asked", ["bytes=1024000-", "bytes=9999999-99999999", "bytes=-0"])
def test_a_part_beyond_the_end_is_a_416(as_ann: httpx.Client, make_output: Callable[..., str], asked: str) -> None:
    response = as_ann.get(make_output(), headers={"Range": asked})
    assert (response.status_code, response.headers["content-range"]) == (416, f"bytes */{len(CONTENT)}")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.content == b""


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "lines=1-2", "bytes=9-3", "bytes=", "bytes=a-b"])
def test_a_range_that_is_not_one_part_is_answered_with_the_whole(
    as_ann: httpx.Client, make_output: Callable[..., str], asked: str
) -> None:
    response = as_ann.get(make_output(), headers={"Range": asked})
    assert (response.status_code, len(response.content)) == (200, len(CONTENT))


@pytest.mark.parametrize(
    ("if_range", "status"), [(ETAG, 206), ('"another"', 200), ("Mon, 01 Jan 2024 00:00:00 GMT", 200)]
)
def test_a_download_resumes_only_with_the_same_file(
    as_ann: httpx.Client, make_output: Callable[..., str], if_range: str, status: int
) -> None:
    response = as_ann.get(make_output(), headers={"Range": "bytes=5-", "If-Range": if_range})
    assert response.status_code == status


def test_what_the_client_has_already_is_a_304(as_ann: httpx.Client, make_output: Callable[..., str]) -> None:
    response = as_ann.get(make_output(), headers={"If-None-Match": f'"other", W/{ETAG}'})
    assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", ETAG)


def test_head_tells_without_sending(as_ann: httpx.Client, make_output: Callable[..., str]) -> None:
    address = make_output()
    whole = as_ann.head(address)
    part = as_ann.head(address, headers={"Range": "bytes=0-9"})
    assert (whole.status_code, whole.headers["content-length"], whole.content) == (200, str(len(CONTENT)), b"")
    assert (part.status_code, part.headers["content-length"]) == (206, "10")
    assert as_ann.get("/hello").text == "hello"  # the connection is still in step


@pytest.mark.parametrize(
    ("media_type", "disposition"),
    [
        ("image/png", "inline"),
        ("video/mp4", "inline"),
        ("audio/ogg", "inline"),
        ("text/plain; charset=utf-8", "inline"),
        ("application/pdf", "inline"),
        ("image/svg+xml", "attachment"),
        ("text/html", "attachment"),
        ("application/json", "attachment"),
    ],
)
def test_only_what_can_not_run_is_shown(
    as_ann: httpx.Client, make_output: Callable[..., str], media_type: str, disposition: str
) -> None:
    address = make_output(name="a.bin", media_type=media_type)
    assert as_ann.get(address).headers["content-disposition"].startswith("attachment")
    assert as_ann.get(address, params={"inline": "1"}).headers["content-disposition"].startswith(disposition)


def test_a_name_in_any_script_is_sent_as_rfc_6266_says(as_ann: httpx.Client, make_output: Callable[..., str]) -> None:
    response = as_ann.get(make_output(name='o‘zbek "fayl".png', media_type="image/png"))
    assert response.status_code == 200
    assert response.headers["content-disposition"] == ("attachment; filename*=utf-8''o%E2%80%98zbek%20%22fayl%22.png")


def test_an_image_tag_that_accepts_images_only_gets_the_image(
    as_ann: httpx.Client, make_output: Callable[..., str]
) -> None:
    address = make_output(name="a.png", media_type="image/png")
    assert as_ann.get(address, headers={"Accept": "image/png"}).status_code == 200


def test_without_authentication_it_is_a_401(client: httpx.Client, make_output: Callable[..., str]) -> None:
    assert client.get(make_output()).status_code == 401


def test_somebody_elses_output_is_not_there(client: httpx.Client, bob: User, make_output: Callable[..., str]) -> None:
    address = make_output()
    missing = address.rsplit("/", 1)[0] + "/no-such-output.mp4"
    assert client.get(address, auth=("bob", "bob")).status_code == 404
    assert client.get(missing, auth=("ann", "ann")).status_code == 404


def test_staff_may_have_it(client: httpx.Client, bob: User, make_output: Callable[..., str]) -> None:
    bob.is_staff = True
    bob.save()
    assert client.get(make_output(), auth=("bob", "bob")).content == CONTENT


def test_an_output_whose_file_is_gone_is_a_404(
    as_ann: httpx.Client, door: Door, make_output: Callable[..., str]
) -> None:
    address = make_output()
    next(Path(door.home / "storage" / address.split("/")[3]).rglob("clip.mp4")).unlink()
    assert as_ann.get(address).status_code == 404


def test_another_method_is_a_405(as_ann: httpx.Client, make_output: Callable[..., str]) -> None:
    assert as_ann.delete(make_output()).status_code == 405


def test_django_alone_sends_parts_as_well(
    live_server: LiveServer, settings: Settings, make_output: Callable[..., str]
) -> None:
    """As under `runserver`, where no door stands before the view."""
    settings.ROOT_URLCONF = "tests.integration.door.site_urls"
    address = make_output()
    with httpx.Client(base_url=live_server.url, auth=("ann", "ann"), timeout=20) as client:
        assert client.get(address).content == CONTENT
        part = client.get(address, headers={"Range": "bytes=300000-900000"})
        assert (part.status_code, part.content) == (206, CONTENT[300000:900001])
        assert client.get(address, headers={"Range": "bytes=1024000-"}).status_code == 416
        assert client.head(address).headers["content-length"] == str(len(CONTENT))
