"""`priority`, `run_at` and `expires_at` of requests: taken, shown, and refused with a sentence."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from filemill.tasks.models import Batch, TaskLog
from tests.integration.api.conftest import ApiClient, problem_of

CREATE, BULK = "/api/tasks/create_task/", "/api/tasks/bulk_create/"


def in_hours(hours: float) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(hours=hours)


def wish(photo: Path, **more: Any) -> dict[str, Any]:
    return {"file_path": str(photo), "task_type": "image", **more}


def test_a_task_is_made_with_its_timing_and_shows_it(as_alice: ApiClient, photo: Path) -> None:
    start, end = in_hours(1), in_hours(2)
    asked = {"priority": -3, "run_at": start.isoformat(), "expires_at": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
    answer = as_alice.post(CREATE, wish(photo, **asked))
    assert answer.status_code == 201

    task = TaskLog.objects.get()
    assert (task.priority, task.run_at, task.run_after) == (-3, start, start)
    assert (task.expires_at, task.deadline_at) == (end, end)
    assert task.turn_at == start + timedelta(hours=3)
    shown = as_alice.get(f"/api/tasks/{task.pk}/").json()
    assert (shown["priority"], shown["run_at"]) == (-3, start.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert shown["expires_at"] == end.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("priority", [-10, 10])
def test_the_first_and_the_last_place_are_ten_hours_away(as_alice: ApiClient, photo: Path, priority: int) -> None:
    assert as_alice.post(CREATE, wish(photo, priority=priority)).status_code == 201
    body = {"file_paths": [str(photo)], "task_type": "image", "priority": priority}
    assert as_alice.post(BULK, body).status_code == 201
    for task in TaskLog.objects.all():
        assert task.turn_at == task.created_at - timedelta(hours=priority)


def test_a_time_in_another_zone_is_the_same_moment(as_alice: ApiClient, photo: Path) -> None:
    start = in_hours(2)
    as_alice.post(CREATE, wish(photo, run_at=start.isoformat().replace("+00:00", "+01:00")))
    assert TaskLog.objects.get().run_at == start - timedelta(hours=1)


def test_all_files_of_a_bulk_request_have_its_timing(as_alice: ApiClient, photo: Path) -> None:
    end = in_hours(1)
    body = {"file_paths": [str(photo)] * 2, "task_type": "image", "priority": 4, "expires_at": end.isoformat()}
    assert as_alice.post(BULK, body).status_code == 201
    assert Batch.objects.get().priority == 4
    assert {(task.priority, task.expires_at) for task in TaskLog.objects.all()} == {(4, end)}


def test_a_start_in_the_past_is_at_once(as_alice: ApiClient, photo: Path) -> None:
    assert as_alice.post(CREATE, wish(photo, run_at="2020-01-01T00:00:00Z")).status_code == 201
    assert TaskLog.objects.get().run_after is None


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("priority", 11),
        ("priority", "5"),
        ("priority", 1.5),
        ("priority", True),
        ("run_at", "2026-12-01T10:00:00"),
        ("run_at", "tomorrow"),
        ("run_at", 1700000000),
        ("run_at", "9999-12-31T23:59:59-12:00"),
        ("run_at", "0001-01-01T00:00:00+14:00"),
        ("expires_at", "2020-01-01T00:00:00Z"),
        ("expires_at", []),
    ],
)
@pytest.mark.parametrize("url", [CREATE, BULK])
def test_what_can_not_be_heeded_is_refused_by_name(
    as_alice: ApiClient, photo: Path, url: str, field: str, given: object
) -> None:
    file = {"file_path": str(photo)} if url == CREATE else {"file_paths": [str(photo)]}
    body = problem_of(as_alice.post(url, {**file, "task_type": "image", field: given}))
    assert [(error["field"], error["code"]) for error in body["errors"]] == [(field, "invalid_value")]
    assert not TaskLog.objects.exists()


def test_an_end_before_the_start_is_refused(as_alice: ApiClient, photo: Path) -> None:
    body = problem_of(
        as_alice.post(CREATE, wish(photo, run_at=in_hours(2).isoformat(), expires_at=in_hours(1).isoformat()))
    )
    assert "after run_at" in body["errors"][0]["message"]


def test_a_form_carries_them_as_well(as_alice: ApiClient, photo: Path) -> None:
    start = in_hours(1)
    with photo.open("rb") as file:
        answer = as_alice.post_form(
            CREATE, {"file": file, "task_type": "image", "priority": "7", "run_at": start.isoformat()}
        )
    assert answer.status_code == 201
    assert (TaskLog.objects.get().priority, TaskLog.objects.get().run_at) == (7, start)
