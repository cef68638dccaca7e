"""A part of an open file, as a file of its own."""

import io
import os
from typing import Any


class FilePart(io.RawIOBase):
    """Reads `length` bytes from `start` on and then ends; owns the descriptor.

    A server that streams from `fileno()` itself finds the place in `tell()`, and the end in the reply's
    Content-Length.
    """

    def __init__(self, fd: int, *, start: int, length: int) -> None:
        super().__init__()
        self._fd = fd
        self._left = length
        os.lseek(fd, start, os.SEEK_SET)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = os.read(self._fd, min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def tell(self) -> int:
        return os.lseek(self._fd, 0, os.SEEK_CUR)

    def fileno(self) -> int:
        return self._fd

    def close(self) -> None:
        if not self.closed:
            os.close(self._fd)
        super().close()
