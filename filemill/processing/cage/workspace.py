"""The workspace of a tool: a directory in scratch that the confined user owns, and what may be taken from it."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from filemill.processing.bench import Input, Limits, Output
from filemill.processing.cage import trees, verdicts
from filemill.processing.cage.output_files import OutputFiles, explain
from filemill.processing.errors import InputError, ProcessingError, SystemFault

HOME: Final = ".home"
TEMPORARY: Final = ".tmp"
if TYPE_CHECKING:
    from filemill.processing.cage.ahead import Waiting

_COPY_BYTES: Final = 64 * 1024**2
_CAN_NOT_SHARE: Final = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
_Identity = tuple[int, int]


def make_directory(path: Path, *, uid: int | None) -> int:
    """Make the directory of a workspace, owned by the user that tools run as; return it open. Raises `OSError`."""
    path.mkdir(mode=0o700)
    top = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    for name in (HOME, TEMPORARY):
        os.mkdir(name, 0o700, dir_fd=top)
        if uid is not None:
            os.chown(name, uid, uid, dir_fd=top, follow_symlinks=False)
    if uid is not None:
        os.fchown(top, uid, uid)
    return top


def remove_directory(path: Path, descriptor: int) -> None:
    """Close and remove the directory of a workspace; nothing may be at work in it any more. Raises `OSError`."""
    os.close(descriptor)
    trees.remove(path)


class WorkspaceDirectory:
    """See `filemill.processing.bench.Workspace`. While a tool runs in it, nothing can be taken from it.

    `descriptor` is the open directory at `path`; `clear_away`, called in the end, closes and removes both.
    """

    def __init__(
        self,
        path: Path,
        descriptor: int,
        *,
        clear_away: Callable[[], None],
        limits: Limits,
        files: OutputFiles,
        open_source: Callable[[Output | Input | None], AbstractContextManager[int]],
    ) -> None:
        self.path = path
        self.descriptor = descriptor
        self._limits = limits
        self._files = files
        self._open_source = open_source
        self._clear_away = clear_away
        self.waiting: Waiting | None = None
        """The tool's process that waits in it, where one was started ahead."""
        self._ours: dict[_Identity, int] = {}
        self._is_in_use = False

    # --- in ---
    def add(self, source: Output | Input | None, name: str) -> str:
        """Put a copy of an input or an output into the workspace, read-only; see the protocol."""
        with self._open_source(source) as reading, self._create(name) as writing:
            _copy(reading, writing)
        return name

    def write(self, name: str, data: bytes) -> str:
        """Put a small file of the worker's own making into the workspace."""
        with self._create(name) as writing, os.fdopen(os.dup(writing), "wb") as file:
            file.write(data)
        return name

    @contextmanager
    def _create(self, name: str) -> Iterator[int]:
        """Make a file that the tool can read; a copy and never a link, or the tool could write to the original."""
        self._refuse_in_use()
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            writing = os.open(_judge_name(name), flags, 0o444, dir_fd=self.descriptor)
        except OSError as error:
            raise explain(error, name) from error
        try:
            os.fchmod(writing, 0o444)
            yield writing
            facts = os.fstat(writing)
            self._ours[facts.st_dev, facts.st_ino] = facts.st_size
        except OSError as error:
            raise explain(error, name) from error
        finally:
            os.close(writing)

    # --- out ---
    def names(self) -> list[str]:
        """Return the regular files beneath, but what begins with a dot; see the protocol."""
        try:
            found = [path for path, facts in trees.walk(self.descriptor) if stat.S_ISREG(facts.st_mode)]
        except trees.UnrulyTree as error:
            raise _refuse("the workspace", str(error)) from error
        return sorted(path for path in found if not any(part.startswith(".") for part in path.split("/")))

    def size_of(self, name: str) -> int:
        """Return the size in bytes of a regular file beneath."""
        with self._open(name) as descriptor:
            return os.fstat(descriptor).st_size

    def take(self, name: str, *, output_name: str, media_type: str) -> Output:
        """Move a file that a tool made among the outputs; see the protocol."""
        self._refuse_in_use()
        with self._open(name) as descriptor:
            facts = os.fstat(descriptor)
            if facts.st_size > self._limits.output_bytes:
                raise verdicts.output_limit(self._limits)

            def move(target: Path) -> None:
                # By /proc, since neither call takes a descriptor that was opened for its place alone.
                itself = f"/proc/self/fd/{descriptor}"
                try:
                    os.chown(itself, os.geteuid(), os.getegid())
                    os.chmod(itself, 0o600)
                    self._move(name, target)
                except OSError as error:
                    raise explain(error, output_name) from error

            output = self._files.adopt(output_name, media_type, move=move)
        self._files.check_size(self._limits)
        return output

    def copy_out(self, name: str, *, output_name: str, media_type: str) -> Output:
        """Copy a file that a tool has finished among the outputs, and remove it; see the protocol."""

        def copy(target: Path) -> None:
            try:
                with self._open(name) as place, self._read(place) as reading, _make_new(target) as writing:
                    _copy(reading, writing)
                os.unlink(name, dir_fd=self.descriptor)
            except OSError as error:
                target.unlink(missing_ok=True)
                raise explain(error, output_name) from error

        output = self._files.adopt(output_name, media_type, move=copy)
        self._files.check_size(self._limits)
        return output

    @contextmanager
    def _read(self, place: int) -> Iterator[int]:
        """Open for reading what was found to be a regular file: by its place, since its name may mean another now."""
        if os.fstat(place).st_size > self._limits.output_bytes:
            raise verdicts.output_limit(self._limits)
        reading = os.open(f"/proc/self/fd/{place}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield reading
        finally:
            os.close(reading)

    def _move(self, name: str, target: Path) -> None:
        try:
            os.rename(name, target, src_dir_fd=self.descriptor)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            with (
                self._open(name) as descriptor,
                open(f"/proc/self/fd/{descriptor}", "rb") as reading,
                target.open("xb") as writing,
            ):
                target.chmod(0o600)
                _copy(reading.fileno(), writing.fileno())
            os.unlink(name, dir_fd=self.descriptor)

    @contextmanager
    def _open(self, name: str) -> Iterator[int]:
        """Open a regular file's place, not its content: a FIFO would keep us waiting, a device would act."""
        try:
            descriptor = trees.open_beneath(self.descriptor, _judge_path(name), os.O_PATH)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.EACCES):
                raise _refuse(name, os.strerror(error.errno)) from error
            raise explain(error, name) from error
        try:
            facts = os.fstat(descriptor)
            if not stat.S_ISREG(facts.st_mode):
                raise _refuse(name, "It is no regular file.")
            if facts.st_nlink != 1:
                raise _refuse(name, "It has more than one name.")
            yield descriptor
        finally:
            os.close(descriptor)

    # --- while a tool works ---
    @contextmanager
    def use(self) -> Iterator[None]:
        """Leave it to a tool; until its end nothing is added or taken."""
        self._refuse_in_use()
        self._is_in_use = True
        try:
            yield
        finally:
            self._is_in_use = False

    def count_bytes(self) -> int:
        """Return the size of what tools have made beneath; what nobody can look through is too large."""
        try:
            return sum(self._count(facts) for _, facts in trees.walk(self.descriptor))
        except trees.UnrulyTree:
            return self._limits.output_bytes + 1

    def _count(self, facts: os.stat_result) -> int:
        return max(0, facts.st_size - self._ours.get((facts.st_dev, facts.st_ino), 0))

    def close(self) -> None:
        """Remove the workspace with all that was left in it."""
        try:
            self._clear_away()
        except OSError as error:
            message = f"The workspace can't be removed: {error.strerror}."
            raise SystemFault(message, code="storage_error", is_passing=True) from error

    def _refuse_in_use(self) -> None:
        if self._is_in_use:
            raise RuntimeError("A tool is at work in this workspace: wait for its end.")


@contextmanager
def _make_new(target: Path) -> Iterator[int]:
    writing = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        yield writing
    finally:
        os.close(writing)


def _copy(reading: int, writing: int) -> None:
    """Copy a whole file, without its bytes where the file system can share them."""
    try:
        while os.copy_file_range(reading, writing, _COPY_BYTES):
            continue
    except OSError as error:
        if error.errno not in _CAN_NOT_SHARE:
            raise
        while os.sendfile(writing, reading, None, _COPY_BYTES):
            continue


def _judge_name(name: str) -> str:
    if "/" in name:
        raise ValueError(f"{name!r} can't be put into a workspace: it takes plain names.")
    return _judge_path(name)


def _judge_path(path: str) -> str:
    if any(part in ("", ".", "..") or "\0" in part for part in path.split("/")):
        raise ValueError(f"{path!r} is no relative name in a workspace.")
    return path


def _refuse(name: str, why: str) -> ProcessingError:
    return InputError(f"What the tool left as {name} can't be taken: {why}", code="corrupt_file")
