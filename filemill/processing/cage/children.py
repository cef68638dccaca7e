"""The processes of one slice: its sealed child, kept between files, and its tools, started one by one."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from filemill.processing.bench import Limits
from filemill.processing.cage.process import ConfinedProcess
from filemill.processing.cage.sealed_child import SealedChild
from filemill.processing.cage.zygote_client import ZygoteClient
from filemill.processing.cage.zygote_process import ZygoteLost
from filemill.processing.errors import SystemFault

Started = TypeVar("Started")


@dataclass(frozen=True, kw_only=True)
class Zygotes:
    """How the zygotes of a cage are found, started where they are not running."""

    of_sealed_children: Callable[[], ZygoteClient]
    of_tools: Callable[[], ZygoteClient]


class Children:
    """Starts the processes of one slice."""

    def __init__(self, zygotes: Zygotes) -> None:
        self._zygotes = zygotes
        self._sealed: SealedChild | None = None

    def find_uid(self) -> int | None:
        """Return the user id that what runs here has, or None when it is the worker's own."""
        return self._zygotes.of_tools().uid

    def finish_file(self) -> None:
        """Note that the sealed child, if there is one, has seen one more file."""
        if self._sealed is not None:
            self._sealed.files += 1

    def take_sealed_child(self, limits: Limits) -> SealedChild:
        """Return the slice's sealed child: a new one when there is none, or it has served its time."""
        if self._sealed is not None and not self._sealed.suits(limits):
            self.drop_sealed_child()
        if self._sealed is None:
            self._sealed = _start(self._zygotes.of_sealed_children, lambda zygote: SealedChild(zygote, limits))
        return self._sealed

    def drop_sealed_child(self) -> None:
        """End the sealed child; the next call gets a new one."""
        if self._sealed is not None:
            child, self._sealed = self._sealed, None
            child.close()

    def start_tool(self, request: Mapping[str, Any], descriptors: Sequence[int]) -> ConfinedProcess:
        """Execute a tool; `descriptors` become its 3, 4, 5 and so on and stay the caller's to close."""
        reader, writer = os.pipe()
        try:
            return _start(
                self._zygotes.of_tools, lambda zygote: _execute(zygote, request, [writer, *descriptors], reader)
            )
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)


def _start(find_zygote: Callable[[], ZygoteClient], start: Callable[[ZygoteClient], Started]) -> Started:
    """Start a process; when the zygote is found dead only now, once more with a new one."""
    try:
        return start(find_zygote())
    except ZygoteLost:
        pass
    try:
        return start(find_zygote())
    except ZygoteLost as error:
        message = f"The cage's zygote died twice in a row: {error}."
        raise SystemFault(message, code="cage_crashed", is_passing=True) from error


def _execute(
    zygote: ZygoteClient, request: Mapping[str, Any], descriptors: Sequence[int], stderr: int
) -> ConfinedProcess:
    pid, (pidfd,) = zygote.start(request, descriptors)
    return ConfinedProcess(zygote, pid=pid, pidfd=pidfd, stderr=stderr)
