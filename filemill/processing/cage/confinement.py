"""How a forked child or tool locks itself up, step by step, before it touches a stranger's bytes."""

import errno
import os
import resource
import signal
from collections.abc import Sequence
from pathlib import Path

from filemill.processing.bench import Limits
from filemill.processing.cage import filters, kernel, landlock, seccomp

_ADDRESS_SPACE_FLOOR_BYTES = 4 * 1024**3


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


def set_limits(limits: Limits, *, cpu_seconds: int) -> None:
    """Set the limits that the kernel keeps; they hold for this process and what it starts, and can't be raised.

    DATA follows what is really used; address space grows with every thread's arena, so it is only a far backstop.
    """
    _limit(resource.RLIMIT_DATA, limits.memory_bytes)
    _limit(resource.RLIMIT_AS, max(_ADDRESS_SPACE_FLOOR_BYTES, 4 * limits.memory_bytes))
    # At the hard limit the kernel kills; a second before, it says why.
    _limit(resource.RLIMIT_CPU, cpu_seconds, hard_value=cpu_seconds + 1)
    _limit(resource.RLIMIT_FSIZE, limits.output_bytes)
    _limit(resource.RLIMIT_NOFILE, limits.open_files)
    _limit(resource.RLIMIT_CORE, 0)


def _limit(what: int, value: int, *, hard_value: int | None = None) -> None:
    """Lower a limit; one that was lower already stays."""
    wanted = (value, value if hard_value is None else hard_value)
    _, given = resource.getrlimit(what)
    soft, hard = (limit if given == resource.RLIM_INFINITY else min(limit, given) for limit in wanted)
    resource.setrlimit(what, (soft, hard))


def restore_signals() -> None:
    """Undo Python's own dispositions: a broken size limit or pipe must end the process by a signal that shows which.

    Python ignores SIGXFSZ and SIGPIPE, and a tool would inherit that: it would see an errno, and report what it likes.
    """
    for number in (signal.SIGXFSZ, signal.SIGPIPE, signal.SIGINT, signal.SIGXCPU):
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
        seccomp.install(filters.for_sealed_child(channel=channel, pid=os.getpid()), default=seccomp.refuse(errno.EPERM))


def confine_tool(files: Sequence[Path], *, may_fork: bool, layers: frozenset[str]) -> None:
    """Lock a tool before it is executed: it may read and execute its own files and nothing else."""
    kernel.forbid_new_privileges()
    if "landlock" in layers:
        landlock.restrict(files)
    if "seccomp" in layers:
        seccomp.install(filters.for_tool(pid=os.getpid(), may_fork=may_fork), default=seccomp.ALLOW)
