"""Ordinary requests: the body read on the loop, Django on the bridge, the reply written on the loop."""

import asyncio
import io
import logging
import re
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from typing import IO, Any, Final, cast

from django.conf import settings
from django.db import connections
from django.http import FileResponse, HttpResponse, HttpResponseBase, StreamingHttpResponse

from config.door.asgi_types import Receive, Scope, Send
from config.door.bodies import BodyTooLarge, ClientLeft, read_body
from config.door.bridge import Bridge, BridgeFull
from config.door.replies import (
    encode_headers,
    pull_chunks,
    read_chunks,
    send_chunks,
    send_problem,
    send_start,
    send_whole,
    watch_for_leaving,
)
from config.door.streams import Room
from filemill.files.errors import NO_ROOM

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS: Final = 1
_LONG: Final = re.compile(r"/api/tasks/bulk_create/|/api/batches/[^/]+/(cancel|retry_failed)/")
"""What may look at a hundred thousand files or move as many tasks."""


class Requests:
    """The raw handler for everything that has no raw handler of its own."""

    def __init__(self, bridge: Bridge, room: Room, *, long_bridge: Bridge | None = None) -> None:
        self._bridge = bridge
        self._long_bridge = long_bridge or bridge
        self._room = room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request over the bridge."""
        limit_bytes = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        try:
            body = await read_body(scope, receive, limit_bytes=limit_bytes, spool=spool_directory())
        except ClientLeft:
            return
        except BodyTooLarge:
            await send_body_too_large(send, limit_bytes)
            return
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            await send_disk_full(send)
            return
        try:
            await self.answer(scope, body, receive, send)
        except BridgeFull:
            await send_busy(send)

    async def answer(
        self, scope: Scope, body: IO[bytes], receive: Receive, send: Send, *, meta: dict[str, Any] | None = None
    ) -> int:
        """Let Django answer a request whose body is at hand, send the reply, and return its status.

        Raises `BridgeFull` before anything is sent.
        """
        try:
            bridge = self._long_bridge if is_long(scope) else self._bridge
            response = await bridge.respond(scope, body, meta=meta)
        except BridgeFull:
            body.close()
            raise
        await self.send_response(scope, response, receive, send)
        return response.status_code

    async def send_response(self, scope: Scope, response: HttpResponseBase, receive: Receive, send: Send) -> None:
        """Write a response of Django's; a streaming one is closed afterwards."""
        if not isinstance(response, StreamingHttpResponse):
            content = cast("HttpResponse", response).content
            await send_whole(send, response.status_code, encode_headers(response), content)
            return
        try:
            await send_start(send, response.status_code, encode_headers(response))
            if scope["method"] == "HEAD":
                await send({"type": "http.response.body", "body": b""})
                return
            with self._room.enter(f"{scope['method']} {scope['path']}"):
                async with watch_for_leaving(receive) as has_left, aclosing(_chunks_of(response)) as chunks:
                    await send_chunks(send, chunks, has_left=has_left)
        finally:
            await asyncio.shield(self._close(response))

    async def _close(self, response: HttpResponseBase) -> None:
        try:
            await self._bridge.run(response.close)
        except BridgeFull:
            response.close()  # rarer than rare; a moment of the loop is better than a leaked descriptor


def is_long(scope: Scope) -> bool:
    """Say whether a request may take seconds, so that it goes to threads that no short request waits for."""
    return scope["method"] == "POST" and _LONG.fullmatch(scope["path"]) is not None


async def _chunks_of(response: StreamingHttpResponse) -> AsyncGenerator[bytes, None]:
    if response.is_async:
        async for part in response:
            yield part
        return
    file = getattr(response, "file_to_stream", None) if isinstance(response, FileResponse) else None
    descriptor = _descriptor_of(file)
    if file is not None and descriptor is not None:
        start = file.tell()
        length = int(response.get("Content-Length") or 0)
        async for part in read_chunks(descriptor, start=start, length=length):
            yield part
        return
    # A generator may query the database, whose connections belong to threads: it gets one thread of its own, and no
    # thread of the bridge waits for its client.
    loop = asyncio.get_running_loop()
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="stream")
    try:
        async for part in pull_chunks(response.streaming_content, lambda work: loop.run_in_executor(thread, work)):
            yield part
    finally:
        thread.submit(connections.close_all)
        thread.shutdown(wait=False)


def _descriptor_of(file: Any) -> int | None:
    try:
        return int(file.fileno())
    except (AttributeError, io.UnsupportedOperation):
        return None  # in memory, or in a remote storage


def spool_directory() -> Path:
    """Return where bodies too large for memory go while they are read."""
    return Path(settings.FILEMILL_HOME) / "spool"


async def send_busy(send: Send) -> None:
    await send_problem(
        send,
        status=503,
        code="busy",
        detail="The service has more requests than it can answer now; try again in a moment.",
        extra_headers=[(b"retry-after", str(RETRY_AFTER_SECONDS).encode())],
    )


async def send_body_too_large(send: Send, limit_bytes: int) -> None:
    await send_problem(
        send,
        status=413,
        code="body_too_large",
        detail=f"The request's body is larger than {limit_bytes} bytes, the most this address takes; send less.",
    )


async def send_disk_full(send: Send) -> None:
    await send_problem(
        send,
        status=507,
        code="disk_full",
        detail="There is no room to keep what was sent; free disk space, then send it again.",
    )
