"""Settling a bite of a slice, or what follows a task's end, while the next one is worked on.

To complete tasks is to wait: for the disk to keep their outputs, for the database to keep its log, for the cache to
take their results. The cage need not stand still meanwhile.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from django.db import connection

from filemill.tasks.execution import Worked, follow_up, settle
from filemill.tasks.models import TaskLog
from filemill.tasks.pulse import Pulse
from filemill.tasks.settling import DATABASE_AWAY

logger = logging.getLogger(__name__)


class Settler:
    """The thread of a worker process that settles and sends what is next, with a database connection of its own."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="settler")

    def begin(self, worked: Worked) -> "Future[None]":
        """Settle in the background; the future raises what `settle` does."""
        return self._thread.submit(self._settle, worked)

    def follow_up(self, moved: Sequence[TaskLog]) -> None:
        """Send what is next after these tasks while the process goes on; nobody waits for it."""
        self._thread.submit(self._follow_up, moved)

    def _settle(self, worked: Worked) -> None:
        follow_up(settle(worked, pulse=self._pulse))

    def _follow_up(self, moved: Sequence[TaskLog]) -> None:
        try:
            follow_up(moved)
        except DATABASE_AWAY as error:
            logger.warning("what is next was not sent: %s; the sweeper sends it", error)
            connection.close()
        except Exception:
            logger.exception("what is next was not sent; the sweeper sends it")


class Behind:
    """What one slice settles: never more than a bite behind its work."""

    def __init__(self, settler: Settler) -> None:
        self._settler = settler
        self._under_way: Future[None] | None = None

    def settle(self, worked: Worked) -> None:
        """Begin to settle, and wait for the bite before; raises what that one raised, with this one under way."""
        before, self._under_way = self._under_way, self._settler.begin(worked)
        if before is not None:
            before.result()

    def wait(self) -> None:
        """Wait until all is settled; raises what the last bite raised."""
        last, self._under_way = self._under_way, None
        if last is not None:
            last.result()
