"""The sweeper's turns, and what it costs beside a long backlog."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from filemill.tasks.models import SweepTurn
from filemill.tasks.sweeping import STAND_BACK, take_turn

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_round_goes_to_the_first_that_asks() -> None:
    assert take_turn()
    assert not take_turn()


def test_who_stands_back_leaves_a_round_that_is_due_to_others_until_it_is_long_overdue() -> None:
    take_turn()
    SweepTurn.objects.update(began_at=Now() - timedelta(seconds=11))
    assert not take_turn(lateness=STAND_BACK)

    SweepTurn.objects.update(began_at=Now() - timedelta(seconds=31))
    assert take_turn(lateness=STAND_BACK)


def test_the_next_round_is_anybodys_once_it_is_due() -> None:
    take_turn()
    SweepTurn.objects.update(began_at=Now() - timedelta(seconds=11))

    assert take_turn()
    assert not take_turn()
