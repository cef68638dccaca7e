"""The API keeps what its schema says: generated requests against the real service, with real rows."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import schemathesis
from django.contrib.auth.models import User
from django.db import connection
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from knox.models import AuthToken
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from filemill.tasks import lifecycle
from filemill.tasks.models import TaskLog
from filemill.tasks.node import Worker
from filemill.tasks.transition import Ending
from tests.endtoend.seed import free_port

pytestmark = [pytest.mark.timeout(180), pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).parents[2]
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@dataclass
class Visitor:
    """Somebody with a token and a task in each of three statuses."""

    token: str
    task_ids: list[str]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Token {self.token}"}


@pytest.fixture(scope="module")
def service_url(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The web side, on the tests' own database."""
    port = free_port()
    log = tmp_path_factory.mktemp("service") / "log"
    argv = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(port), "--log-level", "warning"]
    environ = {**os.environ, "DB_NAME": str(connection.settings_dict["NAME"])}
    with log.open("wb") as output:
        process = subprocess.Popen(argv, cwd=ROOT, env=environ, stdout=output, stderr=output)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_live(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)
    assert "Traceback" not in log.read_text()


@pytest.fixture
def visitor(transactional_db: None) -> Visitor:
    user = User.objects.create_user("visitor")
    _, token = AuthToken.objects.create(user=user)
    return Visitor(token=token, task_ids=[str(task.pk) for task in make_tasks(user)])


def make_tasks(user: User) -> list[TaskLog]:
    """Make one task in each of three statuses."""
    tasks = [
        TaskLog(
            user=user,
            task_type="image",
            file_name="photo.jpg",
            file_size=1000,
            file_path="/inbox/photo.jpg",
            source={"kind": "path", "path": "photo.jpg"},
            media_type="image/jpeg",
            operation="image.transform",
        )
        for _ in range(3)
    ]
    lifecycle.create(tasks)
    output = {"name": "photo.webp", "media_type": "image/webp", "size": 4, "sha256": "0" * 64}
    worker = Worker(id=uuid4(), name="mill:1/1")
    for task in tasks[1:]:
        started = lifecycle.start(task.pk, worker=worker)
        assert started is not None
        if task is tasks[1]:
            lifecycle.complete(started, result={"outputs": [output]})
        else:
            lifecycle.fail(started, ending=Ending(error_code="corrupt_file", message="Cut short"))
    return tasks


def wait_until_live(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    give_up_at = time.monotonic() + 60
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            httpx.get(f"{url}/health/live", timeout=5).raise_for_status()
        except httpx.ConnectError:
            time.sleep(0.05)  # nothing announces that a port is open
        else:
            return
    pytest.fail(f"the service did not start:\n{log.read_text()}")


# Loaded in this process, because the tests' names come from it; the service serves the same one, as a test below says.
generated: Any = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
api = schemathesis.openapi.from_dict(generated)
locked = schemathesis.openapi.from_dict(generated)
# A wrong password costs a hash, and which values the other parameters have is not the question there.
locked.config.phases.coverage.enabled = False
bounded = hypothesis_settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@api.parametrize()
@bounded
def test_generated_requests_are_answered_as_the_schema_says(case: Any, service_url: str, visitor: Visitor) -> None:
    case.call_and_validate(base_url=service_url, headers=visitor.headers, checks=CHECKS)


@api.include(path_regex="task_id").parametrize()
@bounded
def test_requests_about_real_tasks_are_answered_as_the_schema_says(
    case: Any, service_url: str, visitor: Visitor
) -> None:
    for task_id in visitor.task_ids:
        case.path_parameters["task_id"] = task_id
        case.call_and_validate(base_url=service_url, headers=visitor.headers, checks=CHECKS)


@locked.exclude(path="/api/tasks/{task_id}/outputs/{name}").parametrize()
@hypothesis_settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_no_endpoint_answers_without_credentials(case: Any, service_url: str, visitor: Visitor) -> None:
    case.call_and_validate(base_url=service_url, headers=visitor.headers, checks=[ignored_auth])


def test_the_service_serves_this_very_schema(service_url: str) -> None:
    served = httpx.get(f"{service_url}/api/schema/", params={"format": "json"})
    assert served.json() == api.raw_schema
