"""What /proc tells of the service: its processes by class, the CPU time they took, and the memory they hold."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filemill.processing.cage.families import list_descendants

TICKS: Final = os.sysconf("SC_CLK_TCK")
PROC: Final = Path("/proc")


@dataclass(frozen=True, kw_only=True)
class Process:
    """A running process; its CPU seconds hold those of children that have ended."""

    pid: int
    parent: int
    command: str
    cpu_seconds: float


def read_process(pid: int) -> Process | None:
    """Read one process; None when it has ended."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
        command = (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return parse_stat(pid, text, command)


def parse_stat(pid: int, text: str, command: str) -> Process:
    """Read /proc/PID/stat, whose second field may hold anything, brackets and blanks too."""
    fields = text.rpartition(")")[2].split()
    ticks = sum(int(field) for field in fields[11:15])
    return Process(pid=pid, parent=int(fields[1]), command=command, cpu_seconds=ticks / TICKS)


def list_tree(root: int) -> Iterator[Process]:
    """The process and all its descendants, parents before children."""
    return (found for pid in list_descendants(root) if (found := read_process(pid)) is not None)


def name_class(part: str, process: Process, *, root: int) -> str:
    """Tell to which class a process of a part of the service belongs."""
    if part != "worker":
        return part
    if process.pid == root:
        return "worker main"
    if "celery" in process.command:
        return "worker pool"
    return "cage"


def measure_cpu(parts: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds until now by class of process."""
    return _sum(parts, lambda process: process.cpu_seconds)


def measure_memory(parts: Mapping[str, int]) -> dict[str, float]:
    """Megabytes (proportional set size) by class of process."""
    return _sum(parts, lambda process: read_pss_bytes(process.pid) / 1e6)


def _sum(parts: Mapping[str, int], figure: Callable[[Process], float]) -> dict[str, float]:
    sums: dict[str, float] = defaultdict(float)
    for part, root in parts.items():
        for process in list_tree(root):
            sums[name_class(part, process, root=root)] += figure(process)
    return dict(sums)


def read_pss_bytes(pid: int) -> int:
    """The memory of a process, with its share of what it shares; 0 when it has ended."""
    try:
        text = (PROC / str(pid) / "smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return parse_pss(text)


def parse_pss(text: str) -> int:
    """Read `Pss:` from smaps_rollup, in bytes; a process without memory of its own has none."""
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
