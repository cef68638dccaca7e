"""The scheduler of `celery beat`: django-celery-beat's, that ends when it is told to."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django_celery_beat.schedulers import DatabaseScheduler


class Scheduler(DatabaseScheduler):  # type: ignore[misc]  # the package has no types
    """Lets a stop signal wait until no statement runs.

    Celery's own handler saves the schedule from inside the signal. Where that falls into a statement, the lock of the
    connection is already held by the very thread that now waits for it, and beat never ends.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._is_at_work = False
        self._is_stop_asked = False
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._stop)
        with self._at_work():
            super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        with self._at_work():
            return super().tick(*args, **kwargs)

    def _do_sync(self) -> None:
        with self._at_work():
            super()._do_sync()

    def close(self) -> None:
        # The last thing beat does; a second signal must not break off the saving that the first one asked for.
        self._is_at_work = True
        super().close()

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        self._is_at_work = True
        try:
            yield
        finally:
            self._is_at_work = False
        if self._is_stop_asked:
            raise SystemExit

    def _stop(self, *_: object) -> None:
        """End now if beat only sleeps, otherwise once its work is done; Celery then saves the schedule."""
        self._is_stop_asked = True
        if not self._is_at_work:
            raise SystemExit
