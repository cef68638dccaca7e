"""Capacity on this machine for work that takes much: memory below a budget, and slots that long work leaves to others.

Who has capacity holds the lock of a small file in FILEMILL_HOME. The kernel lets go of it when its process ends in
whichever way, so capacity is never lost.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings

from filemill.processing.machine import find_memory_bytes
from filemill.processing.operations.planning import Cost
from filemill.tasks.node import node

HEAVY_BYTES: Final = 256 * 1024**2
"""Below this nothing is counted: the share of the machine that is not in the budget is for it."""
SHARE_OF_MEMORY: Final = 0.6


@dataclass(frozen=True, kw_only=True)
class Free:
    """What one more piece of work may take here."""

    memory_bytes: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class _Held:
    memory_bytes: int
    is_long_here: bool


def is_heavy(cost: Cost) -> bool:
    """Say whether work needs capacity at all."""
    return cost.memory_bytes >= HEAVY_BYTES or is_long(cost)


def is_long(cost: Cost) -> bool:
    """Say whether work takes so long that it must leave a slot to others."""
    return 0 < settings.FILEMILL_LONG_SECONDS <= cost.cpu_seconds


def find_free() -> Free:
    """Return what is free now; it may be gone when it is asked for."""
    with _locked() as directory:
        return _count_free(_list_held(directory))


@contextmanager
def take(cost: Cost) -> Iterator[bool]:
    """Take capacity for the time of the work; False where there is none. What needs none always has it."""
    if not is_heavy(cost):
        yield True
        return
    with _locked() as directory:
        free = _count_free(_list_held(directory))
        fits = cost.memory_bytes <= free.memory_bytes and (not is_long(cost) or cost.cpu_seconds <= free.seconds)
        taken = _write(directory, cost) if fits else None
    if taken is None:
        yield False
        return
    path, descriptor = taken
    try:
        yield True
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def find_budget() -> int:
    """Return the bytes that heavy work may take in all: the setting, or a share of what the machine has."""
    if settings.FILEMILL_MEMORY_MB:
        return int(settings.FILEMILL_MEMORY_MB) * 1024**2
    return int(SHARE_OF_MEMORY * find_memory_bytes())


def _count_free(held: list[_Held]) -> Free:
    """Count what is left. Where nobody holds any, the largest work may begin: it would wait for ever otherwise."""
    long_places = max(1, node.concurrency - 1)
    return Free(
        memory_bytes=find_budget() - sum(each.memory_bytes for each in held) if held else 2**62,
        seconds=float("inf") if sum(each.is_long_here for each in held) < long_places else 0.0,
    )


@contextmanager
def _locked() -> Iterator[Path]:
    directory = Path(settings.FILEMILL_HOME) / "capacity"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield directory
    finally:
        os.close(descriptor)


def _list_held(directory: Path) -> list[_Held]:
    return [held for path in directory.iterdir() if (held := _read(path)) is not None]


def _read(path: Path) -> _Held | None:
    """Read what somebody holds; what nobody holds any more is cleared away."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None  # its holder has just ended; it unlinks without our lock
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        memory_bytes, long_of = os.read(descriptor, 100).split()
        return _Held(memory_bytes=int(memory_bytes), is_long_here=int(long_of) == node.pid)
    else:
        path.unlink(missing_ok=True)
        return None
    finally:
        os.close(descriptor)


def _write(directory: Path, cost: Cost) -> tuple[Path, int]:
    path = directory / str(os.getpid())
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.write(descriptor, f"{cost.memory_bytes} {node.pid if is_long(cost) else 0}".encode())
    return path, descriptor
