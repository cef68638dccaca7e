"""Settling a bite of a slice, or what follows a task's end, while the next one is worked on.

To complete tasks is to wait: for the disk to keep their outputs, for the database to keep its log, for the cache to
take their results. The cage need not stand still meanwhile.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from filemill.tasks.execution import Worked, follow_up, settle
from filemill.tasks.pulse import Pulse
from filemill.tasks.settling import may_be_lost

logger = logging.getLogger(__name__)


class Settler:
    """The thread of a worker process that settles and sends what is next, with a database connection of its own."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="settler")

    def begin(self, worked: Worked) -> "Future[None]":
        """Settle in the background; the future raises what `settle` does."""
        return self._thread.submit(self._settle, worked)

    def send_afterwards(self, send: Callable[[], None]) -> None:
        """Send what is next once all is settled, while the process goes on: nobody waits for it, and nothing raises."""
        self._thread.submit(_send, send)

    def close(self) -> None:
        """Do what is still to be done, and nothing more."""
        self._thread.shutdown()

    def _settle(self, worked: Worked) -> None:
        follow_up(settle(worked, pulse=self._pulse))


def _send(send: Callable[[], None]) -> None:
    try:
        with may_be_lost("what is next was not sent"):  # the sweeper sends it
            send()
    except Exception:  # nobody holds the future of this call, so the log is the only one to tell
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

    def leave(self) -> None:
        """Let the last bite be settled while the process goes on; the log is told what it raises."""
        last, self._under_way = self._under_way, None
        if last is not None:
            last.add_done_callback(_tell_log)


def _tell_log(settled: "Future[None]") -> None:
    if (error := settled.exception()) is not None:
        logger.error("the last files of a slice were not settled; their leases end: %r", error, exc_info=error)
