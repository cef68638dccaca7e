"""Celery's prefork pool, that hears at once of a process that ended.

The module's name is the pool's in Celery's banner and in `celery inspect stats`.
"""

from typing import Any, Final

from celery.concurrency import asynpool, prefork

LOOK_AGAIN_SECONDS: Final = 0.005


class Pool(asynpool.AsynPool):
    """Looks again until a process that is ending has ended.

    The pipe by which the parent hears of an end is closed a moment before the kernel lets the process be waited for.
    Celery looks in that moment only and then again at its next round, up to five seconds later. Until then a place of
    the pool is empty, and the message last written to that process waits though others are free.
    """

    _pool: list[Any]

    def _event_process_exit(self, hub: Any, process: Any) -> None:
        super()._event_process_exit(hub, process)  # type: ignore[misc]  # missing in the stubs
        self._see_it_replaced(hub, process)

    def _see_it_replaced(self, hub: Any, process: Any) -> None:
        if process in self._pool:
            self.maintain_pool()
        if process in self._pool:
            hub.call_later(LOOK_AGAIN_SECONDS, self._see_it_replaced, hub, process)


class TaskPool(prefork.TaskPool):
    """What `worker_pool` names."""

    Pool = Pool
