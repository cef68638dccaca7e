"""Writing replies from the event loop, so that a slow client never holds a thread."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from django.http import HttpResponseBase

from config.door.asgi_types import Headers, Receive, Send
from filemill.api.problems import PROBLEM_TYPE, FieldError, build_problem

CHUNK_BYTES: Final = 256 * 1024


async def send_start(send: Send, status: int, headers: Headers) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def send_whole(send: Send, status: int, headers: Headers, body: bytes = b"") -> None:
    """Send a complete reply in two messages."""
    await send_start(send, status, headers)
    await send({"type": "http.response.body", "body": body})


async def send_problem(
    send: Send, *, status: int, code: str, detail: str, field: str | None = None, extra_headers: Headers | None = None
) -> None:
    """Send an RFC 9457 problem."""
    errors = [FieldError(field=field, code=code, message=detail)] if field else []
    body = json.dumps(build_problem(status=status, code=code, detail=detail, errors=errors)).encode()
    headers: Headers = [
        (b"content-type", PROBLEM_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        *(extra_headers or []),
    ]
    await send_whole(send, status, headers, body)


def encode_headers(response: HttpResponseBase) -> Headers:
    """Return a Django response's headers and cookies as ASGI takes them."""
    headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
    headers += [
        (b"Set-Cookie", cookie.output(header="").strip().encode("ascii")) for cookie in response.cookies.values()
    ]
    return headers


async def send_chunks(send: Send, chunks: AsyncIterator[bytes], *, has_left: Callable[[], bool]) -> None:
    """Send chunks until they end or the client has left (then the reply stays unfinished)."""
    async for chunk in chunks:
        if has_left():
            return
        if chunk:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def read_chunks(fd: int, *, start: int, length: int) -> AsyncIterator[bytes]:
    """Read a part of a file on the loop: page cache to socket, with no hop per chunk (3 times a thread's speed)."""
    end = start + length
    while start < end:
        chunk = os.pread(fd, min(CHUNK_BYTES, end - start), start)
        if not chunk:
            raise ConnectionAbortedError("the file grew shorter while it was sent")
        start += len(chunk)
        yield chunk
        # A fast client never makes `send` wait, so others are let in here.
        await asyncio.sleep(0)


@asynccontextmanager
async def watch_for_leaving(receive: Receive) -> AsyncIterator[Callable[[], bool]]:
    """Tell whether the client has left. Only for use when the whole body was read: it reads on from `receive`."""
    watcher: asyncio.Task[None] = asyncio.ensure_future(_wait_for_disconnect(receive))
    try:
        yield watcher.done
    finally:
        watcher.cancel()


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


Hop = Callable[[Callable[[], Any]], Awaitable[Any]]


async def pull_chunks(parts: Sequence[bytes] | Any, hop: Hop) -> AsyncIterator[bytes]:
    """Iterate a synchronous stream with one hop per part, so that a slow client holds no thread between two parts."""
    iterator = iter(parts)
    while (part := await hop(lambda: next(iterator, None))) is not None:
        yield part if isinstance(part, bytes) else str(part).encode()
