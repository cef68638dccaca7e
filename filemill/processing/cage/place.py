"""The place of work on one file: what all benches on it share, and what `kill` reaches."""

import itertools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from filemill.processing.bench import Checkpoints, Input, Output
from filemill.processing.cage.ahead import Ahead
from filemill.processing.cage.children import Children
from filemill.processing.cage.evidence import merge_usage
from filemill.processing.cage.output_files import OutputFiles
from filemill.processing.cage.preload import Preload
from filemill.processing.cage.process import ConfinedProcess
from filemill.processing.errors import Cancelled, ProcessingError
from filemill.processing.input_limits import InputLimits


class Place:
    """The children, files and evidence of the work on one file.

    All but `kill` is called in one thread. After `kill`, from any thread, what runs is dead within milliseconds.
    """

    def __init__(
        self,
        *,
        children: Children,
        ahead: Ahead,
        preload: Preload,
        file_name: str,
        inputs: Sequence[Input],
        input_limits: InputLimits,
        scratch: Path,
        checkpoints: Checkpoints | None,
        on_progress: Callable[[float, str], None] | None,
    ) -> None:
        self.children = children
        self.ahead = ahead
        self.preload = preload
        self.inputs = tuple(inputs)
        self.input_limits = input_limits
        self.checkpoints = checkpoints
        self.files = OutputFiles(scratch)
        self.usage: dict[str, Any] = {}
        self._file_name = file_name
        self._scratch = scratch
        self._workspaces = itertools.count(1)
        self._branches = itertools.count(1)
        self._opened = ExitStack()
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._running: ConfinedProcess | None = None
        self._is_killed = False

    def name_workspace(self) -> Path:
        """Return a new path for a workspace; no output can be called like it."""
        return self._scratch / f".workspace-{next(self._workspaces)}"

    def name_branch(self) -> str:
        """Return a new name for the directory of a derived bench; no output can be called like it."""
        return f".step-{next(self._branches)}"

    def open_input(self, source: Output | Input) -> Input:
        """Give an output made before as an input of a derived bench; it is open until the place is closed."""
        if isinstance(source, Input):
            return source
        descriptor = os.open(source.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        self._opened.callback(os.close, descriptor)
        size = os.fstat(descriptor).st_size
        return Input(name=source.name, media_type=source.media_type, size=size, fd=descriptor)

    def close(self) -> None:
        """Close what was opened for derived benches, and remove their directories where nothing is in them."""
        self._opened.close()
        self.files.remove_empty_branches()

    def progress(self, percent: float, message: str) -> None:
        """Tell how much of the task is done, 0 to 100."""
        if self._on_progress is not None:
            self._on_progress(percent, message)

    def kill(self) -> None:
        """Kill whatever runs here, now; may be called from any thread."""
        with self._lock:
            self._is_killed = True
            if self._running is not None:
                self._running.kill()

    def refuse_when_killed(self) -> None:
        """Raise `Cancelled` once the place was killed."""
        if self._is_killed:
            raise Cancelled(f"The work on {self._file_name} was cancelled.")

    @contextmanager
    def supervise(self, process: ConfinedProcess) -> Iterator[None]:
        """Let `kill` reach a process, and keep the evidence of what it used; being killed outweighs any other end."""
        began_cpu_seconds = process.count_cpu_seconds()
        with self._lock:
            self._running = process
            if self._is_killed:  # It came between the last look and now.
                process.kill()
        try:
            yield
        except ProcessingError as error:
            self.refuse_when_killed()
            self.usage = merge_usage(self.usage, process, began_cpu_seconds)
            error.evidence = {**self.usage, **error.evidence}
            raise
        finally:
            with self._lock:
                self._running = None
        self.usage = merge_usage(self.usage, process, began_cpu_seconds)
        self.refuse_when_killed()
