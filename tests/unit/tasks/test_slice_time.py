"""How long a slice goes on, and how long its bites are meant to be."""

import pytest

from filemill.tasks.admission import Waiting
from filemill.tasks.batches import (
    BITE_SECONDS,
    FAIR_SECONDS,
    LOOK_SECONDS,
    MOST_BITE_SECONDS,
    SLICE_SECONDS,
    SliceTime,
)

ALICE = 7, "image"


class Scene:
    """A clock that is set by hand, and what the database would say of who waits."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waiting = Waiting(is_sent=False, is_in_backlog=False)
        self.looks = 0

    def look(self, user_id: int, task_type: str) -> Waiting:
        assert (user_id, task_type) == ALICE
        self.looks += 1
        return self.waiting


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    scene = Scene()
    monkeypatch.setattr("filemill.tasks.batches.time.monotonic", lambda: scene.now)
    monkeypatch.setattr("filemill.tasks.batches.admission.who_waits", scene.look)
    return scene


def test_while_nobody_waits_a_slice_goes_on_until_its_end(scene: Scene) -> None:
    slice_time = SliceTime(*ALICE)
    scene.now += SLICE_SECONDS - 0.01
    assert not slice_time.is_over()
    scene.now += 0.02
    assert slice_time.is_over()
    assert not slice_time.is_wanted()  # what was claimed is still worked on


def test_a_sent_task_of_another_user_ends_it_at_the_next_look(scene: Scene) -> None:
    slice_time = SliceTime(*ALICE)
    scene.waiting = Waiting(is_sent=True, is_in_backlog=False)
    scene.now += LOOK_SECONDS - 0.01
    assert not slice_time.is_wanted()
    scene.now += 0.02
    assert slice_time.is_wanted()
    assert slice_time.is_over()


def test_a_backlog_ends_it_once_it_had_its_fair_share(scene: Scene) -> None:
    slice_time = SliceTime(*ALICE)
    scene.waiting = Waiting(is_sent=False, is_in_backlog=True)
    scene.now += FAIR_SECONDS - 0.01
    assert not slice_time.is_wanted()
    scene.now += LOOK_SECONDS
    assert slice_time.is_wanted()


def test_who_waits_is_asked_no_more_often_than_a_look_is_due_and_not_at_all_once_it_is_known(scene: Scene) -> None:
    slice_time = SliceTime(*ALICE)
    for _ in range(10):
        scene.now += LOOK_SECONDS / 4
        slice_time.is_wanted()
    assert scene.looks == 2
    scene.waiting = Waiting(is_sent=True, is_in_backlog=False)
    for _ in range(10):
        scene.now += LOOK_SECONDS
        slice_time.is_wanted()
    assert scene.looks == 3


def test_each_bite_is_meant_for_twice_as_long_as_the_one_before_up_to_the_most(scene: Scene) -> None:
    slice_time = SliceTime(*ALICE)
    bites = [slice_time.next_bite() for _ in range(5)]
    assert bites[:3] == [BITE_SECONDS, 2 * BITE_SECONDS, 4 * BITE_SECONDS]
    assert set(bites[3:]) == {MOST_BITE_SECONDS}


def test_the_last_bites_of_a_slice_end_with_it(scene: Scene) -> None:
    slice_time = SliceTime(*ALICE)
    for _ in range(3):
        slice_time.next_bite()
    scene.now += SLICE_SECONDS - 0.1
    assert slice_time.next_bite() == pytest.approx(0.1)
    scene.now += 0.09
    assert slice_time.next_bite() == BITE_SECONDS
