"""F25–F27: messages that come twice, late, never, in another order, or make no sense."""

import itertools
import random
import threading
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from kombu import Connection

from filemill.tasks.broker import BULK_FILE_PROCESSING, FILE_PROCESSING
from tests.chaos.faulty_servers import connect_valkey
from tests.chaos.mill import Mill
from tests.chaos.verdict import conclude

pytestmark = pytest.mark.timeout(240)

QUEUE = "file_processing"


def publish(mill: Mill, name: str, row_id: object, *, times: int = 1, task_id: str | None = None) -> None:
    """Send messages as a stranger who can write to the broker would."""
    with Connection(mill.home.broker_url()) as connection:
        producer = connection.Producer(serializer="json")
        for _ in range(times):
            headers = {"lang": "py", "task": name, "id": task_id or str(uuid4()), "root_id": None, "parent_id": None}
            producer.publish(([row_id], {}, None), routing_key=QUEUE, headers=headers)


@pytest.mark.prefetching
def test_a_message_that_comes_ten_times_runs_once(mill: Mill, photo: str) -> None:
    mill.dismiss_workers()
    tasks = [mill.client.create(photo, "image") for _ in range(10)]
    for task_id in tasks:
        publish(mill, FILE_PROCESSING, str(task_id), times=10)
    mill.start_worker()
    mill.strike()

    conclude(mill, "F25", "every message ten times", expects="completed")
    assert mill.count_attempts() == len(tasks)


def test_messages_without_sense_never_stop_a_worker(mill: Mill, photo: str) -> None:
    worker = mill.need_worker()
    for nonsense in ("not a uuid", None, 17, ["x"], {"a": 1}, "\x00", "9" * 100_000):
        publish(mill, FILE_PROCESSING, nonsense)
        publish(mill, BULK_FILE_PROCESSING, nonsense)
    publish(mill, FILE_PROCESSING, str(uuid4()))
    publish(mill, "tasks.unknown", "x")
    for garbage in ("{", "null", "[]", '{"body": 1}', "\xff\xfe"):
        connect_valkey(mill.home).lpush(QUEUE, garbage)
    mill.strike()
    mill.client.create(photo, "image")

    conclude(mill, "F25", "messages without sense", expects="completed")
    assert worker.is_running(), worker.read_log()


def test_a_stale_message_of_an_ended_task_runs_nothing(mill: Mill, photo: str) -> None:
    mill.need_worker()
    task_id = mill.client.create(photo, "image")
    mill.wait_until_ended(seconds=30)
    publish(mill, FILE_PROCESSING, str(task_id), times=10)
    mill.strike()
    mill.wait_until(lambda: connect_valkey(mill.home).llen(QUEUE) == 0, what="the stale messages are gone")

    conclude(mill, "F25", "stale messages of an ended task", expects="completed")
    assert mill.count_attempts() == 1


@pytest.mark.prefetching
def test_lost_messages_are_sent_again(mill: Mill, photo: str) -> None:
    mill.dismiss_workers()
    for _ in range(10):
        mill.client.create(photo, "image")
    valkey = connect_valkey(mill.home)
    assert valkey.llen(QUEUE) == 10
    valkey.ltrim(QUEUE, 5, -1)
    mill.start_worker()
    mill.strike()

    conclude(mill, "F26", "half of the messages lost", expects="completed")
    assert mill.count_attempts() == 10


@pytest.mark.parametrize("permutations", [12, pytest.param(100, marks=pytest.mark.chaos)])
def test_moves_and_messages_in_any_order_keep_the_history_sound(mill: Mill, story: str, permutations: int) -> None:
    mill.need_worker()
    chance = random.Random(27)
    orders = list(itertools.permutations(range(5)))
    chance.shuffle(orders)

    def play(order: tuple[int, ...]) -> None:
        task_id = mill.client.create(story, "document")
        assert task_id is not None
        moves = list_moves(mill, task_id)
        for index in order:
            moves[index]()

    threads = [threading.Thread(target=play, args=[order]) for order in orders[:permutations]]
    for batch in _batched(threads, 6):
        for thread in batch:
            thread.start()
        for thread in batch:
            thread.join()
    mill.strike()
    conclude(mill, "F27", "messages, cancels and retries in any order")
    assert mill.count() == permutations


def list_moves(mill: Mill, task_id: UUID) -> list[Callable[[], object]]:
    return [
        lambda: publish(mill, FILE_PROCESSING, str(task_id)),
        lambda: mill.client.cancel(task_id),
        lambda: mill.client.retry(task_id, force=True),
        lambda: mill.client.cancel(task_id),
        lambda: mill.client.read(task_id),
    ]


def _batched(threads: list[threading.Thread], size: int) -> list[list[threading.Thread]]:
    return [threads[start : start + size] for start in range(0, len(threads), size)]
