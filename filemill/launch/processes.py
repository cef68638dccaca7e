"""Starting child processes that die with their parent, as the least privileged user that works."""

import ctypes
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from filemill.launch.errors import LaunchError

NOBODY = 65534
CAP_DAC_OVERRIDE = 1
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)


def spawn(
    argv: Sequence[str],
    *,
    death_signal: signal.Signals,
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
    output: int | IO[bytes] | None = None,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start `argv` in a session of its own; when this process dies, however it dies, the child gets `death_signal`.

    Call it from the main thread: the kernel binds the signal to the life of the thread that forks.
    """
    parent = os.getpid()

    def bind_to_parent() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        # The parent may have died between the fork and the line above; then nobody would ever send the signal.
        if os.getppid() != parent:
            os._exit(1)

    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        env=environ,
        cwd=directory,
        pass_fds=pass_fds,
        start_new_session=True,
        preexec_fn=bind_to_parent,  # noqa: PLW1509 - the supervisor has one thread
    )


def end_with_parent() -> None:
    """Be told to stop (SIGTERM) when the process that started this one dies."""
    _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


def become_subreaper() -> None:
    """Let orphaned grandchildren fall to this process, so that it can find and end them."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def as_server_user(argv: Sequence[str], *, death_signal: signal.Signals) -> list[str]:
    """How to run `argv` as a user that PostgreSQL accepts: as we are, or for root as nobody.

    PostgreSQL refuses to run as root. Nobody keeps one capability, dac_override, so that it reaches the data inside a
    home that is closed to everybody but root; no user is made and no mode is changed.
    Raises LaunchError (`no_setpriv`, `no_dac_override`).
    """
    if os.geteuid() != 0:
        return list(argv)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise LaunchError(
            "As root Filemill needs the program setpriv to start PostgreSQL; install the package util-linux, "
            "or run Filemill as an ordinary user.",
            code="no_setpriv",
        )
    if not may_override_permissions(Path("/proc/self/status").read_text(encoding="ascii")):
        raise LaunchError(
            "As root Filemill needs the capability DAC_OVERRIDE to start PostgreSQL, and this container dropped it; "
            "run Filemill as an ordinary user.",
            code="no_dac_override",
        )
    only_override = "-all,+dac_override"
    return [
        setpriv,
        *(f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
        *(
            f"--inh-caps={only_override}",
            f"--ambient-caps={only_override}",
            f"--bounding-set={only_override}",
        ),
        "--no-new-privs",
        # The kernel forgets the death signal when the user changes: setpriv sets it again afterwards.
        *("--pdeathsig", death_signal.name.removeprefix("SIG")),
        *argv,
    ]


def may_override_permissions(status: str) -> bool:
    """Whether the bounding set in the text of /proc/self/status holds DAC_OVERRIDE."""
    for line in status.splitlines():
        name, _, value = line.partition(":")
        if name == "CapBnd":
            return bool(int(value, 16) >> CAP_DAC_OVERRIDE & 1)
    return False


def signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal everything in the session of a process that `spawn` started; nothing left there is no error."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
