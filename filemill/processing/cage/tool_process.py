"""How a fork of the zygote turns into a tool: descriptors in place, limits and lock on, then exec."""

import fcntl
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from filemill.processing.bench import Limits
from filemill.processing.cage import confinement
from filemill.processing.cage.landlock import LISTEN, READ, RUN, USE, WORK, Grant

FIRST_PASSED: Final = 3
_HIGH: Final = 512


def run_tool_process(request: Mapping[str, Any], descriptors: list[int], *, layers: frozenset[str]) -> NoReturn:
    """Execute a tool.

    The first descriptor becomes its stdout and stderr, the others its 3, 4, 5 and so on; the last is its workspace,
    if it has one, and is not handed on.
    """
    last = 3 + len(descriptors) - 2
    _arrange_descriptors(descriptors[0], descriptors[1:])
    workspace = last if request["has_workspace"] else None
    if workspace is not None:
        os.fchdir(workspace)
        os.set_inheritable(workspace, False)
    limits = Limits(**request["limits"])
    confinement.restore_signals()
    confinement.set_limits(limits, cpu_seconds=limits.cpu_seconds)
    if request["may_fork"]:
        confinement.limit_processes(limits)
    confinement.confine_tool(
        list_grants(request, workspace),
        may_fork=request["may_fork"],
        may_use_unix_sockets=request["may_use_unix_sockets"],
        layers=layers,
    )
    os.execve(request["argv"][0], request["argv"], request["environment"])  # noqa: S606 - this is what the cage is for


def list_grants(request: Mapping[str, Any], workspace: int | None) -> list[Grant]:
    """Return the paths that a tool keeps: programs it may run, what it may read, devices, and its workspace."""
    grants = [
        Grant(path=Path(path), rights=rights)
        for key, rights in (("runs", RUN), ("reads", READ), ("uses", USE))
        for path in request[key]
    ]
    if workspace is not None:
        rights = WORK | LISTEN if request["may_use_unix_sockets"] else WORK
        grants.append(Grant(path=workspace, rights=rights))
    return grants


def _arrange_descriptors(stderr: int, passed: Sequence[int]) -> None:
    """Move all out of the way before placing any, since a descriptor may sit where another belongs."""
    stderr, *high = (fcntl.fcntl(descriptor, fcntl.F_DUPFD, _HIGH) for descriptor in (stderr, *passed))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(stderr, 1)
    os.dup2(stderr, 2)
    for number, descriptor in enumerate(high, start=FIRST_PASSED):
        os.dup2(descriptor, number)
    os.closerange(FIRST_PASSED + len(high), 4096)
