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
Lock = Mapping[str, Any]
"""The paths that a tool keeps (`runs`, `reads`, `uses`), and whether it `may_fork` and `may_use_unix_sockets`."""


def find_lock(request: Mapping[str, Any]) -> Lock | None:
    """Return how a tool is to be locked, where that can be done before it is asked for: it has no workspace of its own
    to be let into, and no processes that would have to be counted first."""
    if request["has_workspace"] or request["may_fork"]:
        return None
    return {key: request[key] for key in ("runs", "reads", "uses", "may_fork", "may_use_unix_sockets")}


class ToolProcess:
    """A fork of the zygote that is to become a tool; with a lock, it locks itself before it knows its arguments."""

    def __init__(self, *, layers: frozenset[str], lock: Lock | None = None) -> None:
        self._layers = layers
        self._is_locked = lock is not None
        self._nothing = os.open(os.devnull, os.O_RDONLY)
        confinement.restore_signals()
        if lock is not None:
            self._lock(lock, workspace=None)

    def execute(self, request: Mapping[str, Any], descriptors: list[int]) -> NoReturn:
        """Execute the tool.

        The first descriptor becomes its stdout and stderr, the others its 3, 4, 5 and so on; the last is its workspace,
        if it has one, and is not handed on.
        """
        last = 3 + len(descriptors) - 2
        _arrange_descriptors(self._nothing, descriptors[0], descriptors[1:])
        workspace = last if request["has_workspace"] else None
        if workspace is not None:
            os.fchdir(workspace)
            os.set_inheritable(workspace, False)
        limits = Limits(**request["limits"])
        confinement.set_limits(limits, cpu_seconds=limits.cpu_seconds)
        if request["may_fork"]:
            confinement.limit_processes(limits)
        if not self._is_locked:
            self._lock(request, workspace=workspace)
        os.execve(request["argv"][0], request["argv"], request["environment"])  # noqa: S606 - this is what the cage is for

    def _lock(self, lock: Lock, *, workspace: int | None) -> None:
        confinement.confine_tool(
            list_grants(lock, workspace),
            may_fork=lock["may_fork"],
            may_use_unix_sockets=lock["may_use_unix_sockets"],
            layers=self._layers,
        )


def list_grants(lock: Lock, workspace: int | None) -> list[Grant]:
    """Return the paths that a tool keeps: programs it may run, what it may read, devices, and its workspace."""
    grants = [
        Grant(path=Path(path), rights=rights)
        for key, rights in (("runs", RUN), ("reads", READ), ("uses", USE))
        for path in lock[key]
    ]
    if workspace is not None:
        rights = WORK | LISTEN if lock["may_use_unix_sockets"] else WORK
        grants.append(Grant(path=workspace, rights=rights))
    return grants


def _arrange_descriptors(nothing: int, stderr: int, passed: Sequence[int]) -> None:
    """Move all out of the way before placing any, since a descriptor may sit where another belongs."""
    nothing, stderr, *high = (fcntl.fcntl(each, fcntl.F_DUPFD, _HIGH) for each in (nothing, stderr, *passed))
    os.dup2(nothing, 0)
    os.dup2(stderr, 1)
    os.dup2(stderr, 2)
    for number, descriptor in enumerate(high, start=FIRST_PASSED):
        os.dup2(descriptor, number)
    os.closerange(FIRST_PASSED + len(high), 4096)
