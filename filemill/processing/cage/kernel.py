"""The few calls to the kernel that Python's standard library does not offer, each raising `OSError`."""

import ctypes
import os
import select
import signal
from pathlib import Path
from typing import Final

_libc: Final = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

PR_SET_PDEATHSIG: Final = 1
PR_GET_SECCOMP: Final = 21
PR_SET_SECCOMP: Final = 22
PR_CAPBSET_DROP: Final = 24
PR_SET_CHILD_SUBREAPER: Final = 36
PR_SET_NO_NEW_PRIVS: Final = 38
_CLONE_NEWIPC: Final = 0x08000000
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_LAST_CAPABILITY: Final = 63
_LINUX_CAPABILITY_VERSION_3: Final = 0x20080522
_SYS_CAPSET: Final = {"x86_64": 126, "aarch64": 91}


def prctl(option: int, *arguments: int) -> int:
    """Call prctl(2); unused arguments are 0."""
    padded = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    result = int(_libc.prctl(ctypes.c_int(option), *padded))
    if result < 0:
        raise _last_error()
    return result


def call_kernel(number: int, *arguments: object) -> int:
    """Call syscall(2) with ctypes values or ints."""
    wide = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result = int(_libc.syscall(ctypes.c_long(number), *wide))
    if result < 0:
        raise _last_error()
    return result


def die_with_parent(parent_pid: int, *, by: signal.Signals = signal.SIGKILL) -> None:
    """Ask for a signal when the thread that made this process ends; exits at once if that already happened.

    The wish is not inherited by fork and is lost when the uid changes: every process asks for itself, last.
    """
    prctl(PR_SET_PDEATHSIG, by)
    if os.getppid() != parent_pid:
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that none can get away."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)


def enter_own_namespaces(uid: int, gid: int) -> None:
    """Move into a user, network and IPC namespace of one's own, with the same ids: no network, and nobody to talk to.

    What is won in rights over those namespaces is given up again. Call it in a process without threads.
    """
    if _libc.unshare(ctypes.c_int(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC)) < 0:
        raise _last_error()
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    drop_capabilities()


def is_readable(descriptor: int, *, seconds: float = 0.0) -> bool:
    """Tell whether something can be read, or was hung up, within a time; of a pidfd, whether its process has ended."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(1000 * seconds))


def forbid_new_privileges() -> None:
    """Give up gaining rights by executing set-uid files; seccomp and Landlock demand it."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Give up every capability: root without them still owns root's files, but rules nothing."""
    for capability in range(_LAST_CAPABILITY + 1):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:
            break  # Past the last capability of this kernel, or not ours to drop from the bounding set.
    header = (ctypes.c_uint32 * 2)(_LINUX_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    call_kernel(_SYS_CAPSET[os.uname().machine], ctypes.byref(header), ctypes.byref(nothing))


def _last_error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
