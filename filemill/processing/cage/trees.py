"""Directories that a confined tool has filled: measured, listed and removed without ever trusting what lies there.

Nothing is followed and nothing is recursed into: links, loops, unreadable directories and a depth of thousands are what
a hostile tool would leave.
"""

import errno
import itertools
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

MAXIMUM_DEPTH: Final = 16
MAXIMUM_ENTRIES: Final = 20_000
_OPEN_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# What vanished or was exchanged while it was looked at: the tool may still be at work.
_GONE: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


class UnrulyTree(Exception):
    """There is more in a directory than anyone looks through, or it can't be looked into."""


def walk(top: int) -> Iterator[tuple[str, os.stat_result]]:
    """Give everything beneath an open directory but directories, by relative name; raises `UnrulyTree`."""
    left = MAXIMUM_ENTRIES
    waiting = [""]
    while waiting:
        directory = waiting.pop()
        for name, facts in _list(top, directory):
            left -= 1
            if left < 0:
                raise UnrulyTree(f"There are more than {MAXIMUM_ENTRIES} files.")
            path = f"{directory}{name}"
            if not stat.S_ISDIR(facts.st_mode):
                yield path, facts
            elif path.count("/") + 1 >= MAXIMUM_DEPTH:
                raise UnrulyTree(f"Directories lie more than {MAXIMUM_DEPTH} deep.")
            else:
                waiting.append(f"{path}/")


def open_beneath(top: int, path: str, flags: int) -> int:
    """Open a relative path beneath an open directory; a link anywhere in it is an `OSError` (ELOOP, ENOTDIR)."""
    *directories, name = path.split("/")
    parent = os.dup(top)
    try:
        for directory in directories:
            below = os.open(directory, _OPEN_DIRECTORY, dir_fd=parent)
            os.close(parent)
            parent = below
        return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    finally:
        os.close(parent)


def _list(top: int, directory: str) -> list[tuple[str, os.stat_result]]:
    try:
        opened = open_beneath(top, directory.removesuffix("/"), _OPEN_DIRECTORY) if directory else os.dup(top)
    except OSError as error:
        if error.errno in _GONE:
            return []
        raise UnrulyTree(f"A directory can't be looked into: {error.strerror}.") from error
    try:
        # A duplicate shares its offset: the top may have been read to its end before.
        os.lseek(opened, 0, os.SEEK_SET)
        with os.scandir(opened) as entries:
            return [(entry.name, facts) for entry in entries if (facts := _look_at(entry))]
    finally:
        os.close(opened)


def _look_at(entry: "os.DirEntry[str]") -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except OSError as error:
        if error.errno in _GONE:
            return None
        raise UnrulyTree(f"A file can't be looked at: {error.strerror}.") from error


def remove(path: Path) -> None:
    """Remove a directory with all beneath; nothing may be at work in it any more.

    Directories are pulled up beside each other before they are emptied, however deep they were.
    """
    path.chmod(0o700)
    top = os.open(path, _OPEN_DIRECTORY)
    new_names = (f".gone-{secrets.token_hex(8)}" for _ in itertools.count())
    try:
        waiting = _empty(top, top, new_names)
        while waiting:
            name = waiting.pop()
            opened = os.open(name, _OPEN_DIRECTORY, dir_fd=top)
            try:
                waiting += _empty(opened, top, new_names)
            finally:
                os.close(opened)
            os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)
    path.rmdir()


def _empty(directory: int, top: int, new_names: Iterator[str]) -> list[str]:
    """Unlink a directory's files and move its directories to the top, under names that nobody guessed; return those."""
    os.lseek(directory, 0, os.SEEK_SET)
    with os.scandir(directory) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    moved = []
    for name, is_directory in found:
        if not is_directory:
            os.unlink(name, dir_fd=directory)
            continue
        os.chmod(name, 0o700, dir_fd=directory)
        moved.append(next(new_names))
        os.rename(name, moved[-1], src_dir_fd=directory, dst_dir_fd=top)
    return moved
