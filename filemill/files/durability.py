"""Making stored outputs survive a power cut, before a row refers to them: a few file by file, many by one sync."""

import ctypes
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from filemill.files.directories import sync_directory

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_lock = threading.Lock()
_held: dict[tuple[int, int], int] = {}
"""The root, as device and inode, and its descriptor: the kernel reports a failed write to each opener once."""


def make_durable(root: Path, directories: Sequence[Path]) -> None:
    """Sync directories of outputs that lie under a root, with all that is in them and leads to them.

    File by file each costs the disk a round of its own, which is more than the work on a small picture; so several are
    synced by one call for their whole file system. One alone is not: it would wait for what others are just writing.

    Raises `OSError` when the disk did not take what was written.
    """
    if len(directories) > 1:
        _sync_file_system(root)
        return
    for directory in directories:
        _sync_files(directory)
        for above in (directory, *directory.parents):
            sync_directory(above)
            if above == root:
                break


def _sync_files(directory: Path) -> None:
    for path in directory.iterdir():
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _sync_file_system(root: Path) -> None:
    fd = hold(root)
    try:
        if _LIBC.syncfs(fd) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(root))
    finally:
        os.close(fd)


def hold(root: Path) -> int:
    """Listen from now on for writes under a root that fail, and return a descriptor to close; call it before them.

    One thread of a worker writes, another syncs, so both share what is held: a later opener may miss an error.
    """
    now = os.stat(root)
    place = (now.st_dev, now.st_ino)
    with _lock:
        if place not in _held:
            while _held:
                os.close(_held.popitem()[1])
            _held[place] = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return os.dup(_held[place])  # the same opener; it outlives a change of the storage
