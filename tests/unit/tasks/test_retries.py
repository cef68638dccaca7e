import pytest

from filemill.processing.errors import InputError, ProcessingError, SystemFault
from filemill.tasks import retries
from filemill.tasks.retries import GiveUp, TryAgain

PASSING = SystemFault("The disk is full.", code="disk_full", is_passing=True)
PERMANENT = InputError("The file is cut short.", code="corrupt_file")
CAGE_DEATH = SystemFault("The cage died.", code="cage_crashed", is_passing=True)


def decide(error: ProcessingError, *, failures: int = 0, cage_deaths: int = 0, luck: float = 0.5) -> GiveUp | TryAgain:
    return retries.decide(error, failures=failures, cage_deaths=cage_deaths, max_retries=3, base_seconds=4.0, luck=luck)


def test_a_permanent_error_is_never_tried_again() -> None:
    assert decide(PERMANENT) == GiveUp(error_code="corrupt_file", message="The file is cut short.")


@pytest.mark.parametrize(("failures", "delay"), [(0, 4.0), (1, 8.0), (2, 16.0)])
def test_the_delay_of_a_passing_error_doubles(failures: int, delay: float) -> None:
    assert decide(PASSING, failures=failures) == TryAgain(delay_seconds=delay, is_cage_death=False)


def test_a_passing_error_is_given_up_after_all_retries() -> None:
    assert decide(PASSING, failures=3) == GiveUp(error_code="disk_full", message="The disk is full.")


@pytest.mark.parametrize(("luck", "delay"), [(0.0, 2.0), (1.0, 6.0)])
def test_jitter_keeps_tasks_that_failed_together_apart(luck: float, delay: float) -> None:
    assert decide(PASSING, luck=luck) == TryAgain(delay_seconds=delay, is_cage_death=False)


def test_no_delay_grows_beyond_the_longest() -> None:
    decision = retries.decide(PASSING, failures=40, cage_deaths=0, max_retries=50, luck=0.5)
    assert decision == TryAgain(delay_seconds=retries.LONGEST_SECONDS, is_cage_death=False)


def test_a_file_that_kills_the_cage_is_poison_at_the_third_death() -> None:
    assert decide(CAGE_DEATH, cage_deaths=1) == TryAgain(delay_seconds=4.0, is_cage_death=True)
    poisoned = decide(CAGE_DEATH, failures=2, cage_deaths=2)
    assert isinstance(poisoned, GiveUp)
    assert poisoned.error_code == "poison"


def test_an_operation_may_be_more_patient() -> None:
    decision = retries.decide(
        PASSING, failures=0, cage_deaths=0, max_retries=3, base_seconds=4.0, patience=3.0, luck=0.5
    )
    assert decision == TryAgain(delay_seconds=12.0, is_cage_death=False)
