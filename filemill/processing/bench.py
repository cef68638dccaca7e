"""The bench: what an operation is given to work with on one file.

An operation's `run` is trusted code in the worker. It never touches the file's bytes itself: it asks the bench to run
a *sealed function* (libvips, PDFium, PyAV, plain Python) in the cage, or to run a *tool* (FFmpeg) under the cage's
exec zygote, and sees only the JSON facts that come back.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from filemill.processing.input_limits import InputLimits


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one run in the cage may use; breaking any of them ends it with a `LimitError`."""

    memory_bytes: int = 512 * 1024**2
    cpu_seconds: int = 60
    wall_seconds: float = 120.0
    output_bytes: int = 2 * 1024**3
    open_files: int = 64
    silent_cpu_seconds: float | None = None
    """CPU time that a sealed function may use without telling progress: for work that tells it page by page, so that
    one page can't take the time of thousands."""
    processes: int = 64
    """How many processes a tool that may fork has at a time, itself among them."""


@dataclass(kw_only=True)
class Output:
    """One output file in the making: it lies in the run's scratch directory until it is published."""

    name: str
    media_type: str
    path: Path
    facts: dict[str, Any] = field(default_factory=dict)
    """What a client may want to know of it: width, height (pixels), duration (seconds), pages."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """Another input file of the task, as the worker holds it: open for reading only."""

    name: str
    media_type: str
    size: int
    fd: int


class Workspace(Protocol):
    """A directory that a tool may read and write beneath, made for one bench and gone with it.

    A tool that is given one finds it as its working directory; names are relative to it. The absolute path is of no
    use to the tool, which may not be able to pass the directories above: `/proc/self/cwd` is, where one is asked for.
    """

    path: Path

    def add(self, source: "Output | Input | None", name: str) -> str:
        """Put the bench's own input (None), another input or an output made before into the workspace, read-only.

        It lies there as a copy called `name`; the relative name is returned.
        """
        ...

    def write(self, name: str, data: bytes) -> str:
        """Put a small file of the worker's own making into the workspace: a list of segments, a setting."""
        ...

    def names(self) -> list[str]:
        """Return the regular files beneath, relative and sorted; what begins with a dot is a tool's own affair."""
        ...

    def size_of(self, name: str) -> int:
        """Return the size in bytes of a regular file beneath; anything else is refused, as by `take`."""
        ...

    def take(self, name: str, *, output_name: str, media_type: str) -> "Output":
        """Move a file that a tool made among the outputs.

        Anything but a regular file, a link, and one that is too large is refused with a `ProcessingError`.
        """
        ...

    def copy_out(self, name: str, *, output_name: str, media_type: str) -> "Output":
        """Copy a file that a tool has finished among the outputs, and remove it; also while the tool is at work.

        The copy is out of the tool's reach. What `take` refuses is refused here, too.
        """
        ...


class Shelf(Protocol):
    """The pieces of one kind of work: they fit together, since the source and all that was asked for are the same.

    Two attempts may be at it at once, when one is only taken for lost: a name that each makes its own harms neither.
    """

    def names(self) -> list[str]:
        """Return the names of the pieces, sorted; each is whole."""
        ...

    def keep(self, output: "Output", name: str) -> None:
        """Move an output here, durably and at once; it is an output no more. A piece of that name is replaced."""
        ...

    def open(self, name: str) -> AbstractContextManager["Input"]:
        """Open a piece for reading; raises `PieceGone` when it is there no more."""
        ...

    def drop(self, name: str) -> None:
        """Remove a piece; one that is gone is no error."""
        ...

    def clear(self) -> None:
        """Remove all pieces."""
        ...


class Checkpoints(Protocol):
    """What an attempt leaves behind for the next one of the same task, should its worker die: whole pieces of work."""

    def open(self, key: str, *, inputs: "Sequence[Input]" = ()) -> Shelf:
        """Open the shelf for work that `key` describes; source and `inputs` are part of it without being named."""
        ...


class SealedOutput(Protocol):
    """An output as the sealed function sees it: a descriptor to write to, and facts to tell."""

    fd: int
    facts: dict[str, Any]


class SealedCall(Protocol):
    """What a sealed function is given inside the cage: no path, no name, only descriptors."""

    source_fd: int
    """The input, opened read-only at offset 0."""
    source_size: int
    input_fds: Sequence[int]
    """The further inputs of the call, in their order, each opened read-only at offset 0."""
    input_sizes: Sequence[int]
    arguments: Mapping[str, Any]

    def create_output(self, name: str, media_type: str) -> SealedOutput:
        """Ask the worker for an empty output file."""
        ...

    def progress(self, fraction: float, message: str = "") -> None:
        """Tell how much of this call is done, 0.0 to 1.0; that all is done is heard with the answer."""
        ...


SealedFunction = Callable[[SealedCall], dict[str, Any]]
"""A module-level function of `filemill.processing.operations…`, called in the cage by its name; it returns JSON-able
facts and raises `ProcessingError`s, which reach the worker with their code, message and evidence."""


@dataclass(frozen=True, kw_only=True)
class ToolExit:
    """How a tool ended; `stderr_tail` is its last 8 KiB of standard error."""

    returncode: int
    stderr_tail: str


class Bench(Protocol):
    """One file's place of work in the worker."""

    media_type: str
    """The input's media type, as its content shows it."""
    file_name: str
    """The input's name, for naming outputs; never a path."""
    source_size: int
    input_limits: InputLimits
    """What a file may ask for at the most on this installation."""
    inputs: Sequence[Input]
    """The other input files of the task, in the order that the client gave them."""
    checkpoints: Checkpoints | None
    """Where work is kept for the next attempt; None where there is none, or the input is not the task's own."""

    @property
    def outputs(self) -> Sequence[Output]:
        """The outputs so far, in the order of their making; what a call has made comes last."""
        ...

    def call(
        self,
        function: SealedFunction,
        arguments: Mapping[str, Any] | None = None,
        *,
        source: Output | Input | None = None,
        inputs: Sequence[Output | Input] = (),
        share: tuple[float, float] = (0.0, 100.0),
        limits: Limits | None = None,
    ) -> dict[str, Any]:
        """Run a sealed function on the input (or another, or an output made before) in the cage; return its facts.

        `share` is the part of the bench's progress, in percent, that the call's 0.0–1.0 covers. The function finds
        `inputs` as `input_fds`.
        """
        ...

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
        """Run a tool under the cage's exec zygote.

        The tool finds the input at descriptor 3 (read-only, offset 0), a pipe whose lines go to `on_line` at 4, the
        outputs, in order, from 5 on, and `inputs` (read-only) after them. With a `workspace` it works in that
        directory, and may read and write beneath it alone. A return code other than 0 is the caller's to judge; a
        broken limit raises `LimitError`, a missing tool `SystemFault`.
        """
        ...

    def open_workspace(self, *, tool: str | None = None) -> AbstractContextManager[Workspace]:
        """Make a directory for tools to work in; it is removed with all that was left there.

        Name the `tool` that is to work in it where that is one which is slow to start, such as LibreOffice: it may
        have been started ahead, and its first run in this workspace then begins at once.
        """
        ...

    def derive(
        self,
        output: Output | None,
        *,
        file_name: str | None = None,
        limits: Limits | None = None,
        share: tuple[float, float] = (0.0, 100.0),
        inputs: "Sequence[Output | Input | None] | None" = None,
    ) -> "Bench":
        """Return the same place of work with an output made before (or, for None, with the same input) as its input.

        Kill, usage and progress are shared; what it makes is its own and this bench's, and may be called like what
        this bench has made. `share` is the part of this bench's progress, in percent, that the derived one's 0–100
        covers; `inputs` are its further files (None among them is this
        bench's own input), those of this bench when left out.
        """
        ...

    def create_output(self, name: str, media_type: str) -> Output:
        """Make an empty output file in scratch, to be filled by a tool."""
        ...

    def discard(self, output: Output) -> None:
        """Drop an output that is not to be published."""
        ...

    def take_over(self, output: Output) -> Output:
        """Make an output of another bench on the same file one of this bench: of work done for several at once."""
        ...

    def note(self, **facts: str | float) -> None:
        """Add facts to the evidence of the attempt, such as where it took up the work of another."""
        ...

    def progress(self, percent: float, message: str = "") -> None:
        """Tell how much of the bench's work is done, 0 to 100."""
        ...
