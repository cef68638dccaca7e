"""One file handed in and worked on, as a worker does it: door, slice, bench, operation; and what was left behind."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from filemill.processing.bench import Output
from filemill.processing.cage import Cage, SliceBench
from filemill.processing.cage.families import list_descendants
from filemill.processing.errors import Cancelled, ProcessingError
from filemill.processing.input_limits import InputLimits
from filemill.processing.media import HEAD_BYTES, SVG_TYPE, sniff, task_type_of
from filemill.processing.operations import Operation, for_task_type
from filemill.processing.operations.checking import check

How = Literal["refused", "failed", "completed", "stopped"]
Door = Callable[[Path, str], str | None]
"""Looks at a file that is said to be of a task type; gives the code of its refusal."""

FAULT_OF_OURS: Final = "internal_error"
MOST_WAITING: Final = 12
"""Processes of a cage that has nothing to do: two zygotes, their spare children, and a LibreOffice."""
END_SECONDS: Final = 3.0


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How it went: `code` is empty for a completed file; `left` names what should be gone and is not."""

    how: How
    code: str
    message: str
    seconds: float
    evidence: Mapping[str, Any]
    outputs: tuple[Output, ...] = ()
    result: Mapping[str, Any] = field(default_factory=dict)
    left: tuple[str, ...] = ()

    @property
    def signal(self) -> str | None:
        """The signal that ended the confined process, if one did."""
        found = self.evidence.get("signal")
        return str(found) if found else None


def knock(path: Path, task_type: str, *, reads_svg: bool = False) -> str | None:
    """Judge as the door does: by content, before anything is stored."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        return "empty_file"
    media_type = sniff(head, path.name)
    if media_type is None or (media_type == SVG_TYPE and not reads_svg):
        return "unsupported_format"
    return None if task_type_of(media_type) == task_type else "type_mismatch"


class Trials:
    """Runs one file after another in one cage. Work that takes longer than `patience_seconds` is stopped."""

    input_limits = InputLimits()
    """What the installation allows; the door is told of it on its own."""

    def __init__(self, cage: Cage, scratch: Path, *, patience_seconds: float = 30.0, door: Door = knock) -> None:
        self._cage = cage
        self._scratch = scratch
        self.patience_seconds = patience_seconds
        self._door = door
        self._count = 0

    def run(
        self,
        path: Path,
        task_type: str,
        options: Mapping[str, object] | None = None,
        *,
        operation: Operation[Any] | None = None,
    ) -> Ended:
        """Hand in a file and work on it to the end, whatever that is."""
        began = time.monotonic()
        code = self._door(path, task_type)
        if code is not None:
            return Ended(how="refused", code=code, message="", seconds=time.monotonic() - began, evidence={})
        operation = operation or for_task_type(task_type)
        with path.open("rb") as file:
            media_type = str(sniff(file.read(HEAD_BYTES), path.name))
        if media_type not in operation.media_types:
            return Ended(how="refused", code="type_mismatch", message="", seconds=0.0, evidence={})
        self._count += 1
        scratch = self._scratch / str(self._count)
        scratch.mkdir()
        zygotes, descriptors_before = self._find_zygotes(), list_descriptors()
        ended = self._work(path, operation, options or {}, scratch, began)
        kept = {output.path.name for output in ended.outputs}
        left = [f"file {entry.name}" for entry in scratch.iterdir() if entry.name not in kept]
        left += ["a dead zygote"] if self._find_zygotes() != zygotes else []
        left += [f"process {pid}" for pid in self._find_holders(path, scratch)]
        left += [f"descriptor of {name}" for name in leave_out_waiting(list_descriptors() - descriptors_before)]
        return Ended(**{**ended.__dict__, "left": tuple(left)})

    def _work(
        self, path: Path, operation: Operation[Any], options: Mapping[str, object], scratch: Path, began: float
    ) -> Ended:
        checked = check(operation, options)
        if checked.options is None:
            raise ValueError(f"the options are wrong: {checked.problems}")
        usage: dict[str, Any] = {}

        def end(how: How, code: str = "", message: str = "", **more: Any) -> Ended:
            return Ended(how=how, code=code, message=message, seconds=time.monotonic() - began, **more)

        try:
            with self._open_bench(path, operation, scratch, usage) as bench:
                result = operation.run(bench, checked.options)
                return end("completed", evidence=bench.usage, outputs=tuple(bench.outputs), result=result)
        except Cancelled:
            return end("stopped", "stopped", evidence=usage)
        except ProcessingError as error:
            return end("failed", error.code, error.message, evidence={**usage, **error.evidence})
        except Exception as error:  # noqa: BLE001 - a worker calls whatever it is its own fault
            return end("failed", FAULT_OF_OURS, f"{type(error).__name__}: {error}", evidence=usage)

    @contextmanager
    def _open_bench(
        self, path: Path, operation: Operation[Any], scratch: Path, usage: dict[str, Any]
    ) -> Iterator[SliceBench]:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as source, self._cage.open_slice() as files:
            media_type = sniff(os.pread(descriptor, HEAD_BYTES, 0), path.name)
            bench = files.open_bench(
                source_fd=source.fileno(),
                media_type=str(media_type),
                file_name=path.name,
                scratch=scratch,
                limits=operation.limits,
                input_limits=self.input_limits,
            )
            stop = threading.Timer(self.patience_seconds, bench.kill)
            stop.start()
            try:
                yield bench
            except BaseException:
                for output in bench.outputs:  # as the worker does with an attempt that failed
                    bench.discard(output)
                raise
            finally:
                stop.cancel()
                usage.update(bench.usage)
                bench.close()

    def _find_zygotes(self) -> tuple[int, int]:
        return self._cage.zygote().pid, self._cage.tool_zygote().pid

    def _find_holders(self, path: Path, scratch: Path) -> list[int]:
        """Give the cage's processes that still have to do with a file, and all of them when they get many.

        A few wait for files to come: the spare child of each zygote, and a tool that was started ahead.
        """
        ends_at = time.monotonic() + END_SECONDS
        while True:
            family = [pid for zygote in self._find_zygotes() for pid in list_descendants(zygote)]
            found = [pid for pid in family if len(family) > MOST_WAITING or holds_open(pid, path, scratch)]
            if not found or time.monotonic() > ends_at:
                return found
            time.sleep(0.01)  # what was dismissed is dead within moments, and nothing tells of it


def holds_open(pid: int, path: Path, scratch: Path) -> bool:
    """Tell whether a process has the file or anything in the scratch directory open, or works there."""
    try:
        links = [*Path(f"/proc/{pid}/fd").iterdir(), Path(f"/proc/{pid}/cwd")]
        targets = [os.readlink(link) for link in links]
    except OSError:
        return False  # it has ended
    return any(target == str(path) or target.startswith(str(scratch)) for target in targets)


def leave_out_waiting(names: set[str]) -> set[str]:
    """Leave out what belongs to a tool that was started ahead and waits: its workspace, its pidfd and three pipes."""
    if not any("/filemill-ahead-" in name for name in names):
        return names
    rest = {name for name in names if "/filemill-ahead-" not in name}
    for kind, count in (("anon_inode:[pidfd]", 1), ("pipe:", 3)):
        rest -= set(sorted(name for name in rest if kind in name)[:count])
    return rest


def list_descriptors() -> set[str]:
    """Give what this process holds open, by its targets."""
    names: dict[str, str] = {}
    for entry in Path("/proc/self/fd").iterdir():
        try:
            names[entry.name] = os.readlink(entry)
        except OSError:
            continue  # that of the listing itself
    return {f"{number} {target}" for number, target in names.items() if not target.startswith("/proc/")}
