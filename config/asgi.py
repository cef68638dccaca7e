"""The ASGI application: one port for requests, uploads, files and streams.

/health/…                            answered on the loop, whatever Django's threads are doing
/static/…                            answered on the loop
POST /api/tasks/create_task/ (form)  raw upload, then Django
everything else                      Django, over the bridge
"""

import asyncio
import gc
import logging
import os
from collections.abc import Callable
from functools import partial

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402  Django's settings come first
from django.db import connections  # noqa: E402
from django.urls import get_resolver  # noqa: E402  Django's settings come first

from config.door.asgi_types import Receive, Scope, Send  # noqa: E402
from config.door.bridge import LONG_THREADS, Bridge  # noqa: E402
from config.door.requests import Requests  # noqa: E402
from config.door.static import serve_static, static_prefix  # noqa: E402
from config.door.streams import Room, close_on_signals  # noqa: E402
from config.door.uploads import Uploads, find_upload_address  # noqa: E402
from config.health import answer_live, answer_ready  # noqa: E402

logger = logging.getLogger(__name__)

# Before any thread connects. Workers stay patient: for them a broken connection costs an attempt, and not an answer.
connections.settings["default"]["OPTIONS"] |= settings.IMPATIENT_DATABASE_OPTIONS

STOP_PATIENCE_SECONDS = 2.0


class Door:
    """Sends each request to the handler for its kind, and ends everything in time when the server stops."""

    def __init__(self) -> None:
        self._bridge = Bridge()
        long_bridge = Bridge(threads=LONG_THREADS, name="long-bridge")
        self._bridges = (self._bridge, long_bridge)
        self._room = Room()
        self._requests = Requests(self._bridge, self._room, long_bridge=long_bridge)
        self._uploads = Uploads(self._bridge, self._room, self._requests)
        self._static = serve_static()
        self._static_prefix = static_prefix()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection's scope."""
        match scope["type"]:
            case "http":
                self._start()  # also under a server that knows no lifespan
                await self._answer(scope, receive, send)
            case "lifespan":
                await self._live(receive, send)
            case "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1000})
            case kind:
                raise ValueError(f"The door does not know {kind!r} scopes")

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path == "/health/live":
            await answer_live(send)
        elif path == "/health/ready":
            await answer_ready(send)
        elif path.startswith(self._static_prefix):
            await self._static(scope, receive, send)
        elif (address := find_upload_address(scope)) is not None:
            await self._uploads(address, scope, receive, send)
        else:
            await self._requests(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            self._start()
            _ = get_resolver().url_patterns  # imported now, not under the first client's eyes
            put_back = close_on_signals(self._room, asyncio.get_running_loop())
            _spare_the_collector()
        except Exception as error:
            logger.exception("The web side can't start")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop(put_back)
        await send({"type": "lifespan.shutdown.complete"})

    async def _stop(self, put_back: Callable[[], None]) -> None:
        self._room.close()
        put_back()
        loop = asyncio.get_running_loop()
        stops = [partial(bridge.stop, patience_seconds=STOP_PATIENCE_SECONDS) for bridge in self._bridges]
        await asyncio.gather(*(loop.run_in_executor(None, stop) for stop in stops))

    def _start(self) -> None:
        for bridge in self._bridges:
            bridge.start()


def _spare_the_collector() -> None:
    """Keep all that was loaded out of the garbage collector's rounds: to walk through it holds up every request."""
    gc.collect()
    gc.freeze()


application = Door()
