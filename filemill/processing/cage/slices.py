"""A slice: the work on a few files of one user, which share a sealed child as long as it behaves."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from filemill.processing.bench import Limits
from filemill.processing.cage.children import Children
from filemill.processing.cage.slice_bench import SliceBench
from filemill.processing.cage.zygote_client import Preload, ZygoteClient
from filemill.processing.input_limits import InputLimits


class Slice:
    """A few files of one user, one after the other. No other slice ever sees this one's sealed child."""

    def __init__(self, find_zygote: Callable[[], ZygoteClient], preload: Preload) -> None:
        self._children = Children(find_zygote)
        self._preload = preload

    def open_bench(
        self,
        *,
        source_fd: int,
        media_type: str,
        file_name: str,
        scratch: Path,
        limits: Limits,
        input_limits: InputLimits | None = None,
        on_progress: Callable[[float, str], None] | None = None,
    ) -> SliceBench:
        """Open the bench of one file. `source_fd` stays the caller's; outputs are made in `scratch`.

        `on_progress` is called with percent (0 to 100) and a message, in the thread that runs the call.
        """
        return SliceBench(
            children=self._children,
            preload=self._preload,
            source_fd=source_fd,
            media_type=media_type,
            file_name=file_name,
            scratch=scratch,
            limits=limits,
            input_limits=input_limits or InputLimits(),
            on_progress=on_progress,
        )

    def close(self) -> None:
        """End the slice and its sealed child."""
        self._children.drop_sealed_child()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
