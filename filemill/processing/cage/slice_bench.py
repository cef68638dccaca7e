"""The bench of one file: it runs sealed functions and tools in the cage for an operation in the worker."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filemill.processing.bench import Checkpoints, Input, Limits, Output, SealedFunction, ToolExit, Workspace
from filemill.processing.cage.ahead import Waiting
from filemill.processing.cage.output_files import OutputFiles, explain
from filemill.processing.cage.place import Place
from filemill.processing.cage.sealed_run import SealedRun
from filemill.processing.cage.sources import measure, open_anew
from filemill.processing.cage.tool_run import ToolRun
from filemill.processing.cage.workspace import WorkspaceDirectory, make_directory, remove_directory

WHOLE = (0.0, 100.0)


class SliceBench:
    """One file's place of work with one of its files as the input; see `filemill.processing.bench.Bench`.

    All but `kill` is called in one thread. After `kill`, from any thread, what runs is dead within milliseconds, and
    this call and every later one raises `Cancelled`.
    """

    def __init__(
        self,
        place: Place,
        *,
        source: Input | Output,
        file_name: str,
        limits: Limits,
        share: tuple[float, float] = WHOLE,
        trunk: "SliceBench | None" = None,
        inputs: Sequence[Input] | None = None,
    ) -> None:
        self.media_type = source.media_type
        self.input_limits = place.input_limits
        self.file_name = file_name
        self.source_size = measure(source)
        self.inputs: Sequence[Input] = place.inputs if inputs is None else inputs
        self._is_trunk = trunk is None
        self._files: OutputFiles = place.files if trunk is None else trunk._files.branch(place.name_branch())  # noqa: SLF001  its kin
        # What is kept belongs to the task's own file; a derived input is made anew by every attempt.
        self.checkpoints: Checkpoints | None = place.checkpoints if isinstance(source, Input) else None
        self._place = place
        self._source = source
        self._limits = limits
        self._share = share

    @property
    def outputs(self) -> list[Output]:
        """The outputs so far, in the order of their making."""
        return list(self._files.kept)

    @property
    def usage(self) -> dict[str, Any]:
        """The evidence so far: `peak_memory_bytes`, `cpu_seconds`, and of the last process that ended or failed
        `exit_code`, `signal` and `stderr_tail`."""
        return dict(self._place.usage)

    def derive(
        self,
        output: Output | None,
        *,
        file_name: str | None = None,
        limits: Limits | None = None,
        share: tuple[float, float] = WHOLE,
        inputs: Sequence[Output | Input | None] | None = None,
    ) -> "SliceBench":
        """Return the same place of work with another input; see the protocol."""
        return SliceBench(
            self._place,
            source=self._source if output is None else output,
            file_name=file_name or (self.file_name if output is None else output.name),
            limits=limits or self._limits,
            share=(self._scale(share[0]), self._scale(share[1])),
            trunk=self,
            inputs=self.inputs if inputs is None else [self._place.open_input(each or self._source) for each in inputs],
        )

    def call(
        self,
        function: SealedFunction,
        arguments: Mapping[str, Any] | None = None,
        *,
        source: Output | Input | None = None,
        inputs: Sequence[Output | Input] = (),
        share: tuple[float, float] = WHOLE,
        limits: Limits | None = None,
    ) -> dict[str, Any]:
        """Run a sealed function in the cage and return its facts; see the protocol."""
        module, name = self._name(function)
        # Limits of its own are for what the call makes: a probe of a film may write little, however large the film is.
        before_bytes = 0 if limits is None else self._files.count_bytes()
        limits = limits or self._limits
        with ExitStack() as opened:
            sources = [opened.enter_context(self._open_source(each)) for each in (source, *inputs)]
            self._place.refuse_when_killed()
            child = self._place.children.take_sealed_child(limits)
            tell = self._scale_progress(share)
            run = SealedRun(child, limits=limits, before_bytes=before_bytes, files=self._files, tell=tell)
            try:
                with self._place.supervise(child.process):
                    return run.call(module, name, arguments or {}, sources=sources)
            except BaseException:
                self._place.children.drop_sealed_child()
                run.discard_outputs()
                raise

    def run_tool(
        self,
        tool: str,
        arguments: Sequence[str],
        *,
        outputs: Sequence[Output] = (),
        inputs: Sequence[Output | Input] = (),
        workspace: Workspace | None = None,
        on_line: Callable[[str], None] | None = None,
        limits: Limits | None = None,
    ) -> ToolExit:
        """Run a tool under the cage's exec zygote; see the protocol. A tool that Filemill doesn't know: `KeyError`."""
        directory = _as_directory(workspace)
        run = ToolRun(tool, arguments, limits=limits or self._limits, files=self._files, workspace=directory)
        with ExitStack() as opened:
            sources = [opened.enter_context(self._open_source(each)) for each in (None, *inputs)]
            reader, writer = opened.enter_context(_open_pipe())
            self._place.refuse_when_killed()
            if directory is not None:
                opened.enter_context(directory.use())
            waiting = directory.waiting if directory is not None and not outputs and not inputs else None
            if waiting is not None and waiting.suits(tool, limits or self._limits):
                process, reader = waiting.process, waiting.lines
                waiting.tell(arguments)
            else:
                process = run.start(self._place.children, sources=sources, outputs=outputs, lines=writer)
            with self._place.supervise(process):
                return run.wait(process, lines=reader, on_line=on_line)

    @contextmanager
    def open_workspace(self, *, tool: str | None = None) -> Iterator[Workspace]:
        """Make a directory for tools to work in; it is removed with all that was left there. See the protocol."""
        if tool is None:
            with self._keep_workspace(None) as directory:
                yield directory
            return
        with self._keep_workspace(self._place.ahead.take(tool, self._limits)) as directory:
            yield directory
        self._place.ahead.prepare(tool, self._limits)

    @contextmanager
    def _keep_workspace(self, waiting: Waiting | None) -> Iterator[WorkspaceDirectory]:
        """Make a workspace, or take that of a tool which was started ahead, and clear it away."""
        if waiting is not None:
            path, descriptor, clear_away = waiting.path, waiting.descriptor, waiting.close
        else:
            path = self._place.name_workspace()
            descriptor = self._make_directory(path)
            clear_away = partial(remove_directory, path, descriptor)
        directory = WorkspaceDirectory(
            path,
            descriptor,
            clear_away=clear_away,
            limits=self._limits,
            files=self._files,
            open_source=self._open_source,
        )
        directory.waiting = waiting
        try:
            yield directory
        finally:
            directory.close()

    def _make_directory(self, path: Path) -> int:
        try:
            return make_directory(path, uid=self._place.children.find_uid())
        except OSError as error:
            raise explain(error, "workspace") from error

    def create_output(self, name: str, media_type: str) -> Output:
        """Make an empty output file in scratch, to be filled by a tool; `ValueError` for what is not allowed."""
        output, descriptor = self._files.create(name, media_type)
        os.close(descriptor)
        return output

    def discard(self, output: Output) -> None:
        """Drop an output that is not to be published."""
        self._files.discard(output)

    def take_over(self, output: Output) -> Output:
        """Make an output of another bench on the same file one of this bench; `ValueError` for a name that is taken."""
        taken = self._files.adopt(output.name, output.media_type, move=lambda path: os.replace(output.path, path))
        taken.facts.update(output.facts)
        self._files.discard(output)
        return taken

    def progress(self, percent: float, message: str = "") -> None:
        """Tell how much of the bench's work is done, 0 to 100."""
        self._place.progress(self._scale(percent), message)

    def note(self, **facts: str | float) -> None:
        """Add facts to the evidence of the attempt."""
        self._place.usage = {**self._place.usage, **facts}

    def kill(self) -> None:
        """Kill whatever runs here, now; may be called from any thread."""
        self._place.kill()

    def close(self) -> None:
        """Leave the bench. The slice's sealed child lives on for the next file; the outputs stay in scratch."""
        if self._is_trunk:
            self._place.close()
            self._place.children.finish_file()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _name(self, function: SealedFunction) -> tuple[str, str]:
        module, name = function.__module__, function.__qualname__
        if "." in name or not self._place.preload.allows(module):
            raise ValueError(f"{module}.{name} can't be called in the cage: the zygote loads {self._place.preload}.")
        return module, name

    def _open_source(self, source: Output | Input | None) -> AbstractContextManager[int]:
        return open_anew(self._source if source is None else source)

    def _scale(self, percent: float) -> float:
        begin, end = self._share
        return begin + (end - begin) * percent / 100.0

    def _scale_progress(self, share: tuple[float, float]) -> Callable[[float, str], None]:
        begin, end = share
        return lambda fraction, message: self.progress(begin + (end - begin) * fraction, message)


def _as_directory(workspace: Workspace | None) -> WorkspaceDirectory | None:
    if workspace is None or isinstance(workspace, WorkspaceDirectory):
        return workspace
    raise TypeError("A tool works in a workspace that its bench has opened.")


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
