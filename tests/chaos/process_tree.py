"""Who started whom: the processes above one, and those below some."""

import os
from pathlib import Path


def list_ancestors(pid: int) -> list[int]:
    found = []
    while pid > 1:
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            break
        found.append(pid)
    return found


def list_children(pids: list[int]) -> list[int]:
    """Return the children of these processes, whichever thread gave birth to them; none of those that are gone."""
    return [child for pid in pids for thread in _list_threads(pid) for child in _read_children(pid, thread)]


def _list_threads(pid: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{pid}/task")
    except (FileNotFoundError, ProcessLookupError):
        return []


def _read_children(pid: int, thread: str) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{thread}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
