"""How a forked child or tool locks itself up, step by step, before it touches a stranger's bytes."""

import errno
import itertools
import os
import resource
import signal
import struct
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from filemill.processing.bench import Limits
from filemill.processing.cage import filters, kernel, landlock, seccomp

_ADDRESS_SPACE_FLOOR_BYTES = 4 * 1024**3
_PROCESS_FLOOD_FACTOR = 8
# Stands in an assembled filter for the pid of the process that will install it: larger than any pid, and found once.
_ANY_PID = 0x7EAD_BEE5


def lead_own_group(parent_pid: int) -> None:
    """Become the head of a session and process group of one's own, which dies with the parent and can't be killed in
    part; be the kernel's first choice when memory runs out."""
    os.setsid()
    kernel.die_with_parent(parent_pid)
    _volunteer_for_oom()


def _volunteer_for_oom() -> None:
    try:
        descriptor = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    except OSError:
        return  # No /proc here: nothing to volunteer to.
    with os.fdopen(descriptor, "wb", buffering=0) as score:
        score.write(b"1000")


def set_limits(limits: Limits, *, cpu_seconds: int, pid: int = 0) -> None:
    """Set the limits that the kernel keeps; they hold for a process (0: this one) and what it starts, and can't be
    raised.

    DATA follows what is really used; address space grows with every thread's arena, so it is only a far backstop.
    """
    _limit(pid, resource.RLIMIT_DATA, limits.memory_bytes)
    _limit(pid, resource.RLIMIT_AS, max(_ADDRESS_SPACE_FLOOR_BYTES, 4 * limits.memory_bytes))
    # At the hard limit the kernel kills; a second before, it says why.
    _limit(pid, resource.RLIMIT_CPU, cpu_seconds, hard_value=cpu_seconds + 1)
    _limit(pid, resource.RLIMIT_FSIZE, limits.output_bytes)
    _limit(pid, resource.RLIMIT_NOFILE, limits.open_files)
    _limit(pid, resource.RLIMIT_CORE, 0)


def limit_processes(limits: Limits) -> None:
    """Set a backstop against a flood of processes, which the worker counts too, but only every 100 ms.

    The kernel counts all that a user runs, so what runs already and room for others comes on top.
    """
    running = count_tasks(os.geteuid())
    _limit(0, resource.RLIMIT_NPROC, running + _PROCESS_FLOOD_FACTOR * limits.processes)


def count_tasks(uid: int) -> int:
    """Return how many threads of a user run, in all of this machine that can be seen."""
    return sum(_count_threads(Path("/proc", name), uid) for name in os.listdir("/proc") if name.isdecimal())


def _count_threads(process: Path, uid: int) -> int:
    try:
        return len(os.listdir(process / "task")) if process.stat().st_uid == uid else 0
    except OSError:
        return 0  # It has ended since, or is not ours to look at.


def _limit(pid: int, what: int, value: int, *, hard_value: int | None = None) -> None:
    """Lower a limit; one that was lower already stays."""
    wanted = (value, value if hard_value is None else hard_value)
    _, given = resource.prlimit(pid, what)
    soft, hard = (limit if given == resource.RLIM_INFINITY else min(limit, given) for limit in wanted)
    resource.prlimit(pid, what, (soft, hard))


def restore_signals() -> None:
    """Undo Python's own dispositions: a broken size limit or pipe must end the process by a signal that shows which.

    Python ignores SIGXFSZ and SIGPIPE, and a tool would inherit that: it would see an errno, and report what it likes.
    """
    for number in (signal.SIGXFSZ, signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGXCPU):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def seal(*, channel: int, layers: frozenset[str]) -> None:
    """Lock a sealed child: no paths, no sockets, no processes; only its channel and the descriptors it is handed.

    `layers` names what this machine can do, as the probe found; a failure here is an `OSError`, never a weaker lock.
    """
    kernel.forbid_new_privileges()
    if "landlock" in layers:
        landlock.restrict()
    if "seccomp" in layers:
        seccomp.install_code(_with_own_pid(_assemble_for_sealed_child(channel)))


def confine_tool(
    grants: Sequence[landlock.Grant], *, may_fork: bool, may_use_unix_sockets: bool, layers: frozenset[str]
) -> None:
    """Lock a tool before it is executed: it may use what it is granted and nothing else."""
    kernel.forbid_new_privileges()
    if "landlock" in layers:
        landlock.restrict(grants)
    if "seccomp" in layers:
        seccomp.install_code(_with_own_pid(_assemble_for_tool(may_fork, may_use_unix_sockets)))


def assemble_filters(*, channel: int) -> None:
    """Assemble all filters once, before any child is forked: it takes longer than all else that a child does."""
    _assemble_for_sealed_child(channel)
    for may_fork, may_use_unix_sockets in itertools.product((False, True), repeat=2):
        _assemble_for_tool(may_fork, may_use_unix_sockets)


@cache
def _assemble_for_sealed_child(channel: int) -> bytes:
    rules = filters.for_sealed_child(channel=channel, pid=_ANY_PID)
    return seccomp.assemble_here(rules, default=seccomp.refuse(errno.EPERM))


@cache
def _assemble_for_tool(may_fork: bool, may_use_unix_sockets: bool) -> bytes:
    rules = filters.for_tool(pid=_ANY_PID, may_fork=may_fork, may_use_unix_sockets=may_use_unix_sockets)
    return seccomp.assemble_here(rules, default=seccomp.ALLOW)


def _with_own_pid(code: bytes) -> bytes:
    return code.replace(struct.pack("=I", _ANY_PID), struct.pack("=I", os.getpid()))
