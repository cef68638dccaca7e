"""F32: fifty requests under one Idempotency-Key at once, of one body or two, and with the web side killed amid them."""

import threading
from collections import Counter

import httpx
import pytest

from tests.chaos.client import Client
from tests.chaos.figures import FIGURES
from tests.chaos.mill import OTHER_USER, PASSWORD, Mill
from tests.chaos.verdict import conclude

pytestmark = pytest.mark.timeout(180)

REQUESTS = 50
KEY = "order-7"
PLACES = ("create.before_commit", "create.before_response", "create.after_commit")
OTHER_WISH = {"metadata": {"quality": "low"}}


def send_at_once(mill: Mill, photo: str, *, key: str = KEY, others: int = 0) -> list[httpx.Response]:
    """Send fifty requests under one key, some of them with another body; return what was answered."""
    barrier = threading.Barrier(REQUESTS)
    answers: list[httpx.Response | None] = []

    def send(number: int) -> None:
        barrier.wait()
        answers.append(mill.client.create_once(key, photo, "image", **(OTHER_WISH if number < others else {})))

    threads = [threading.Thread(target=send, args=[number]) for number in range(REQUESTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answer for answer in answers if answer is not None]


def measure(accepted: list[httpx.Response], *, tasks: int) -> None:
    """Keep how many tasks there are, and how many answers differ from the first; one and none are right."""
    bodies = [answer.json() for answer in accepted]
    FIGURES.reached("R10", "tasks under one key", tasks)
    FIGURES.counted("R10", "answers that differ", sum(body != bodies[0] for body in bodies), of=len(bodies))
    assert tasks == 1
    assert all(body == bodies[0] for body in bodies)


def assert_others_are_told_apart(mill: Mill, photo: str, *, key: str = KEY) -> None:
    """Another body under the key is refused; the same key of another user is another key."""
    tasks = mill.count()
    refused = mill.client.create_once(key, photo, "image", **OTHER_WISH)
    assert refused is not None
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    other = Client(mill.url, username=OTHER_USER, password=PASSWORD)
    try:
        answer = other.create_once(key, photo, "image", **OTHER_WISH)
    finally:
        other.close()
    assert answer is not None
    assert answer.status_code == 201
    assert "Idempotency-Replayed" not in answer.headers
    assert mill.count() == tasks + 1


def test_fifty_requests_under_one_key_make_one_task(mill: Mill, photo: str) -> None:
    mill.need_worker()
    answers = send_at_once(mill, photo)
    mill.strike()

    assert [answer.status_code for answer in answers] == [201] * REQUESTS
    replayed = sum(answer.headers.get("Idempotency-Replayed") == "true" for answer in answers)
    assert replayed == REQUESTS - 1
    measure(answers, tasks=mill.count())
    assert_others_are_told_apart(mill, photo)
    conclude(mill, "F32", "50 requests under one key at once", expects="completed")


@pytest.mark.chaos
def test_of_two_bodies_under_one_key_one_wins_and_the_other_is_refused(mill: Mill, photo: str) -> None:
    mill.need_worker()
    answers = send_at_once(mill, photo, others=REQUESTS // 2)
    mill.strike()

    assert Counter(answer.status_code for answer in answers) == {201: REQUESTS // 2, 422: REQUESTS // 2}
    measure([answer for answer in answers if answer.status_code == 201], tasks=mill.count())
    conclude(mill, "F32", "50 requests of two bodies under one key at once", expects="completed")


@pytest.mark.chaos
def test_a_web_process_killed_amid_fifty_requests_under_one_key_makes_one_task(mill: Mill, photo: str) -> None:
    mill.need_worker()
    for place in PLACES:
        key, tasks = f"order-{place}", mill.count()
        web = mill.start_web(fault=f"{place}:1")
        answers = send_at_once(mill, photo, key=key)
        web.wait_until_struck(place)
        # Under a key the answer is kept in the transaction that creates: both are there, or neither.
        is_committed = place == "create.after_commit"
        assert mill.count() - tasks == int(is_committed)
        # Between the commit and the end of the process others may still be given the answer that is kept.
        assert all(answer.headers.get("Idempotency-Replayed") == "true" for answer in answers)
        assert is_committed or answers == []
        mill.strike()

        mill.start_web()
        again = send_at_once(mill, photo, key=key)
        assert [answer.status_code for answer in again] == [201] * REQUESTS
        measure([*answers, *again], tasks=mill.count() - tasks)
    assert_others_are_told_apart(mill, photo, key=f"order-{PLACES[-1]}")
    conclude(mill, "F32", "50 requests under one key, web killed amid them, 50 again", expects="completed")
