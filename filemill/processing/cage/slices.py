"""A slice: the work on a few files of one user, which share a sealed child as long as it behaves."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from filemill.processing.bench import Checkpoints, Input, Limits
from filemill.processing.cage.ahead import Ahead
from filemill.processing.cage.children import Children, Zygotes
from filemill.processing.cage.place import Place
from filemill.processing.cage.preload import Preload
from filemill.processing.cage.slice_bench import SliceBench
from filemill.processing.input_limits import InputLimits


class Slice:
    """A few files of one user, one after the other. No other slice ever sees this one's sealed child."""

    def __init__(self, zygotes: Zygotes, preload: Preload, ahead: Ahead) -> None:
        self._children = Children(zygotes)
        self._preload = preload
        self._ahead = ahead

    def open_bench(
        self,
        *,
        source_fd: int,
        media_type: str,
        file_name: str,
        scratch: Path,
        limits: Limits,
        input_limits: InputLimits | None = None,
        inputs: Sequence[Input] = (),
        checkpoints: Checkpoints | None = None,
        on_progress: Callable[[float, str], None] | None = None,
    ) -> SliceBench:
        """Open the bench of one file. Its descriptor and those of `inputs` stay the caller's; outputs go to `scratch`.

        `on_progress` is called with percent (0 to 100) and a message, in the thread that runs the call.
        """
        place = Place(
            children=self._children,
            ahead=self._ahead,
            preload=self._preload,
            file_name=file_name,
            inputs=inputs,
            scratch=scratch,
            input_limits=input_limits or InputLimits(),
            checkpoints=checkpoints,
            on_progress=on_progress,
        )
        size = os.fstat(source_fd).st_size
        source = Input(name=file_name, media_type=media_type, size=size, fd=source_fd)
        return SliceBench(place, source=source, file_name=file_name, limits=limits)

    def close(self) -> None:
        """End the slice and its sealed child."""
        self._children.drop_sealed_child()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
