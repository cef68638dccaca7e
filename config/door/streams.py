"""The room of what may last: uploads, downloads and live streams, which must all end when the server stops.

uvicorn tells an application of its shutdown only after the connections have drained, which an endless stream never
lets happen; so the room listens to SIGTERM itself.
"""

import asyncio
import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

logger = logging.getLogger(__name__)

GRACE_SECONDS: Final = 0.5
"""How long a transfer that is nearly done may go on after SIGTERM; clients resume the others with Range."""


class Room:
    """Who is inside, and whether the door is closing.

    A live stream waits on `closing` beside its own events and ends by itself; a transfer is given
    `grace_seconds` and then cut.
    """

    def __init__(self, *, grace_seconds: float = GRACE_SECONDS) -> None:
        self.closing = asyncio.Event()
        self._grace_seconds = grace_seconds
        self._inside: dict[asyncio.Task[Any], str] = {}
        self._cut: set[asyncio.Task[Any]] = set()

    @contextmanager
    def enter(self, what: str) -> Iterator[None]:
        """Let the current asyncio task be cut when the server stops; `what` names it in the log."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only an asyncio task can enter the room")
        self._inside[task] = what
        if self.closing.is_set():
            self._cut_after_grace()
        try:
            yield
        except asyncio.CancelledError:
            if task not in self._cut:
                raise
            # Our own cut: returning without an end of the body makes the server drop the connection, and the client
            # sees that it did not get everything.
            logger.warning("Cut short because the server is stopping: %s", what)
        finally:
            self._inside.pop(task, None)
            self._cut.discard(task)

    def close(self) -> None:
        """Tell everybody inside; cut those that are still there after the grace. Call it on the loop."""
        if not self.closing.is_set():
            self.closing.set()
            self._cut_after_grace()

    def _cut_after_grace(self) -> None:
        asyncio.get_running_loop().call_later(self._grace_seconds, self._cut_all)

    def _cut_all(self) -> None:
        for task in list(self._inside):
            if task not in self._cut:
                self._cut.add(task)
                task.cancel()


def close_on_signals(room: Room, loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
    """Close the room at SIGTERM and SIGINT, before the server's own handlers run; return what puts those back.

    In a server that does not run on the main thread signals are not ours to take, and nothing is done.
    """
    previous: dict[signal.Signals, Any] = {}

    def close_then_pass_on(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(room.close)
        handler = previous[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    def put_back() -> None:
        for number, handler in previous.items():
            signal.signal(number, handler)

    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            previous[number] = signal.getsignal(number)
            signal.signal(number, close_then_pass_on)
    except ValueError:
        previous.clear()
    return put_back
