"""An open file with the facts that travel with it."""

import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from filemill.files.names import sanitise_name

HEAD_BYTES = 65536
"""Enough for every content sniffer that Filemill uses."""


@dataclass(kw_only=True)
class OpenedFile:
    """A regular file, open for reading at offset 0; whoever got it closes it, best with `with`."""

    fd: int
    size: int
    """In bytes, when it was opened."""
    name: str
    """For display and for naming outputs: one path component, no control characters, at most 255 bytes."""
    path: str
    """Absolute; for uploads the server's own, never to be shown to a client."""
    modified_at: datetime

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()


def describe_opened(fd: int, *, name: str, path: str) -> OpenedFile | None:
    """Wrap a descriptor of a regular file; anything else is closed and None is returned."""
    facts = os.fstat(fd)
    if not stat.S_ISREG(facts.st_mode):
        os.close(fd)
        return None
    os.set_blocking(fd, True)  # opened non-blocking so that a FIFO could not hang us; tools inherit the descriptor
    modified_at = datetime.fromtimestamp(facts.st_mtime, tz=UTC)
    return OpenedFile(
        fd=fd,
        size=facts.st_size,
        name=sanitise_name(name),
        path=path,
        modified_at=modified_at,
    )


def read_head(opened: OpenedFile, length_bytes: int = HEAD_BYTES) -> bytes:
    """Return the first bytes without moving the file's offset."""
    head = b""
    while len(head) < length_bytes:
        piece = os.pread(opened.fd, length_bytes - len(head), len(head))
        head += piece
        if not piece or len(head) == opened.size:
            break
    return head
