"""The cage of one worker process: it owns the zygote, and opens slices."""

import os
from types import TracebackType
from typing import Final, Self

from filemill.processing.cage.ahead import Ahead
from filemill.processing.cage.layers import Layers, Mode
from filemill.processing.cage.slices import Slice
from filemill.processing.cage.zygote_client import Preload, ZygoteClient

OPERATIONS: Final = "filemill.processing.operations"
CANARIES: Final = "filemill.processing.cage.canaries"
# PyAV loads parts of itself only when it meets a stream of their kind; a sealed child can load nothing.
LIBRARIES: Final = ("pyvips", "pypdfium2", "av.*", "pydantic", "charset_normalizer")


class Cage:
    """The one cage of a worker process. It starts its zygote when first needed, and again when that has died.

    Make it after the worker was forked: a fork must not share its parent's zygote. `packages` are imported with all
    their modules, `preload` names single modules more (for sealed functions that live elsewhere).
    """

    def __init__(
        self,
        *,
        mode: Mode = "auto",
        libraries: tuple[str, ...] = LIBRARIES,
        packages: tuple[str, ...] = (OPERATIONS,),
        preload: tuple[str, ...] | list[str] = (),
    ) -> None:
        self._mode: Mode = mode
        self.preload = Preload(libraries=libraries, packages=packages, modules=(CANARIES, *preload))
        self._zygote: ZygoteClient | None = None
        self._ahead = Ahead(self.zygote)
        self._owner_pid = os.getpid()

    def zygote(self) -> ZygoteClient:
        """Return the running zygote, started anew when there is none. Raises `SystemFault` when it can't start."""
        if self._zygote is not None and os.getpid() != self._owner_pid:
            raise RuntimeError("A fork can't use its parent's cage: make a cage after the fork.")
        if self._zygote is None or not self._zygote.is_alive():
            self.close()
            self._owner_pid = os.getpid()
            self._zygote = ZygoteClient(preload=self.preload, mode=self._mode)
        return self._zygote

    def layers(self) -> Layers:
        """Return which layers of confinement hold on this machine."""
        return self.zygote().layers

    def open_slice(self) -> Slice:
        """Open a slice: one or more files of one user, worked on one after the other."""
        return Slice(self.zygote, self.preload, self._ahead)

    def close(self) -> None:
        """End the zygote and all that runs in the cage."""
        self._ahead.close()
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
