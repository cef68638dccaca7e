"""The outputs of one bench: their names are judged and their files opened here, by the worker alone."""

import errno
import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from filemill.processing import media
from filemill.processing.bench import Limits, Output
from filemill.processing.cage import verdicts
from filemill.processing.errors import ProcessingError, SystemFault

MAXIMUM_OUTPUTS: Final = 1000
_NAME: Final = re.compile(r"[^\W_][\w.-]*")
"""Letters and digits of any script, as `operations.naming` makes them of the input's name."""
MAXIMUM_NAME_BYTES: Final = 200
"""Well below the 255 of file systems: the storage puts endings and numbers to it."""


class OutputFiles:
    """The output files of one bench, in the order of their making, in its scratch directory.

    A bench that is derived from it has a branch: a directory beneath, so that two steps may call their outputs alike.
    What a branch holds counts as its trunk's too.
    """

    def __init__(self, scratch: Path, *, trunk: "OutputFiles | None" = None) -> None:
        self._scratch = scratch
        self._all: list[Output] = [] if trunk is None else trunk._all  # noqa: SLF001  one list for trunk and branches
        self._branches: list[Path] = [] if trunk is None else trunk._branches  # noqa: SLF001  as well
        self._is_trunk = trunk is None

    def branch(self, name: str) -> "OutputFiles":
        """Make a directory beneath for a derived bench; no output can be called like `name`."""
        directory = self._scratch / name
        try:
            directory.mkdir(mode=0o700)
        except OSError as error:
            raise explain(error, name) from error
        self._branches.append(directory)
        return OutputFiles(directory, trunk=self)

    def remove_empty_branches(self) -> None:
        """Remove the directories of derived benches whose outputs are all discarded."""
        for directory in reversed(self._branches):
            with suppress(OSError):  # it holds something, or is gone
                directory.rmdir()

    @property
    def kept(self) -> list[Output]:
        """The outputs: of a branch its own, of the trunk all."""
        return [output for output in self._all if self._is_trunk or output.path.is_relative_to(self._scratch)]

    def create(self, name: str, media_type: str) -> tuple[Output, int]:
        """Make an empty file, readable by the owner alone; return it with a descriptor to write to (and read).

        Raises `ValueError` for a name, type or number of outputs that is not allowed.
        """
        output = self._judge(name, media_type)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(output.path, flags, 0o600)
        except OSError as error:
            raise explain(error, name) from error
        self._all.append(output)
        return output, descriptor

    def open_blank(self) -> int | None:
        """Open a file that has no name yet, and goes when nobody gives it one; None where file systems know no such.

        Raises `ProcessingError` when none can be made.
        """
        try:
            return os.open(self._scratch, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if error.errno in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL):
                return None
            raise explain(error, "without a name") from error

    def name_blank(self, blank: int, name: str, media_type: str) -> Output:
        """Make an output of what was opened without a name; raises `ValueError` as `create` does."""

        def move(path: Path) -> None:
            try:
                # Only with a directory does Python follow the link in /proc; the absolute path makes it of no account.
                os.link(f"/proc/self/fd/{blank}", path, src_dir_fd=blank, follow_symlinks=True)
            except OSError as error:
                raise explain(error, name) from error

        return self.adopt(name, media_type, move=move)

    def adopt(self, name: str, media_type: str, *, move: Callable[[Path], None]) -> Output:
        """Take a file that a tool has made among the outputs; `move` puts it into its place, or raises.

        Raises `ValueError` as `create` does.
        """
        output = self._judge(name, media_type)
        move(output.path)
        self._all.append(output)
        return output

    def _judge(self, name: str, media_type: str) -> Output:
        if not _NAME.fullmatch(name) or len(name.encode()) > MAXIMUM_NAME_BYTES:
            raise ValueError(f"{name!r} can't be an output's name: letters, digits, dot, dash and underscore can.")
        if media_type not in media.OUTPUT_TYPES:
            raise ValueError(f"{media_type!r} is not a type of output that Filemill makes.")
        if len(self._all) >= MAXIMUM_OUTPUTS:
            raise ValueError(f"A run makes at most {MAXIMUM_OUTPUTS} outputs.")
        path = self._scratch / name
        if any(output.path == path for output in self._all):
            raise ValueError(f"There is an output called {name!r} already.")
        return Output(name=name, media_type=media_type, path=path)

    def discard(self, output: Output) -> None:
        """Forget an output and remove its file."""
        self._all[:] = [kept for kept in self._all if kept is not output]
        output.path.unlink(missing_ok=True)

    def count_bytes(self) -> int:
        """Return the size of all outputs together; what other steps made is theirs, and under their limits."""
        return sum(_measure(output.path) for output in self.kept)

    def check_size(self, limits: Limits, *, before_bytes: int = 0) -> None:
        """Raise `LimitError` when the outputs together, but for so many bytes, are larger than one may be.

        A single one is not looked at: the process that filled it was held to the limit by the kernel (RLIMIT_FSIZE).
        """
        if len(self.kept) > 1 and self.count_bytes() - before_bytes > limits.output_bytes:
            raise verdicts.output_limit(limits)


def _measure(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0  # moved to where it is kept


def explain(error: OSError, name: str) -> ProcessingError:
    """Return the error of processing for a file in scratch that can't be made."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return verdicts.disk_full()
    message = f"The output {name} can't be made in scratch: {error.strerror}."
    return SystemFault(message, code="storage_error", is_passing=True)
