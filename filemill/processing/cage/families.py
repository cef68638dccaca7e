"""Processes and their descendants, as /proc tells of them, and what they use together."""

import os
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PAGE_BYTES: Final = resource.getpagesize()
_MOST_LOOKED_AT: Final = 4096
_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
# After the name, which is in brackets and may hold anything: state, parent, group, and from 11 on the times.
_TIMES: Final = slice(11, 15)
_BIRTH: Final = 19


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a family of processes uses: how many they are, the memory they hold, the CPU time they and theirs took."""

    processes: int
    memory_bytes: int
    cpu_seconds: float


def list_children(pid: int) -> list[int]:
    """Return the children of a process, by all its threads; none when it is gone."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    return [child for thread in threads for child in _list_thread_children(pid, thread)]


def _list_thread_children(pid: int, thread: str) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{thread}/children").read_text().split()]
    except OSError:
        return []  # It has ended since.


def list_descendants(pid: int) -> list[int]:
    """Return a process and all that descend from it, the first few thousand.

    While they fork, some may be missed or be there no more.
    """
    found = {pid: None}
    waiting = [pid]
    while waiting and len(found) < _MOST_LOOKED_AT:
        children = [child for child in list_children(waiting.pop()) if child not in found]
        found.update(dict.fromkeys(children))
        waiting += children
    return list(found)


def leads_session(pid: int) -> bool:
    """Tell whether a process is the head of its session; one that is gone is not."""
    try:
        return os.getsid(pid) == pid
    except OSError:
        return False


def find_birth(pid: int) -> int:
    """Return when a process was started, in ticks since the machine was; 0 when there is none of this number."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[_BIRTH])
    except OSError:
        return 0


def measure(pids: list[int]) -> Usage:
    """Add up what processes use; one that has ended since counts for nothing."""
    return Usage(
        processes=len(pids),
        memory_bytes=sum(_measure_memory(pid) for pid in pids),
        cpu_seconds=sum(_measure_cpu(pid) for pid in pids),
    )


def _measure_memory(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0


def _measure_cpu(pid: int) -> float:
    """Return its own time and that of its children which it has waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(ticks) for ticks in fields[_TIMES]) / _TICKS_PER_SECOND
