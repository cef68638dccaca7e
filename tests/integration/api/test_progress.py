"""GET /api/tasks/progress/ (contract H8)."""

from filemill.tasks.models import TaskLog
from tests.integration.api.conftest import ApiClient, NewTask

URL = "/api/tasks/progress/"


def test_nothing_is_counted_as_nothing(as_alice: ApiClient) -> None:
    expected = {"pending": 0, "processing": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0}
    assert as_alice.get(URL).json() == expected


def test_tasks_are_counted_by_status(
    as_alice: ApiClient, new_task: NewTask, completed: TaskLog, failed: TaskLog
) -> None:
    as_alice.post(f"/api/tasks/{new_task().pk}/cancel/")
    new_task()
    new_task()
    expected = {"pending": 2, "processing": 0, "completed": 1, "failed": 1, "cancelled": 1, "total": 5}
    assert as_alice.get(URL).json() == expected


def test_only_ones_own_tasks_count_unless_staff_ask(as_bob: ApiClient, as_sven: ApiClient, new_task: NewTask) -> None:
    new_task()
    assert as_bob.get(URL, {"all": "true"}).json()["total"] == 0
    assert as_sven.get(URL).json()["total"] == 0
    assert as_sven.get(URL, {"all": "true"}).json()["total"] == 1


def test_a_bad_value_is_refused_naming_its_parameter(as_alice: ApiClient) -> None:
    assert as_alice.get(URL, {"all": "perhaps"}).json()["errors"][0]["field"] == "all"
