"""Reading request bodies on the event loop, in memory while they are small and on disk, nameless, when they are not."""

import io
import tempfile
from pathlib import Path
from typing import IO, Final, cast

from config.door.asgi_types import Message, Receive, Scope, find_header
from filemill.files.directories import make_private_directory

IN_MEMORY_BYTES: Final = 1024 * 1024


class BodyTooLarge(Exception):
    """The body is larger than this address takes."""


class ClientLeft(Exception):
    """The client went away before its request was whole."""


def check_announced_length(scope: Scope, *, limit_bytes: int) -> None:
    """Raise `BodyTooLarge` when Content-Length already tells."""
    announced = find_header(scope, b"content-length")
    if announced is not None and announced.isdecimal() and int(announced) > limit_bytes:
        raise BodyTooLarge


async def read_body(scope: Scope, receive: Receive, *, limit_bytes: int, spool: Path) -> IO[bytes]:
    """Read the whole body into a file at offset 0; one that spills to disk is already unlinked.

    Raises `BodyTooLarge` before a byte is read when Content-Length tells, otherwise at the first byte too many;
    `ClientLeft`; `OSError` when the disk is full.
    """
    check_announced_length(scope, limit_bytes=limit_bytes)
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        body = message.get("body", b"")
        if len(body) > limit_bytes:
            raise BodyTooLarge
        return io.BytesIO(body)  # nearly every request
    file = cast(  # typeshed does not call it an IO
        "IO[bytes]",
        tempfile.SpooledTemporaryFile(  # noqa: SIM115  handed to the request, which closes it
            max_size=IN_MEMORY_BYTES, dir=str(make_private_directory(spool))
        ),
    )
    try:
        await _fill(file, message, receive, limit_bytes)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


async def _fill(file: IO[bytes], message: Message, receive: Receive, limit_bytes: int) -> None:
    while True:
        if message["type"] == "http.disconnect":
            raise ClientLeft
        file.write(message.get("body", b""))
        if file.tell() > limit_bytes:
            raise BodyTooLarge
        if not message.get("more_body", False):
            return
        message = await receive()
