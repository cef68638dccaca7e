"""The cage of one worker process: it owns the zygotes, and opens slices."""

import os
from types import TracebackType
from typing import Final, Self

from filemill.processing.cage.ahead import Ahead
from filemill.processing.cage.children import Zygotes
from filemill.processing.cage.fork_server import ForkServer
from filemill.processing.cage.layers import Layers, Mode
from filemill.processing.cage.preload import Preload
from filemill.processing.cage.slices import Slice
from filemill.processing.cage.zygote_client import ZygoteClient

OPERATIONS: Final = "filemill.processing.operations"
CANARIES: Final = "filemill.processing.cage.canaries"
# PyAV loads parts of itself only when it meets a stream of their kind; a sealed child can load nothing.
LIBRARIES: Final = ("pyvips", "pypdfium2", "av.*", "pydantic", "charset_normalizer")
_NOTHING: Final = Preload(libraries=(), packages=(), modules=())


def describe_preload(
    *,
    libraries: tuple[str, ...] = LIBRARIES,
    packages: tuple[str, ...] = (OPERATIONS,),
    preload: tuple[str, ...] | list[str] = (),
) -> Preload:
    """Say what the zygote of a cage loads that is made with the same words, for a fork server that loads it before."""
    return Preload(libraries=libraries, packages=packages, modules=(CANARIES, *preload))


class Cage:
    """The one cage of a worker process. It starts its zygotes when first needed, and again when they have died.

    Make it after the worker was forked: a fork must not share its parent's zygote. A fork server is shared, and made
    before. `packages` are imported with all their modules, `preload` names single modules more (for sealed functions
    that live elsewhere).
    """

    def __init__(
        self,
        *,
        mode: Mode = "auto",
        libraries: tuple[str, ...] = LIBRARIES,
        packages: tuple[str, ...] = (OPERATIONS,),
        preload: tuple[str, ...] | list[str] = (),
        fork_server: ForkServer | None = None,
    ) -> None:
        self._mode: Mode = mode
        self.preload = describe_preload(libraries=libraries, packages=packages, preload=preload)
        self._fork_server = fork_server
        self._zygotes: dict[Preload, ZygoteClient] = {}
        self._ahead = Ahead(self._find_zygotes())
        self._owner_pid = os.getpid()

    def zygote(self) -> ZygoteClient:
        """Return the running zygote of sealed children, started anew when there is none.

        Raises `SystemFault` when it can't start.
        """
        return self._find_zygote(self.preload)

    def tool_zygote(self) -> ZygoteClient:
        """Return the zygote of tools: it loads no library, for a small process forks and executes faster."""
        return self._find_zygote(_NOTHING)

    def _find_zygote(self, preload: Preload) -> ZygoteClient:
        if self._zygotes and os.getpid() != self._owner_pid:
            raise RuntimeError("A fork can't use its parent's cage: make a cage after the fork.")
        self._owner_pid = os.getpid()
        found = self._zygotes.get(preload)
        if found is None or not found.is_alive():
            if found is not None:
                found.close()
            found = self._zygotes[preload] = ZygoteClient(
                preload=preload, mode=self._mode, fork_server=self._fork_server
            )
        return found

    def _find_zygotes(self) -> Zygotes:
        return Zygotes(of_sealed_children=self.zygote, of_tools=self.tool_zygote)

    def layers(self) -> Layers:
        """Return which layers of confinement hold on this machine."""
        return self.zygote().layers

    def open_slice(self) -> Slice:
        """Open a slice: one or more files of one user, worked on one after the other."""
        return Slice(self._find_zygotes(), self.preload, self._ahead)

    def close(self) -> None:
        """End the zygotes and all that runs in the cage."""
        self._ahead.close()
        while self._zygotes:
            self._zygotes.popitem()[1].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
