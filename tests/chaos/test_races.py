"""F29–F31: people, workers and sweepers move one task at one moment; one wins, and all are told the truth."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from uuid import UUID

import pytest

from filemill.tasks.statuses import Status
from tests.chaos.mill import Mill
from tests.chaos.verdict import conclude, statuses

pytestmark = pytest.mark.timeout(600)

MANY = [pytest.param(60, marks=pytest.mark.prefetching), pytest.param(1000, marks=pytest.mark.chaos)]


def race(moves: list[Callable[[], int]]) -> list[int]:
    """Do all of it at once; return the answers."""
    barrier = threading.Barrier(len(moves))
    answers: list[int] = []

    def run(move: Callable[[], int]) -> None:
        barrier.wait()
        answers.append(move())

    threads = [threading.Thread(target=run, args=[move]) for move in moves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def create(mill: Mill, path: str, count: int) -> list[UUID]:
    created = [mill.client.create(path, "document") for _ in range(count)]
    return [task_id for task_id in created if task_id is not None]


@pytest.mark.parametrize("count", MANY)
def test_cancels_that_race_completions_end_each_task_once(mill: Mill, story: str, count: int) -> None:
    mill.need_worker()
    chance = random.Random(29)
    answers: Counter[int] = Counter()
    for _ in range(count // 20):
        tasks = create(mill, story, 20)
        chance.shuffle(tasks)
        for task_id in tasks:
            answers[mill.client.cancel(task_id)] += 1
    mill.strike()
    conclude(mill, "F29", f"{count} cancels race completions")

    told = statuses(mill)
    assert answers.keys() <= {200, 409}
    assert sum(answers.values()) == sum(told.values()) == count
    assert answers[200] == told.get(Status.CANCELLED, 0), (answers, told)
    assert len(answers) == 2, f"no race was run: {answers}"


@pytest.mark.parametrize("count", [10, pytest.param(200, marks=pytest.mark.chaos)])
def test_two_retries_at_once_begin_one_generation(mill: Mill, story: str, count: int) -> None:
    mill.need_worker()
    tasks = create(mill, story, count)
    mill.wait_until_ended(seconds=60)
    for task_id in tasks:
        # Both may win one after the other when the first one's run has ended already; never may both at once.
        answers = race([partial(mill.client.retry, task_id, force=True)] * 2)
        assert 200 in answers
    mill.strike()
    conclude(mill, "F30", f"{count} times two retries at once", expects="completed")
    wrong = "SELECT id FROM tasks_tasklog t WHERE generation <> attempt OR generation > 3"
    assert mill.execute(wrong) == []


@pytest.mark.parametrize("count", [10, pytest.param(200, marks=pytest.mark.chaos)])
def test_retries_that_race_cancels_keep_the_history_sound(mill: Mill, story: str, count: int) -> None:
    mill.need_worker()
    tasks = create(mill, story, count)
    for task_id in tasks:
        race(
            [
                partial(mill.client.cancel, task_id),
                partial(mill.client.retry, task_id, force=True),
                partial(mill.client.cancel, task_id),
            ]
        )
    mill.strike()
    conclude(mill, "F30", f"{count} times a retry races two cancels")


WATCH_LEASES = """
    CREATE TABLE leases (left_seconds float, is_renewal boolean);
    CREATE FUNCTION note_lease() RETURNS trigger AS $$ BEGIN
        INSERT INTO leases
        VALUES (extract(epoch FROM OLD.lease_until - statement_timestamp()), NEW.lease_until IS NOT NULL);
        RETURN NEW;
    END $$ LANGUAGE plpgsql;
    CREATE TRIGGER note_lease AFTER UPDATE ON tasks_tasklog FOR EACH ROW
    WHEN (OLD.status = 'processing' AND NEW.status IN ('processing', 'pending')
          AND OLD.lease_until IS DISTINCT FROM NEW.lease_until) EXECUTE FUNCTION note_lease()"""
FORGET_LEASES = "DROP TRIGGER note_lease ON tasks_tasklog; DROP FUNCTION note_lease; DROP TABLE leases"


@pytest.fixture
def watched_leases(mill: Mill) -> Iterator[None]:
    """Let the database note each renewal and each rescue, and how much was left of the lease."""
    mill.execute(WATCH_LEASES)
    yield
    mill.execute(FORGET_LEASES)


@pytest.mark.chaos
@pytest.mark.usefixtures("watched_leases")
def test_sweepers_that_race_heartbeats_take_no_task_from_a_living_worker(mill: Mill, slow_clip: str) -> None:
    """A heartbeat of half the lease leaves the sweepers of both workers every chance to be wrong.

    On a busy machine a heartbeat can come later than the lease allows, and then the rescue is right; what is wrong is a
    rescue with any of the lease left.
    """
    pace = {"FILEMILL_LEASE_SECONDS": "1.5", "FILEMILL_HEARTBEAT_SECONDS": "0.7", "FILEMILL_SWEEP_SECONDS": "0.1"}
    mill.dismiss_workers()
    mill.start_workers(2, variables=pace)
    for _ in range(6):
        mill.client.create(slow_clip, "video", metadata={"resize": [320, 180]})
    mill.strike()

    conclude(mill, "F31", "two sweepers race heartbeats", expects="completed")
    rescued = [left for (left,) in mill.execute("SELECT left_seconds FROM leases WHERE NOT is_renewal")]
    assert [left for left in rescued if left > 0] == []
    assert mill.count_attempts() == 6 + len(rescued)
    assert mill.execute("SELECT count(*) FROM leases WHERE is_renewal")[0][0] >= 6
