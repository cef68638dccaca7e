"""The bench of one file: it runs sealed functions and tools in the cage for an operation in the worker."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filemill.processing.bench import Limits, Output, SealedFunction, ToolExit
from filemill.processing.cage.children import Children
from filemill.processing.cage.evidence import merge_usage
from filemill.processing.cage.output_files import OutputFiles
from filemill.processing.cage.process import ConfinedProcess
from filemill.processing.cage.sealed_run import SealedRun
from filemill.processing.cage.sources import open_anew, open_output
from filemill.processing.cage.tool_run import ToolRun
from filemill.processing.cage.zygote_client import Preload
from filemill.processing.errors import Cancelled, ProcessingError
from filemill.processing.input_limits import InputLimits


class SliceBench:
    """One file's place of work; see `filemill.processing.bench.Bench`.

    All but `kill` is called in one thread. After `kill`, from any thread, what runs is dead within milliseconds, and
    this call and every later one raises `Cancelled`.
    """

    def __init__(
        self,
        *,
        children: Children,
        preload: Preload,
        source_fd: int,
        media_type: str,
        file_name: str,
        scratch: Path,
        limits: Limits,
        input_limits: InputLimits,
        on_progress: Callable[[float, str], None] | None,
    ) -> None:
        self.media_type = media_type
        self.input_limits = input_limits
        self.file_name = file_name
        self.source_size = os.fstat(source_fd).st_size
        self._children = children
        self._preload = preload
        self._source_fd = source_fd
        self._limits = limits
        self._on_progress = on_progress
        self._files = OutputFiles(scratch)
        self._lock = threading.Lock()
        self._running: ConfinedProcess | None = None
        self._is_killed = False
        self._usage: dict[str, Any] = {}

    @property
    def outputs(self) -> list[Output]:
        """The outputs so far, in the order of their making."""
        return list(self._files.kept)

    @property
    def usage(self) -> dict[str, Any]:
        """The evidence so far: `peak_memory_bytes`, `cpu_seconds`, and of the last process that ended or failed
        `exit_code`, `signal` and `stderr_tail`."""
        return dict(self._usage)

    def call(
        self,
        function: SealedFunction,
        arguments: Mapping[str, Any] | None = None,
        *,
        source: Output | None = None,
        share: tuple[float, float] = (0.0, 100.0),
        limits: Limits | None = None,
    ) -> dict[str, Any]:
        """Run a sealed function in the cage and return its facts; see the protocol."""
        module, name = self._name(function)
        limits = limits or self._limits
        with self._open_source(source) as descriptor:
            self._refuse_when_killed()
            child = self._children.take_sealed_child(limits)
            run = SealedRun(child, limits=limits, files=self._files, tell=self._scale_progress(share))
            try:
                with self._supervise(child.process):
                    return run.call(module, name, arguments or {}, source=descriptor)
            except BaseException:
                self._children.drop_sealed_child()
                run.discard_outputs()
                raise

    def run_tool(
        self,
        tool: str,
        arguments: Sequence[str],
        *,
        outputs: Sequence[Output] = (),
        on_line: Callable[[str], None] | None = None,
        limits: Limits | None = None,
    ) -> ToolExit:
        """Run a tool under the cage's exec zygote; see the protocol. A tool that Filemill doesn't know: `KeyError`."""
        run = ToolRun(tool, arguments, limits=limits or self._limits, files=self._files)
        with self._open_source(None) as descriptor, _open_pipe() as (reader, writer):
            self._refuse_when_killed()
            process = run.start(self._children, source=descriptor, outputs=outputs, lines=writer)
            with self._supervise(process):
                return run.wait(process, lines=reader, on_line=on_line)

    def create_output(self, name: str, media_type: str) -> Output:
        """Make an empty output file in scratch, to be filled by a tool; `ValueError` for what is not allowed."""
        output, descriptor = self._files.create(name, media_type)
        os.close(descriptor)
        return output

    def discard(self, output: Output) -> None:
        """Drop an output that is not to be published."""
        self._files.discard(output)

    def progress(self, percent: float, message: str = "") -> None:
        """Tell how much of the task is done, 0 to 100."""
        if self._on_progress is not None:
            self._on_progress(percent, message)

    def kill(self) -> None:
        """Kill whatever runs here, now; may be called from any thread."""
        with self._lock:
            self._is_killed = True
            if self._running is not None:
                self._running.kill()

    def close(self) -> None:
        """Leave the bench. The slice's sealed child lives on for the next file; the outputs stay in scratch."""
        self._children.finish_file()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _name(self, function: SealedFunction) -> tuple[str, str]:
        module, name = function.__module__, function.__qualname__
        if "." in name or not self._preload.allows(module):
            raise ValueError(f"{module}.{name} can't be called in the cage: the zygote loads {self._preload}.")
        return module, name

    def _open_source(self, source: Output | None) -> AbstractContextManager[int]:
        return open_anew(self._source_fd) if source is None else open_output(source.path)

    def _scale_progress(self, share: tuple[float, float]) -> Callable[[float, str], None]:
        begin, end = share
        return lambda fraction, message: self.progress(begin + (end - begin) * fraction, message)

    def _refuse_when_killed(self) -> None:
        if self._is_killed:
            raise Cancelled(f"The work on {self.file_name} was cancelled.")

    @contextmanager
    def _supervise(self, process: ConfinedProcess) -> Iterator[None]:
        """Let `kill` reach a process, and keep the evidence of what it used; being killed outweighs any other end."""
        began_cpu_seconds = process.count_cpu_seconds()
        with self._lock:
            self._running = process
            if self._is_killed:  # It came between the last look and now.
                process.kill()
        try:
            yield
        except ProcessingError as error:
            self._refuse_when_killed()
            self._usage = merge_usage(self._usage, process, began_cpu_seconds)
            error.evidence = {**self._usage, **error.evidence}
            raise
        finally:
            with self._lock:
                self._running = None
        self._usage = merge_usage(self._usage, process, began_cpu_seconds)
        self._refuse_when_killed()


@contextmanager
def _open_pipe() -> Iterator[tuple[int, int]]:
    """Give a pipe whose reading end does not block."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    try:
        yield reader, writer
    finally:
        os.close(reader)
        os.close(writer)
