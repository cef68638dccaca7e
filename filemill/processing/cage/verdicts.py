"""From how a confined process ended to the error that says so; pure decisions."""

import re
from typing import Final

from filemill.processing.bench import Limits
from filemill.processing.cage.process import End
from filemill.processing.cage.watching import Finish
from filemill.processing.errors import LimitError, ProcessingError, SystemFault

_MEBIBYTE: Final = 1024**2
# RLIMIT_DATA refuses at about 1.5 to 2 times what is resident: half of the limit in use tells of a refusal.
_NEAR: Final = 0.5
_DATA_NEAR: Final = 0.8
# The kernel's limit counts ticks, and what is told afterwards is finer: it may be a little less than the limit.
_CPU_NEAR: Final = 0.95
# How a refused allocation ends a native library: abort(), a null pointer, or the kernel's own killer.
_MEMORY_SIGNALS: Final = frozenset(("SIGABRT", "SIGSEGV", "SIGBUS", "SIGKILL", "SIGTRAP"))
_MEMORY_WORDS: Final = re.compile(
    r"cannot allocate memory|out of memory|failed to allocate|std::bad_alloc|memory allocation|malloc\w* .*fail"
    "|^MemoryError\\b",  # a tool in Python
    re.IGNORECASE | re.MULTILINE,
)
_DISK_WORDS: Final = re.compile(r"no space left on device", re.IGNORECASE)
_COULD_NOT_START: Final = "filemill: could not start: "


def memory_limit(limits: Limits) -> LimitError:
    """The error of work that needs more memory than it may have."""
    return LimitError(
        f"The work needs more than {limits.memory_bytes // _MEBIBYTE} MiB of memory.", code="memory_limit"
    )


def disk_full() -> SystemFault:
    """The error of an output for which there is no room."""
    return SystemFault("There is no room left to store the output: free disk space.", code="disk_full", is_passing=True)


def judge_finish(finish: Finish, limits: Limits) -> ProcessingError | None:
    """Return the error for a limit that the worker saw broken, or None when none was."""
    if finish is Finish.TIME:
        return LimitError(f"The work took longer than {limits.wall_seconds:g} seconds.", code="time_limit")
    if finish is Finish.CPU:
        return LimitError(f"The work used more than {limits.cpu_seconds} seconds of CPU.", code="time_limit")
    if finish is Finish.SILENT:
        message = f"A single step of the work, such as a page, used more than {limits.silent_cpu_seconds} s of CPU."
        return LimitError(message, code="time_limit")
    if finish is Finish.MEMORY:
        return memory_limit(limits)
    if finish is Finish.OUTPUT:
        return output_limit(limits)
    if finish is Finish.PROCESSES:
        return LimitError(f"The work started more than {limits.processes} processes.", code="process_limit")
    return None


def output_limit(limits: Limits) -> LimitError:
    """The error of outputs that grew too large."""
    return LimitError(f"The output grew beyond {limits.output_bytes // _MEBIBYTE} MiB.", code="output_limit")


def judge_death(end: End, limits: Limits, *, peak_data_bytes: int = 0) -> ProcessingError:
    """Return the error for a process that died without an answer."""
    kernels = _judge_kernel_limits(end, limits)
    if kernels:
        return kernels
    if end.signal_name in _MEMORY_SIGNALS and _lacked_memory(end, limits, peak_data_bytes):
        return memory_limit(limits)
    start, _, reason = end.stderr_tail.rpartition(_COULD_NOT_START)
    if start or reason != end.stderr_tail:
        return SystemFault(f"The cage could not be closed: {reason.strip()}", code="cage_crashed", is_passing=True)
    how = end.signal_name or (f"exit code {end.returncode}" if end.returncode is not None else "its zygote lost")
    return SystemFault(f"The confined process died ({how}).", code="cage_crashed", is_passing=True)


def judge_tool(end: End, limits: Limits, *, peak_data_bytes: int = 0) -> ProcessingError | None:
    """Return the error for a tool's end that is not the caller's to judge, or None."""
    if end.returncode == 0:
        # A tool that catches SIGXCPU may say that all is well with what it had to leave unfinished.
        return judge_finish(Finish.CPU, limits) if end.cpu_seconds >= limits.cpu_seconds else None
    kernels = _judge_kernel_limits(end, limits)
    if kernels:
        return kernels
    if end.cpu_seconds >= _CPU_NEAR * limits.cpu_seconds:  # FFmpeg catches SIGXCPU, and ends with a code of its own.
        return judge_finish(Finish.CPU, limits)
    if _DISK_WORDS.search(end.stderr_tail):
        return disk_full()
    if _lacked_memory(end, limits, peak_data_bytes):
        return memory_limit(limits)
    if end.returncode is None or end.returncode < 0 or _COULD_NOT_START in end.stderr_tail:
        return judge_death(end, limits)
    return None


def _judge_kernel_limits(end: End, limits: Limits) -> ProcessingError | None:
    if end.signal_name == "SIGXCPU":
        return judge_finish(Finish.CPU, limits)
    if end.signal_name == "SIGXFSZ":
        return output_limit(limits)
    return None


def _lacked_memory(end: End, limits: Limits, peak_data_bytes: int) -> bool:
    """Tell whether a failure looks like a refused allocation: by what was in use, and by the last words."""
    return (
        end.peak_memory_bytes >= _NEAR * limits.memory_bytes
        or peak_data_bytes >= _DATA_NEAR * limits.memory_bytes
        or bool(_MEMORY_WORDS.search(end.stderr_tail))
    )
