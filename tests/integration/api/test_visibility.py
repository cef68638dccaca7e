"""A task is its owner's: for others it is not there. The routes come from the schema, so that none is forgotten."""

from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from filemill.tasks.models import TaskLog
from tests.integration.api.conftest import ApiClient

METHODS = {"get", "post", "put", "patch", "delete"}


def routes_of_one_task() -> list[tuple[str, str]]:
    schema: Any = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return [
        (method.upper(), path)
        for path, operations in schema["paths"].items()
        if "{task_id}" in path
        for method in operations
        if method in METHODS
    ]


def test_the_schema_lists_the_routes_of_one_task() -> None:
    assert len(routes_of_one_task()) == 8


@pytest.mark.parametrize(("method", "path"), routes_of_one_task())
def test_somebody_elses_task_is_not_there(
    as_alice: ApiClient, as_bob: ApiClient, completed: TaskLog, method: str, path: str
) -> None:
    url = path.replace("{task_id}", str(completed.pk)).replace("{name}", "photo.webp")
    answer = as_bob.send(method, url)
    nowhere = as_bob.send(method, url.replace(str(completed.pk), "01890000-0000-7000-8000-000000000000"))
    assert answer.status_code == 404
    assert answer.json() == nowhere.json()
    completed.refresh_from_db()
    assert completed.status == "completed"
