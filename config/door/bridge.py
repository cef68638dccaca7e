"""The bridge: from the event loop to Django's synchronous handler on a few persistent threads, and back.

One hop each way. Threads live as long as the process, so each keeps its database connection (CONN_MAX_AGE=None).
"""

import asyncio
import io
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, Final, TypeVar

from django.core import signals
from django.core.handlers.asgi import ASGIRequest, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.db import connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import ResolverMatch, set_script_prefix

from config.door.asgi_types import Scope

logger = logging.getLogger(__name__)

T = TypeVar("T")
View = Callable[[HttpRequest], HttpResponseBase]

THREADS: Final = 3
"""Measured in turns: two and three answer 8 % more requests a second than four, which wait for the interpreter's lock
more than for the database. With two, a pair of slow questions would hold up all others."""
LONG_THREADS: Final = 2
"""Beside them, for requests that take seconds: they wait for each other, and no short request waits for them."""
QUEUE_LIMIT: Final = 256
"""Requests waiting for a thread; beyond it an honest 503 is better than a queue that nobody waits out."""


class BridgeFull(Exception):
    """More requests wait than the bridge lets wait."""


class DoorHandler(BaseHandler):
    """Django's handler, which can also be told the view: the same middleware for the door's own questions."""

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        view: View | None = getattr(request, "door_view", None)
        if view is not None:
            return ResolverMatch(view, (), {})
        return super().resolve_request(request)


@dataclass
class _Job:
    work: Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"


class Bridge:
    """A bounded queue before a few threads that run Django."""

    def __init__(self, *, threads: int = THREADS, queue_limit: int = QUEUE_LIMIT, name: str = "bridge") -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._queue_limit = queue_limit + threads
        self._under_way = 0
        self._thread_count = threads
        self._threads: list[threading.Thread] = []
        self._handler = DoorHandler()

    def start(self) -> None:
        """Load the middleware and start the threads; a second call does nothing."""
        if self._threads:
            return
        self._handler.load_middleware()
        for number in range(self._thread_count):
            thread = threading.Thread(target=self._work, name=f"{self._name}-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, *, patience_seconds: float) -> None:
        """Let the threads finish what they hold and close their connections; wait no longer than told."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(patience_seconds / len(self._threads))
        self._threads.clear()

    async def run(self, work: Callable[[], T]) -> T:
        """Run a function on a thread of the bridge.

        Raises `BridgeFull` at once when too many wait. A caller that is cancelled does not stop the function.
        """
        if self._under_way >= self._queue_limit:
            raise BridgeFull
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._under_way += 1
        self._jobs.put(_Job(work, loop, future))
        return await future

    async def respond(self, scope: Scope, body: IO[bytes], *, meta: dict[str, Any] | None = None) -> HttpResponseBase:
        """Answer a request with Django's URLs. A streaming response is still open: its caller closes it."""
        return await self.run(lambda: self._respond(scope, body, None, meta or {}))

    async def ask(self, scope: Scope, view: View) -> HttpResponseBase:
        """Answer the request's headers with this view, behind the usual middleware; the body is not read."""
        return await self.run(lambda: self._respond(_without_body(scope), io.BytesIO(), view, {}))

    def _respond(self, scope: Scope, body: IO[bytes], view: View | None, meta: dict[str, Any]) -> HttpResponseBase:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=type(self._handler), scope=scope)
        try:
            request = ASGIRequest(scope, body)
        except UnicodeDecodeError:
            logger.warning("Bad Request (UnicodeDecodeError)", exc_info=True, extra={"status_code": 400})
            signals.request_finished.send(sender=type(self._handler))
            return HttpResponse("The address holds bytes that are not UTF-8.", status=400, content_type="text/plain")
        request.META.update(meta)
        request.door_view = view  # type: ignore[attr-defined]
        response = self._handler.get_response(request)
        response._handler_class = type(self._handler)  # type: ignore[attr-defined]  # noqa: SLF001  as Django's own handlers do
        if not response.streaming:
            response.close()
        return response

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            result: Any = None
            error: BaseException | None = None
            try:
                result = job.work()
            except BaseException as raised:  # noqa: BLE001  it belongs to the one who waits, not to this thread
                error = raised
            try:
                job.loop.call_soon_threadsafe(self._deliver, job.future, result, error)
            except RuntimeError:
                logger.info("A reply came after the event loop had ended")
        connections.close_all()

    def _deliver(self, future: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
        self._under_way -= 1
        if future.done():
            return  # whoever waited was cancelled
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)


def _without_body(scope: Scope) -> Scope:
    described = {b"content-length", b"content-type", b"transfer-encoding"}
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name not in described]}
