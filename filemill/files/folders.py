"""The files of a folder beneath a root, those that a pattern matches, found without following any link."""

import fnmatch
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from filemill.files.errors import FileRefused
from filemill.files.roots import HeldRoots

EVERYTHING: Final = "**/*"
MAX_PATTERN_CHARACTERS: Final = 255
MOST_ENTRIES: Final = 1_000_000
"""So many names are looked at, at the most: a request must end also beneath a root that holds a whole archive."""


def list_folder(
    folder: str, *, pattern: str = EVERYTHING, roots: Sequence[Path], most: int, home: Path | None = None
) -> list[str]:
    """Return the paths of a folder's files that a pattern matches, in the order of their names, each as `folder/…`.

    In a pattern `*` and `?` stand for characters of one name, `[abc]` for one of these, and `**` for any folders on the
    way, or none. Names that begin with a dot are passed over unless the pattern says the dot, and so is whatever is
    neither a file nor a folder.

    Raises `FileRefused`: the codes of `HeldRoots.open` for the folder, `no_files` and `folder_too_large`.
    """
    wanted = [part for part in pattern.split("/") if part not in {"", "."}]
    with HeldRoots(roots, home=home) as held:
        opened = held.open_folder(folder)
        try:
            walk = _Walk(is_private=opened.is_private)
            found = _take(walk.find(opened.fd, "", wanted), most=most)
        finally:
            os.close(opened.fd)
    if not found:
        raise FileRefused(
            f"folder holds no file that {pattern} matches; correct the folder or the pattern.", code="no_files"
        )
    prefix = folder.rstrip("/") + "/" if folder.strip("./") else folder if folder.startswith("/") else ""
    return [prefix + path for path in sorted(found)]


def _take(paths: Iterator[str], *, most: int) -> set[str]:
    """Return the paths, each once: a pattern with several `**` may lead to a file in several ways."""
    found: set[str] = set()
    for path in paths:
        found.add(path)
        if len(found) > most:
            raise FileRefused(
                f"folder holds more than {most} files that the pattern matches; narrow it.", code="folder_too_large"
            )
    return found


@dataclass(kw_only=True)
class _Walk:
    """A walk down a folder; every folder is opened in the one above it, so a link put there meanwhile leads nowhere."""

    is_private: Callable[[str], bool]
    looked_at: int = 0

    def find(self, fd: int, place: str, wanted: Sequence[str]) -> Iterator[str]:
        """Yield the files beneath an open folder; `wanted` is what is left of the pattern, a part for each name."""
        if not wanted:
            return
        first, *rest = wanted
        if first == "**":
            if rest:
                yield from self.find(fd, place, rest)
            yield from self._find_in(fd, place, "*", [], deeper=wanted if rest else ["**"], takes_files=not rest)
        else:
            yield from self._find_in(fd, place, first, rest, deeper=[], takes_files=not rest)

    def _find_in(
        self, fd: int, place: str, name_pattern: str, rest: Sequence[str], *, deeper: Sequence[str], takes_files: bool
    ) -> Iterator[str]:
        files, folders = self._list(fd, name_pattern)
        if takes_files:
            yield from (place + name for name in files)
        remaining = rest or deeper
        if not remaining:
            return
        for name in folders:
            inner = place + name
            if self.is_private(inner):
                continue
            try:
                inner_fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=fd)
            except OSError:
                continue  # gone, turned into a link, or closed to the service
            try:
                yield from self.find(inner_fd, inner + "/", remaining)
            finally:
                os.close(inner_fd)

    def _list(self, fd: int, name_pattern: str) -> tuple[list[str], list[str]]:
        matches = _compile(name_pattern)
        files, folders = [], []
        with os.scandir(fd) as entries:
            for entry in entries:
                self.looked_at += 1
                if self.looked_at > MOST_ENTRIES:
                    message = f"folder holds more than {MOST_ENTRIES} names; name a folder further down."
                    raise FileRefused(message, code="folder_too_large")
                if not matches(entry.name):
                    continue
                if entry.is_file(follow_symlinks=False):
                    files.append(entry.name)
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
        return files, folders


@cache
def _compile(name_pattern: str) -> Callable[[str], object]:
    """Return what tells whether a name matches one part of a pattern."""
    matches = re.compile(fnmatch.translate(name_pattern)).match
    if name_pattern.startswith("."):
        return matches
    return lambda name: None if name.startswith(".") else matches(name)
