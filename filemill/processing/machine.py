"""What this machine has, or the container in which we run."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_CONTAINER_LIMITS: Final = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Of control groups in their second version and their first."""


def find_memory_bytes(limits: Sequence[Path] = _CONTAINER_LIMITS) -> int:
    """Return the memory that may be used in all."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return int(min([machine, *(_read_limit(place) for place in limits)]))


def _read_limit(place: Path) -> float:
    """Return a container's limit in bytes; without one, or where it can't be read, infinity."""
    try:
        return float(place.read_text(encoding="ascii").replace("max", "inf"))
    except (OSError, ValueError):
        return float("inf")
