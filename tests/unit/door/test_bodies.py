"""Bodies are read whole, within their limit, and large ones leave memory."""

import asyncio
import os
from pathlib import Path
from typing import IO

import pytest

from config.door.asgi_types import Message
from config.door.bodies import IN_MEMORY_BYTES, BodyTooLarge, ClientLeft, read_body


def read(spool: Path, *pieces: bytes, limit_bytes: int = 10 * IN_MEMORY_BYTES, leaves: bool = False) -> IO[bytes]:
    messages: list[Message] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    if leaves:
        messages.append({"type": "http.disconnect"})
    else:
        messages[-1]["more_body"] = False

    async def receive() -> Message:
        return messages.pop(0)

    return asyncio.run(read_body({"headers": []}, receive, limit_bytes=limit_bytes, spool=spool))


def test_a_body_in_pieces_is_put_together(tmp_path: Path) -> None:
    with read(tmp_path / "spool", b"a", b"", b"bc") as body:
        assert body.read() == b"abc"


def test_a_large_body_goes_to_a_file_without_a_name(tmp_path: Path) -> None:
    piece = os.urandom(IN_MEMORY_BYTES // 2)
    with read(tmp_path / "spool", *[piece] * 5) as body:
        assert Path(os.readlink(f"/proc/self/fd/{body.fileno()}")).parent == tmp_path / "spool"
        assert list((tmp_path / "spool").iterdir()) == []
        assert body.read() == piece * 5


@pytest.mark.parametrize("pieces", [[b"x" * 11], [b"x" * 6, b"x" * 5]])
def test_a_byte_too_many_is_refused(tmp_path: Path, pieces: list[bytes]) -> None:
    with pytest.raises(BodyTooLarge):
        read(tmp_path, *pieces, limit_bytes=10)


def test_an_announced_length_is_refused_without_reading() -> None:
    async def receive() -> Message:
        raise AssertionError("nothing should be read")

    scope = {"headers": [(b"content-length", b"11")]}
    with pytest.raises(BodyTooLarge):
        asyncio.run(read_body(scope, receive, limit_bytes=10, spool=Path("/nowhere")))


@pytest.mark.parametrize("pieces", [[], [b"x"]])
def test_a_client_that_leaves_is_noticed(tmp_path: Path, pieces: list[bytes]) -> None:
    with pytest.raises(ClientLeft):
        read(tmp_path, *pieces, leaves=True)
