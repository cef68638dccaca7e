"""One run of a tool: its descriptors are prepared, its lines are passed on, and its end is judged."""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Final

from filemill.processing.bench import Limits, Output, ToolExit
from filemill.processing.cage import tools, verdicts
from filemill.processing.cage.children import Children
from filemill.processing.cage.output_files import OutputFiles
from filemill.processing.cage.process import ConfinedProcess
from filemill.processing.cage.tool_request import describe_execution
from filemill.processing.cage.watching import Finish, Watch
from filemill.processing.cage.workspace import WorkspaceDirectory

_LINE_BYTES: Final = 4096


class LineReader:
    """Cuts what comes through a pipe into lines; a line that is too long is dropped with what follows of it."""

    def __init__(self, descriptor: int, on_line: Callable[[str], None]) -> None:
        self._descriptor = descriptor
        self._on_line = on_line
        self._rest = b""

    def read(self) -> bool:
        """Pass on the lines that have come; return False, since no line is an answer."""
        try:
            said = os.read(self._descriptor, 64 * 1024)
        except BlockingIOError:
            return False
        *lines, rest = (self._rest + said).split(b"\n")
        self._rest = rest[:_LINE_BYTES]
        for line in lines:
            self._on_line(line[:_LINE_BYTES].decode(errors="replace"))
        return False


class ToolRun:
    """A tool's run, from its start to its judgement."""

    def __init__(
        self,
        tool: str,
        arguments: Sequence[str],
        *,
        limits: Limits,
        files: OutputFiles,
        workspace: WorkspaceDirectory | None,
    ) -> None:
        self._tool = tools.TOOLS[tool]
        self._command = tools.find_command(self._tool)
        self._arguments = arguments
        self._limits = limits
        self._files = files
        self._workspace = workspace

    def start(
        self, children: Children, *, sources: Sequence[int], outputs: Sequence[Output], lines: int
    ) -> ConfinedProcess:
        """Execute the tool with the first source at 3, the pipe for lines at 4, the outputs and then the other sources
        from 5 on."""
        request = describe_execution(
            self._tool, self._command, self._arguments, limits=self._limits, has_workspace=self._workspace is not None
        )
        with ExitStack() as opened:
            descriptors = [sources[0], lines]
            for output in outputs:
                descriptors.append(os.open(output.path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW))
                opened.callback(os.close, descriptors[-1])
            descriptors += sources[1:]
            if self._workspace is not None:
                descriptors.append(self._workspace.descriptor)
            return children.start_tool(request, descriptors)

    def _count_bytes(self) -> int:
        return self._files.count_bytes() + (self._workspace.count_bytes() if self._workspace is not None else 0)

    def wait(self, process: ConfinedProcess, *, lines: int, on_line: Callable[[str], None] | None) -> ToolExit:
        """Wait for the tool's end. Raises `ProcessingError` for a broken limit or a death; it is always dead after."""
        reader = LineReader(lines, on_line or (lambda _line: None))
        watch = Watch(
            process=process,
            limits=self._limits,
            readers={lines: reader.read},
            count_output_bytes=self._count_bytes,
            has_family=self._tool.may_fork,
        )
        try:
            finish = watch.wait()
        finally:
            end = process.end()
        broken = verdicts.judge_finish(finish, self._limits) or verdicts.judge_tool(
            end, self._limits, peak_data_bytes=watch.peak_data_bytes
        )
        if broken:
            raise broken
        if finish is not Finish.ENDED or end.returncode is None:
            raise verdicts.judge_death(end, self._limits)
        if self._count_bytes() > self._limits.output_bytes:
            raise verdicts.output_limit(self._limits)
        return ToolExit(returncode=end.returncode, stderr_tail=end.stderr_tail)
