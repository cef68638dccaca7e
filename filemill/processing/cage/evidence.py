"""What the work on a file has used, and how its last process ended: the evidence that an attempt keeps."""

from collections.abc import Mapping
from typing import Any

from filemill.processing.cage.process import ConfinedProcess


def merge_usage(usage: Mapping[str, Any], process: ConfinedProcess, began_cpu_seconds: float) -> dict[str, Any]:
    """Add what a process used since a moment to what was used before.

    Keys: `peak_memory_bytes` (the highest of all processes), `cpu_seconds` (of all together), `exit_code` and `signal`
    of the last process that has ended, and the `stderr_tail` of the last that said something.
    """
    end = process.known_end
    peak = end.peak_memory_bytes if end else process.find_peak_memory_bytes()
    cpu_seconds = end.cpu_seconds if end else process.count_cpu_seconds()
    merged = {
        **usage,
        "peak_memory_bytes": max(usage.get("peak_memory_bytes", 0), peak),
        "cpu_seconds": round(usage.get("cpu_seconds", 0.0) + max(0.0, cpu_seconds - began_cpu_seconds), 6),
    }
    if end:
        merged["exit_code"] = end.returncode if end.signal_name is None else None
        merged["signal"] = end.signal_name
    if process.stderr_tail:
        merged["stderr_tail"] = process.stderr_tail
    return merged
