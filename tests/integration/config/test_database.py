"""A kept connection is not asked at each request whether it lives, and a dead one is still found out."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.backends.postgresql import base as postgresql

from config.database import base
from config.database.base import DatabaseWrapper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kept() -> Iterator[DatabaseWrapper]:
    """A connection of its own that has just answered."""
    wrapper = connection.copy()
    assert isinstance(wrapper, DatabaseWrapper)
    wrapper.connect()
    assert wrapper.is_usable()
    yield wrapper
    wrapper.close()


@pytest.fixture
def asked(kept: DatabaseWrapper, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What the server answered since."""
    answers: list[bool] = []
    ask = postgresql.DatabaseWrapper.is_usable

    def listen(wrapper: DatabaseWrapper) -> bool:
        answers.append(ask(wrapper))
        return answers[-1]

    monkeypatch.setattr(postgresql.DatabaseWrapper, "is_usable", listen)
    return answers


def test_it_is_not_asked_again_at_once(kept: DatabaseWrapper, asked: list[bool]) -> None:
    assert kept.is_usable()
    assert asked == []


def test_it_is_asked_again_after_a_while(
    kept: DatabaseWrapper, asked: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "TRUSTED_SECONDS", 0.0)
    assert kept.is_usable()
    assert asked == [True]


def test_it_is_asked_after_an_error(kept: DatabaseWrapper, asked: list[bool]) -> None:
    kept.errors_occurred = True
    assert kept.is_usable()
    assert asked == [True]


def test_one_that_the_server_ended_is_not_used_even_if_it_has_just_answered(kept: DatabaseWrapper) -> None:
    assert kept.connection is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [kept.connection.info.backend_pid])
        assert cursor.fetchone() == (True,)
    assert not kept.is_usable()


def test_one_that_was_closed_here_is_not_used(kept: DatabaseWrapper) -> None:
    assert kept.connection is not None
    kept.connection.close()
    assert not kept.is_usable()
