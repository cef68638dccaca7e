"""Settling a bite of a slice while the next one is worked on.

To complete tasks is to wait: for the disk to keep their outputs, and for the database to keep its log. The cage need
not stand still meanwhile.
"""

from concurrent.futures import Future, ThreadPoolExecutor

from filemill.tasks.execution import Worked, settle
from filemill.tasks.models import TaskLog
from filemill.tasks.pulse import Pulse


class Settler:
    """The thread of a worker process that settles, with a database connection of its own."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="settler")

    def begin(self, worked: Worked) -> "Future[list[TaskLog]]":
        """Settle in the background; the future is what `settle` returns or raises."""
        return self._thread.submit(settle, worked, pulse=self._pulse)


class Behind:
    """What one slice settles: never more than a bite behind its work."""

    def __init__(self, settler: Settler) -> None:
        self.moved: list[TaskLog] = []
        self._settler = settler
        self._under_way: Future[list[TaskLog]] | None = None

    def settle(self, worked: Worked) -> None:
        """Begin to settle, and wait for the bite before; raises what that one raised, with this one under way."""
        before, self._under_way = self._under_way, self._settler.begin(worked)
        if before is not None:
            self.moved += before.result()

    def wait(self) -> None:
        """Wait until all is settled; raises what the last bite raised."""
        last, self._under_way = self._under_way, None
        if last is not None:
            self.moved += last.result()
