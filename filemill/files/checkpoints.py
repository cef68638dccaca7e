"""Checkpoints: whole pieces of work that outlive an attempt, so that the next one need not do them again.

They lie outside scratch, by task, generation and what the work is; a piece is synced and comes by a rename, so what is
there is whole. They go when the task ends; `sweep_unreferenced` takes what a dead or late worker left.
"""

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings

from filemill.faultpoints import faultpoint
from filemill.files.directories import make_private_directory, sync_directory
from filemill.files.errors import NO_ROOM
from filemill.files.names import is_uuid
from filemill.processing.bench import Input, Output
from filemill.processing.errors import PieceGone, SystemFault

_SAMPLES: Final = 16
_SAMPLE_BYTES: Final = 64 * 1024
_PART_SUFFIX: Final = ".part"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_COPY_BYTES: Final = 1024 * 1024


class TaskCheckpoints:
    """The checkpoints of one task and generation, for the source behind a descriptor."""

    def __init__(self, task_id: UUID | str, generation: int, *, source_fd: int) -> None:
        self._directory = _root() / str(UUID(str(task_id))) / str(int(generation))
        self._source_fd = source_fd

    def open(self, key: str, *, inputs: Sequence[Input] = ()) -> "PieceShelf":
        """Open the shelf for work that `key` describes, on this source and these further files."""
        files = " ".join(_fingerprint(fd) for fd in (self._source_fd, *(each.fd for each in inputs)))
        described = hashlib.sha256(f"{files} {key}".encode()).hexdigest()
        return PieceShelf(self._directory / described[:32])


class PieceShelf:
    """One directory of pieces; see `filemill.processing.bench.Shelf`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def names(self) -> list[str]:
        """Return the names of the pieces, sorted."""
        try:
            return sorted(name for name in os.listdir(self._directory) if _NAME.fullmatch(name))
        except FileNotFoundError:
            return []

    def keep(self, output: Output, name: str) -> None:
        """Move an output here, durably; raises `SystemFault`, which is passing, when there is no room."""
        place = self._place(name)
        try:
            make_private_directory(self._directory)
            _move_durably(output.path, place)
            sync_directory(self._directory)
        except OSError as error:
            code = "disk_full" if error.errno in NO_ROOM else "storage_error"
            raise SystemFault(f"A checkpoint can't be kept: {error.strerror}.", code=code, is_passing=True) from error
        faultpoint("checkpoint.kept")

    @contextmanager
    def open(self, name: str) -> Iterator[Input]:
        """Open a piece for reading; raises `PieceGone` when it is there no more."""
        try:
            fd = os.open(self._place(name), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError as error:
            raise PieceGone(name) from error
        try:
            yield Input(name=name, media_type="application/octet-stream", size=os.fstat(fd).st_size, fd=fd)
        finally:
            os.close(fd)

    def drop(self, name: str) -> None:
        """Remove a piece; one that is gone is no error."""
        self._place(name).unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove all pieces."""
        shutil.rmtree(self._directory, ignore_errors=True)

    def _place(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} can't be a checkpoint's name: small letters, digits and dashes can.")
        return self._directory / name


def discard(task_id: UUID | str) -> None:
    """Remove all checkpoints of a task, as when it has ended; none is no error."""
    shutil.rmtree(_root() / str(UUID(str(task_id))), ignore_errors=True)


def sweep_unreferenced(*, is_referenced: Callable[[str, int], bool], older_than_seconds: float) -> int:
    """Remove the checkpoints that nobody needs; return of how many generations.

    `is_referenced(task_id, generation)` must be true while that generation of the task may still be executed.
    """
    oldest_kept_at = time.time() - older_than_seconds
    swept = 0
    for directory in _root().glob("*/*"):
        task_id, generation = directory.parent.name, directory.name
        if not is_uuid(task_id) or not generation.isdecimal() or directory.stat().st_mtime > oldest_kept_at:
            continue
        if not is_referenced(task_id, int(generation)):
            shutil.rmtree(directory, ignore_errors=True)
            swept += 1
        with contextlib.suppress(OSError):  # another generation lies there, or it is gone: both are fine
            directory.parent.rmdir()
    return swept


def _root() -> Path:
    return Path(settings.FILEMILL_HOME) / "checkpoints"


def _fingerprint(fd: int) -> str:
    """Tell a source from every other: by its size, its time of change, and samples from all over it.

    A film can be large, so it is not read as a whole: a change that keeps size and time and misses every sample would
    have to be made on purpose, by who may write the source anyway.
    """
    stat = os.fstat(fd)
    digest = hashlib.sha256()
    last = max(0, stat.st_size - _SAMPLE_BYTES)
    for number in range(_SAMPLES):
        digest.update(os.pread(fd, _SAMPLE_BYTES, last * number // (_SAMPLES - 1)))
    return f"{stat.st_size} {stat.st_mtime_ns} {digest.hexdigest()}"


def _move_durably(origin: Path, target: Path) -> None:
    with origin.open("rb") as file:
        os.fsync(file.fileno())
    try:
        origin.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_durably(origin, target)


def _copy_durably(origin: Path, target: Path) -> None:
    staging = target.with_name(f"{target.name}.{secrets.token_hex(4)}{_PART_SUFFIX}")  # another attempt may do the same
    with origin.open("rb") as reading, staging.open("wb") as writing:
        shutil.copyfileobj(reading, writing, _COPY_BYTES)
        writing.flush()
        os.fsync(writing.fileno())
    staging.rename(target)
    origin.unlink()
