"""Opening a client's path beneath one of the allowed directories, and nowhere else.

Resolving the path first and opening it afterwards loses a race against anyone who can rename in a root, so the kernel
checks while it opens (openat2), or every component is opened by itself without following links.
"""

import ctypes
import errno
import os
import stat
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import Any, Final, Self

from django.conf import settings

from filemill.files.errors import FileRefused
from filemill.files.opened import OpenedFile, describe_opened
from filemill.files.path_refusals import as_refusal, not_found, outside_roots

MAX_PATH_BYTES: Final = 4096

_SYS_OPENAT2: Final = 437  # the same number on every architecture
_RESOLVE_NO_MAGICLINKS: Final = 0x02
_RESOLVE_NO_SYMLINKS: Final = 0x04
_RESOLVE_BENEATH: Final = 0x08
_O_PATH: Final = getattr(os, "O_PATH", os.O_RDONLY)
_ROOT_FLAGS: Final = _O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_FILE_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_RACE_RETRIES: Final = 16
"""openat2 answers EAGAIN while somebody renames above it; a root that is never still is given up on."""


class _OpenHow(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


_HOW: Final = ctypes.byref(_OpenHow(_FILE_FLAGS, 0, _RESOLVE_BENEATH | _RESOLVE_NO_SYMLINKS | _RESOLVE_NO_MAGICLINKS))
_HOW_BYTES: Final = ctypes.sizeof(_OpenHow)


class HeldRoots:
    """The roots, held open while many paths are opened: each then costs an openat2, an fstat, and no look at its roots.

    An absolute path must lie under a root; a relative one is tried beneath each root in order. Links are not
    followed (a root itself may be reached through one). What lies in Filemill's own `home` is open only through a
    root inside it, however wide the other roots are; `home` defaults to `settings.FILEMILL_HOME`.
    """

    def __init__(self, roots: Sequence[Path], *, home: Path | None = None) -> None:
        real_home = os.path.realpath(home or settings.FILEMILL_HOME)
        self._roots = [_hold(str(root), real_home) for root in roots]

    def open(self, path: str) -> OpenedFile:
        """Open a regular file beneath one of the roots; the caller closes it.

        Raises `FileRefused` with `path_outside_roots`, `file_not_found`, `not_a_file`, `not_readable` or
        `invalid_path`.
        """
        _check_spelling(path)
        refusal: FileRefused | None = None
        for root in self._roots:
            inner_path = root.find_inner(path)
            if inner_path is None or root.is_private(inner_path):
                continue
            try:
                return _open_in_root(root, inner_path)
            except FileRefused as refused:
                if refusal is None or refusal.code == "file_not_found":
                    refusal = refused
        raise refusal or outside_roots()

    def open_folder(self, path: str) -> "OpenedFolder":
        """Open a folder beneath one of the roots, or a root itself; the caller closes it. Refuses as `open` does."""
        _check_spelling(path)
        for root in self._roots:
            inner_path = root.find_inner(path)
            if inner_path is None or root.is_private(inner_path) or root.fd < 0:
                continue
            try:
                fd = _open_inner(root.fd, inner_path or ".")
            except OSError as error:
                refusal = as_refusal(error)
                if not isinstance(refusal, FileRefused):
                    raise refusal from error
                continue
            if stat.S_ISDIR(os.fstat(fd).st_mode):
                return OpenedFolder(fd=fd, is_private=partial(root.is_private_in, inner_path))
            os.close(fd)
        raise FileRefused(
            "folder names no folder in the allowed directories; correct the path, or ask the operator to add its "
            "directory to FILEMILL_ROOTS.",
            code="file_not_found",
        )

    def close(self) -> None:
        for root in self._roots:
            root.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, kw_only=True)
class OpenedFolder:
    """A folder beneath a root, and which paths in it are closed to clients."""

    fd: int
    is_private: Callable[[str], bool]


@dataclass(kw_only=True)
class _HeldRoot:
    """A root by both its spellings, and where the private home lies in it; paths are texts, which is what is fast."""

    path: str
    real_path: str
    private: str
    """What is closed within this root: the home; empty when the root itself lies inside it."""
    fd: int

    def find_inner(self, path: str) -> str | None:
        """Return a path's part beneath this root, or None when it lies elsewhere."""
        if not path.startswith("/"):
            return _plain(path)
        wanted = "/" + _plain(path)
        for spelling in (self.path, self.real_path):
            if spelling in {wanted, "/"}:
                return wanted[len(spelling) :]
            if wanted.startswith(spelling + "/"):
                return wanted[len(spelling) + 1 :]
        return None

    def is_private(self, inner_path: str) -> bool:
        # No link and no `..` is followed below the root, so this is where the file really lies.
        real = f"{self.real_path.rstrip('/')}/{inner_path}".rstrip("/")
        return bool(self.private) and (real == self.private or real.startswith(self.private + "/"))

    def is_private_in(self, folder: str, inner_path: str) -> bool:
        return self.is_private(f"{folder}/{inner_path}" if folder else inner_path)

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def open_beneath(path: str, *, roots: Sequence[Path], home: Path | None = None) -> OpenedFile:
    """Open a regular file beneath one of the roots, as `HeldRoots.open` does."""
    with HeldRoots(roots, home=home) as held:
        return held.open(path)


def _hold(root: str, real_home: str) -> _HeldRoot:
    real_path = os.path.realpath(root)
    is_inside_home = real_path.startswith(real_home.rstrip("/") + "/")
    try:
        fd = os.open(root, _ROOT_FLAGS)
    except OSError:
        fd = -1  # a root that is not there holds no files
    return _HeldRoot(path=root, real_path=real_path, private="" if is_inside_home else real_home, fd=fd)


def _plain(path: str) -> str:
    """Return a path without empty and `.` components, and without slashes at its ends."""
    if "//" not in path and "./" not in path and "/." not in path and path[:1] not in "/." and path[-1:] != "/":
        return path  # nearly every path
    return "/".join(part for part in path.split("/") if part not in {"", "."})


def _check_spelling(path: str) -> None:
    if not path or "\0" in path:
        raise FileRefused(
            "file_path must be a path without NUL characters; send one.",
            code="invalid_path",
        )
    try:
        length_bytes = len(os.fsencode(path))
    except UnicodeEncodeError:
        raise FileRefused("file_path is not valid Unicode; send it as UTF-8.", code="invalid_path") from None
    if length_bytes > MAX_PATH_BYTES:
        raise FileRefused(
            f"file_path is longer than {MAX_PATH_BYTES} bytes; shorten it.",
            code="invalid_path",
        )
    if ".." in path and ".." in path.split("/"):
        # The kernel would allow `a/../b` beneath a root, the walk could not: one rule for both.
        raise FileRefused(
            "file_path must not contain `..`; name the file by its path under an allowed directory.",
            code="path_outside_roots",
        )


def _open_in_root(root: _HeldRoot, inner_path: str) -> OpenedFile:
    if root.fd < 0:
        raise not_found()
    place = inner_path or "."
    try:
        fd = _open_inner(root.fd, place)
    except OSError as error:
        raise as_refusal(error) from error
    path = f"{root.path.rstrip('/')}/{inner_path}"
    opened = describe_opened(fd, name=inner_path.rpartition("/")[2], path=path)
    if opened is None:
        raise FileRefused(
            "file_path is not a regular file; name a file, not a directory.",
            code="not_a_file",
        )
    return opened


def _open_inner(root_fd: int, place: str) -> int:
    return _openat2_beneath(root_fd, place) if is_openat2_available() else _walk_beneath(root_fd, place)


@cache
def is_openat2_available() -> bool:
    """Whether this kernel (>= 5.6) and its seccomp filter let us use openat2; older container filters do not."""
    if not sys.platform.startswith("linux"):
        return False
    root_fd = os.open("/", _ROOT_FLAGS)
    try:
        os.close(_openat2_beneath(root_fd, "."))
    except OSError:
        return False
    finally:
        os.close(root_fd)
    return True


def _openat2_beneath(root_fd: int, inner_path: str) -> int:
    error_number = errno.EAGAIN
    name = os.fsencode(inner_path)
    for _ in range(_RACE_RETRIES):
        fd: int = _syscall()(_SYS_OPENAT2, root_fd, name, _HOW, _HOW_BYTES)
        if fd >= 0:
            return fd
        error_number = ctypes.get_errno()
        if error_number not in (errno.EAGAIN, errno.EINTR):
            break
    raise OSError(error_number, os.strerror(error_number))


def _walk_beneath(root_fd: int, inner_path: str) -> int:
    *directories, last = PurePosixPath(inner_path).parts or (".",)
    directory_fd = os.dup(root_fd)
    try:
        for directory in directories:
            # O_PATH with O_NOFOLLOW opens a link as itself; O_DIRECTORY then refuses it.
            next_fd = os.open(directory, _ROOT_FLAGS | os.O_NOFOLLOW, dir_fd=directory_fd)
            os.close(directory_fd)
            directory_fd = next_fd
        return os.open(last, _FILE_FLAGS | os.O_NOFOLLOW, dir_fd=directory_fd)
    finally:
        os.close(directory_fd)


@cache
def _syscall() -> Callable[[int, int, bytes, Any, int], int]:
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t)
    call.restype = ctypes.c_long
    return call
