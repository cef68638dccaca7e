"""F1–F11: kill -9 at every named place of a task's life, of the process and of everything around it."""

import pytest

from filemill.faultpoints import VARIABLE
from tests.chaos.mill import Mill
from tests.chaos.verdict import conclude

pytestmark = pytest.mark.timeout(180)

PLACES = {
    "received": "F4",
    "after_claim": "F5",
    "mid_fetch": "F6",
    "after_fetch": "F7",
    "mid_tool": "F8",
    "after_tool": "F9",
    "publish.before_rename": "F10a",
    "after_rename_before_db": "F10",
    "after_db_commit": "F11",
}
"""Where a worker is killed: faultpoint → fault."""


def test_a_web_process_killed_before_the_commit_leaves_no_task(mill: Mill, photo: str) -> None:
    web = mill.start_web(fault="create.before_commit:1")

    assert mill.client.create(photo, "image") is None
    web.wait_until_struck()
    assert mill.count() == 0

    mill.start_web()
    mill.need_worker()
    mill.strike()
    assert mill.client.create(photo, "image") is not None
    conclude(mill, "F1", "web killed before the commit", expects="completed")
    assert mill.count() == 1


@pytest.mark.parametrize("place", ["create.after_commit", "dispatch.before_send", "create.before_response"])
def test_a_task_whose_web_process_died_after_the_commit_completes(mill: Mill, photo: str, place: str) -> None:
    mill.need_worker()
    web = mill.start_web(fault=f"{place}:1")

    assert mill.client.create(photo, "image") is None
    web.wait_until_struck()
    mill.strike()
    mill.wait_until(
        lambda: mill.count("status = 'completed'") == 1, seconds=20, what="the task completes without a client"
    )

    mill.start_web()
    conclude(mill, "F3" if place == "create.before_response" else "F2", f"web killed at {place}", expects="completed")
    assert mill.count_attempts() == 1


@pytest.mark.prefetching
def test_children_killed_at_every_place_cost_an_attempt_and_nothing_else(mill: Mill, clip: str) -> None:
    mill.dismiss_workers()
    worker = mill.start_worker(fault=",".join(f"{place}:1" for place in PLACES))
    tasks = [mill.client.create(clip, "video", metadata={"resize": [160, 90]}) for _ in range(3)]
    mill.strike()

    mill.wait_until_ended(seconds=120)
    assert all(worker.was_struck(place) for place in PLACES), worker.read_log()
    assert worker.is_running()
    conclude(mill, "F12", f"one pool child killed at each of {len(PLACES)} places", expects="completed")
    assert all(tasks)


@pytest.mark.prefetching
def test_workers_each_killed_at_another_place_leave_everything_to_be_completed(mill: Mill, clip: str) -> None:
    mill.dismiss_workers()
    workers = {place: mill.launch_worker(concurrency=1, variables={VARIABLE: f"{place}:1:group"}) for place in PLACES}
    # One of them completes a task before it dies, so there is work until the last is dead.
    for _ in range(4):
        mill.client.create(clip, "video", metadata={"resize": [160, 90]})
    for place, worker in workers.items():
        worker.wait_until_struck(place, seconds=90)
    mill.strike()

    mill.need_worker()
    conclude(mill, "F4-F11", "9 workers, each killed at another place", expects="completed")
    assert not any(worker.is_running() for worker in workers.values())
