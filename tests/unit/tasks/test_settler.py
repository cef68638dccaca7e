"""A bite is settled while the next one is worked on, and none is left behind, whatever goes wrong."""

import threading
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError

from filemill.tasks import settler
from filemill.tasks.execution import Worked
from filemill.tasks.models import TaskLog
from filemill.tasks.pulse import Pulse
from filemill.tasks.settler import Behind, Settler


def bite(name: str) -> Worked:
    return Worked(tasks=[], made=[], moved=[SimpleNamespace(name=name)], begun_count=1)  # type: ignore[list-item]  # stands for a task


def names(moved: list[TaskLog]) -> list[str]:
    return [task.name for task in moved]  # type: ignore[attr-defined]


class Gate:
    """Settles when it is told to, and fails where it is told to."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.begun: list[str] = []
        self.followed_up: list[str] = []
        self.fails_at = ""

    def settle(self, worked: Worked, *, pulse: Pulse) -> list[TaskLog]:
        assert pulse is not None
        [task] = names(list(worked.moved))
        self.begun.append(task)
        assert self.open.wait(10)
        if task == self.fails_at:
            raise ConnectionError(task)
        return list(worked.moved)

    def follow_up(self, moved: list[TaskLog]) -> None:
        self.followed_up += names(moved)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate()
    monkeypatch.setattr(settler, "settle", gate.settle)
    monkeypatch.setattr(settler, "follow_up", gate.follow_up)
    return gate


@pytest.fixture
def behind(gate: Gate) -> Behind:
    return Behind(Settler(Pulse()))


def test_the_first_bite_is_not_waited_for(gate: Gate, behind: Behind) -> None:
    behind.settle(bite("first"))
    assert gate.followed_up == []
    gate.open.set()
    behind.wait()
    assert gate.followed_up == ["first"]


def test_the_work_is_never_more_than_a_bite_ahead(gate: Gate, behind: Behind) -> None:
    behind.settle(bite("first"))
    waiting: Future[Any] = Future()

    def settle_second() -> None:
        behind.settle(bite("second"))
        waiting.set_result(None)

    thread = threading.Thread(target=settle_second)
    thread.start()
    with pytest.raises(TimeoutError):
        waiting.result(timeout=0.1)
    gate.open.set()
    thread.join(10)
    behind.wait()
    assert gate.followed_up == ["first", "second"]


def test_an_error_of_one_bite_leaves_none_unsettled(gate: Gate, behind: Behind) -> None:
    gate.fails_at = "first"
    gate.open.set()
    behind.settle(bite("first"))
    with pytest.raises(ConnectionError):
        behind.settle(bite("second"))
    behind.wait()
    assert gate.begun == ["first", "second"]
    assert gate.followed_up == ["second"]


def test_a_slice_that_is_left_is_settled_all_the_same_and_its_failure_told(
    gate: Gate, behind: Behind, caplog: pytest.LogCaptureFixture
) -> None:
    gate.fails_at = "last"
    behind.settle(bite("last"))
    behind.leave()
    behind.wait()  # for nothing: it is not this slice's any more
    assert gate.followed_up == []
    gate.open.set()
    behind.settle(bite("of the next slice"))
    behind.wait()
    assert gate.begun == ["last", "of the next slice"]
    assert "ConnectionError('last')" in caplog.text


def test_nobody_waits_for_what_is_sent_afterwards_and_its_failure_is_told(caplog: pytest.LogCaptureFixture) -> None:
    sent: list[str] = []

    def fail() -> None:
        raise OperationalError("the connection is lost")

    ours = Settler(Pulse())
    ours.send_afterwards(fail)
    ours.send_afterwards(lambda: sent.append("next"))
    ours.close()

    assert sent == ["next"]
    assert "what is next was not sent: the connection is lost" in caplog.text


def test_letting_go_of_an_old_claim_keeps_the_new_one() -> None:
    pulse, task_id = Pulse(), uuid4()
    old, new = (TaskLog(pk=task_id, fence=fence) for fence in (5, 6))
    pulse.watch(old)
    pulse.watch(new)
    pulse.unwatch(old)
    assert pulse._pairs() == [(task_id, 6)]
    pulse.unwatch(new)
    assert pulse._pairs() == []
