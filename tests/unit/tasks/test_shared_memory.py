"""What the worker's parent has loaded stays shared with the processes that it forks."""

import gc
from collections.abc import Iterator

import pytest
from celery import signals

import filemill.tasks.worker  # noqa: F401  it connects the signal


@pytest.fixture
def _unfrozen() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_unfrozen")
def test_children_are_not_to_collect_what_the_parent_has_loaded() -> None:
    loaded = len(gc.get_objects())

    signals.worker_before_create_process.send(sender=None)

    assert gc.get_freeze_count() > loaded / 2
    assert len(gc.get_objects()) < loaded / 2
