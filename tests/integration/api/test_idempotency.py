"""The header `Idempotency-Key`: a POST that is sent twice creates once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client

from filemill.tasks import idempotency
from filemill.tasks.models import Batch, IdempotencyKey, TaskLog
from tests.integration.api.conftest import SAMPLES, ApiClient, problem_of
from tests.integration.api.test_create_task import uploads

URL = "/api/tasks/create_task/"
BULK = "/api/tasks/bulk_create/"
KEY = {"Idempotency-Key": "order-7"}


def order(photo: Path, **given: Any) -> dict[str, Any]:
    return {"file_path": str(photo), "task_type": "image", **given}


def test_the_same_request_is_answered_alike_and_done_once(as_alice: ApiClient, photo: Path) -> None:
    first = as_alice.post(URL, order(photo), **KEY)
    again = as_alice.post(URL, order(photo), **KEY)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again["Location"] == first["Location"]
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert TaskLog.objects.count() == 1


def test_another_body_under_the_same_key_is_refused(as_alice: ApiClient, photo: Path) -> None:
    as_alice.post(URL, order(photo), **KEY)
    answer = as_alice.post(URL, order(photo, metadata={"quality": "low"}), **KEY)

    assert problem_of(answer, 422)["code"] == "idempotency_key_reused"
    assert TaskLog.objects.count() == 1


def test_strictness_is_a_part_of_the_request(as_alice: ApiClient, photo: Path) -> None:
    as_alice.post(URL, order(photo), **KEY)
    assert as_alice.post(f"{URL}?strict=true", order(photo), **KEY).status_code == 422


def test_keys_of_other_users_are_others(as_alice: ApiClient, as_bob: ApiClient, photo: Path) -> None:
    first = as_alice.post(URL, order(photo), **KEY)
    second = as_bob.post(URL, order(photo), **KEY)

    assert second.status_code == 201
    assert second.json()["id"] != first.json()["id"]


def test_a_refused_request_leaves_its_key_free(as_alice: ApiClient, photo: Path) -> None:
    assert as_alice.post(URL, order(Path("missing.jpg")), **KEY).status_code == 400
    assert not IdempotencyKey.objects.exists()
    assert as_alice.post(URL, order(photo), **KEY).status_code == 201


def test_without_the_header_every_request_counts(as_alice: ApiClient, photo: Path) -> None:
    as_alice.post(URL, order(photo))
    as_alice.post(URL, order(photo))
    assert TaskLog.objects.count() == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "with space"])
def test_a_malformed_key_is_named(key: str, as_alice: ApiClient, photo: Path) -> None:
    answer = as_alice.post(URL, order(photo), **{"Idempotency-Key": key})
    assert problem_of(answer)["errors"][0]["code"] == "invalid_idempotency_key"


def test_a_bulk_request_is_done_once(as_alice: ApiClient, photo: Path) -> None:
    body = {"file_paths": [str(photo), "missing.jpg"], "task_type": "image"}
    first = as_alice.post(BULK, body, **KEY)
    again = as_alice.post(BULK, body, **KEY)

    assert again.json() == first.json()
    assert Batch.objects.count() == 1


def test_an_upload_sent_twice_is_kept_once(as_alice: ApiClient, settings: Any, tmp_path: Path) -> None:
    settings.FILEMILL_HOME = tmp_path
    client = Client(headers={**as_alice.headers, **KEY})
    answers = []
    for _ in range(2):
        with (SAMPLES / "photo.jpg").open("rb") as file:
            answers.append(client.post(URL, {"file": file, "task_type": "image"}))

    assert answers[1].json() == answers[0].json()
    assert len(uploads(tmp_path)) == 1
    assert TaskLog.objects.get().file_path == f"upload:{uploads(tmp_path)[0]}"


def test_a_key_is_free_again_after_a_day(as_alice: ApiClient, photo: Path) -> None:
    as_alice.post(URL, order(photo), **KEY)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tasks_idempotencykey SET created_at = created_at - interval '25 hours'")

    answer = as_alice.post(URL, order(photo, metadata={"quality": "low"}), **KEY)
    assert answer.status_code == 201
    assert TaskLog.objects.count() == 2


def test_old_keys_are_pruned_and_young_ones_stay(as_alice: ApiClient, photo: Path) -> None:
    as_alice.post(URL, order(photo), **{"Idempotency-Key": "old"})
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tasks_idempotencykey SET created_at = created_at - interval '25 hours'")
    as_alice.post(URL, order(photo), **KEY)

    assert idempotency.prune() == 1
    assert [kept.key for kept in IdempotencyKey.objects.all()] == ["order-7"]


@pytest.mark.django_db(transaction=True)
def test_fifty_requests_at_once_make_one_task(as_alice: ApiClient, photo: Path) -> None:
    def send(_: int) -> tuple[int, str]:
        try:
            answer = as_alice.post(URL, order(photo), **KEY)
            return answer.status_code, answer.json()["id"]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=50) as threads:
        answers = list(threads.map(send, range(50)))

    task = TaskLog.objects.get()
    assert set(answers) == {(201, str(task.pk))}
