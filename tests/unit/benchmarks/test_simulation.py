"""The simulated day loses no work, and tells the disciplines apart."""

import pytest

from benchmarks.simulation import Batch, Discipline, Load, Message, Mill, Single, draw_day, simulate

LOAD = Load(processes=4, users=5, hours=0.5, files_of_a_batch=2000)
DISCIPLINES: tuple[Discipline, ...] = ("windows and slices", "one queue")


@pytest.mark.parametrize("discipline", DISCIPLINES)
def test_everything_that_arrives_is_worked_on(discipline: Discipline) -> None:
    arrivals = draw_day(LOAD, seed=3)
    outcome = Mill(LOAD, discipline).run(arrivals)

    assert len(outcome.all_waits()) == sum(isinstance(one, Single) for one in arrivals) > 100
    assert len(outcome.batches) == sum(isinstance(one, Batch) for one in arrivals) > 5
    assert all(batch.remaining == 0 and batch.ended_at is not None for batch in outcome.batches)


@pytest.mark.parametrize("discipline", DISCIPLINES)
def test_no_work_takes_less_than_its_share_of_the_processes(discipline: Discipline) -> None:
    batch = Batch(user=0, remaining=1000, arrived_at=0.0)
    [ended] = Mill(LOAD, discipline).run([batch]).batches

    assert ended.ended_at == pytest.approx(1000 * LOAD.file_seconds / LOAD.processes, rel=0.05)


def beside_a_batch() -> list[Message]:
    return [Batch(user=0, remaining=5000, arrived_at=0.0), Single(user=1, seconds=0.1, arrived_at=1.0)]


def test_a_single_task_waits_for_a_bite_and_not_for_the_batch() -> None:
    [wait] = Mill(LOAD, "windows and slices").run(beside_a_batch()).all_waits()
    assert wait <= 0.07


def test_in_one_queue_it_waits_for_the_whole_batch() -> None:
    [wait] = Mill(LOAD, "one queue").run(beside_a_batch()).all_waits()
    assert wait == pytest.approx(5000 * LOAD.file_seconds / LOAD.processes - 1.0, rel=0.05)


def test_the_same_seed_gives_the_same_day() -> None:
    first, second = (simulate(LOAD, "windows and slices", seed=7).all_waits() for _ in range(2))
    assert first == second
