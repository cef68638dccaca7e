"""Why a file can't be taken in or handed out, told to whoever asked for it."""

import errno
from typing import Final

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""The errnos that mean that the disk, or the owner's share of it, is full."""


class FileRefused(Exception):
    """A file was not opened or not kept.

    `code` is stable: `path_outside_roots`, `file_not_found`, `not_a_file`, `not_readable`, `invalid_path` for paths;
    `file_too_large`, `disk_full`, `upload_not_found` for uploads. `message` is a sentence for the client; it never
    tells whether something exists outside the roots.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
