"""What the pool does about a process that has closed its pipe and can't be waited for yet."""

from collections.abc import Callable
from typing import Any

from config.prefork import Pool


class Hub:
    """Remembers what was to be called later."""

    def __init__(self) -> None:
        self.later: list[Callable[[], None]] = []

    def call_later(self, _seconds: float, call: Callable[..., None], *args: Any) -> None:
        self.later.append(lambda: call(*args))

    def remove(self, _descriptor: int) -> None:
        pass


class PoolOfOne(Pool):
    """A pool without processes, that finds its only one ended when it looks for the n-th time."""

    def __init__(self, process: object, *, ended_at_look: int) -> None:
        self._pool = [process]
        self.looks = 0
        self.ended_at_look = ended_at_look

    def maintain_pool(self) -> None:
        self.looks += 1
        if self.looks >= self.ended_at_look:
            self._pool = [object()]

    def __del__(self) -> None:
        """Without processes there is nothing to end."""


def test_the_pool_looks_until_the_process_can_be_waited_for() -> None:
    hub, process = Hub(), object()
    pool = PoolOfOne(process, ended_at_look=5)

    pool._event_process_exit(hub, process)
    while hub.later:
        hub.later.pop()()

    assert process not in pool._pool
    assert pool.looks == 5


def test_an_end_seen_at_once_is_looked_at_once() -> None:
    hub, process = Hub(), object()
    pool = PoolOfOne(process, ended_at_look=1)

    pool._event_process_exit(hub, process)

    assert not hub.later
    assert pool.looks == 1
