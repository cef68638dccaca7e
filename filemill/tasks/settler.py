"""Settling a bite of a slice while the next one is worked on.

To complete tasks is to wait: for the disk to keep their outputs, for the database to keep its log, for the cache to
take their results. The cage need not stand still meanwhile.
"""

from concurrent.futures import Future, ThreadPoolExecutor

from filemill.tasks import results
from filemill.tasks.execution import Worked, settle
from filemill.tasks.pulse import Pulse


class Settler:
    """The thread of a worker process that settles, with a database connection of its own."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="settler")

    def begin(self, worked: Worked) -> "Future[None]":
        """Settle in the background; the future raises what `settle` does."""
        return self._thread.submit(self._settle, worked)

    def _settle(self, worked: Worked) -> None:
        results.remember(settle(worked, pulse=self._pulse))


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
