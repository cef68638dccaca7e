"""Opening a client's path beneath one of the allowed directories, and nowhere else.

Resolving the path first and opening it afterwards loses a race against anyone who can rename in a root, so the kernel
checks while it opens (openat2), or every component is opened by itself without following links.
"""

import ctypes
import errno
import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final

from django.conf import settings

from filemill.files.errors import FileRefused
from filemill.files.opened import OpenedFile, describe_opened

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


def open_beneath(path: str, *, roots: Sequence[Path], home: Path | None = None) -> OpenedFile:
    """Open a regular file beneath one of the roots.

    An absolute path must lie under a root; a relative one is tried beneath each root in order. Links are not
    followed (a root itself may be reached through one). What lies in Filemill's own `home` is open only through a
    root inside it, however wide the other roots are; `home` defaults to `settings.FILEMILL_HOME`.

    Raises `FileRefused` with `path_outside_roots`, `file_not_found`, `not_a_file`, `not_readable` or `invalid_path`.
    """
    _check_spelling(path)
    home = Path(os.path.realpath(home or settings.FILEMILL_HOME))
    refusal: FileRefused | None = None
    for root, inner_path in _places_to_try(path, roots):
        if _is_private(root, inner_path, home):
            continue
        try:
            return _open_in_root(root, inner_path)
        except FileRefused as refused:
            if refusal is None or refusal.code == "file_not_found":
                refusal = refused
    raise refusal or _outside_roots()


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
    if ".." in PurePosixPath(path).parts:
        # The kernel would allow `a/../b` beneath a root, the walk could not: one rule for both.
        raise FileRefused(
            "file_path must not contain `..`; name the file by its path under an allowed directory.",
            code="path_outside_roots",
        )


def _places_to_try(path: str, roots: Sequence[Path]) -> list[tuple[Path, str]]:
    wanted = PurePosixPath(path)
    if not wanted.is_absolute():
        return [(root, str(wanted)) for root in roots]
    places: list[tuple[Path, str]] = []
    for root in roots:
        for spelling in dict.fromkeys((root, Path(os.path.realpath(root)))):
            if wanted.is_relative_to(spelling):
                places.append((root, str(wanted.relative_to(spelling))))
                break
    return places


def _is_private(root: Path, inner_path: str, home: Path) -> bool:
    real_root = Path(os.path.realpath(root))
    is_root_inside_home = real_root != home and real_root.is_relative_to(home)
    # No link and no `..` is followed below the root, so this is where the file really lies.
    return (real_root / inner_path).is_relative_to(home) and not is_root_inside_home


def _open_in_root(root: Path, inner_path: str) -> OpenedFile:
    try:
        root_fd = os.open(root, _ROOT_FLAGS)
    except OSError:
        raise _not_found() from None  # a root that is not there holds no files
    try:
        fd = _openat2_beneath(root_fd, inner_path) if is_openat2_available() else _walk_beneath(root_fd, inner_path)
    except OSError as error:
        raise _as_refusal(error) from error
    finally:
        os.close(root_fd)
    opened = describe_opened(fd, name=PurePosixPath(inner_path).name, path=str(root / inner_path))
    if opened is None:
        raise FileRefused(
            "file_path is not a regular file; name a file, not a directory.",
            code="not_a_file",
        )
    return opened


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
    how = _OpenHow(_FILE_FLAGS, 0, _RESOLVE_BENEATH | _RESOLVE_NO_SYMLINKS | _RESOLVE_NO_MAGICLINKS)
    error_number = errno.EAGAIN
    for _ in range(_RACE_RETRIES):
        fd: int = _libc().syscall(
            ctypes.c_long(_SYS_OPENAT2),
            ctypes.c_int(root_fd),
            ctypes.c_char_p(os.fsencode(inner_path)),
            ctypes.byref(how),
            ctypes.c_size_t(ctypes.sizeof(how)),
        )
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
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _as_refusal(error: OSError) -> Exception:
    """Say what an errno of the opening means; one that is no fault of the path (EMFILE) stays what it is."""
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return _not_found()
        case errno.EXDEV:
            return _outside_roots()
        case errno.ENXIO | errno.ENODEV | errno.EISDIR:
            return FileRefused("file_path is not a regular file; name a file.", code="not_a_file")
        case errno.ENAMETOOLONG:
            return FileRefused(
                "file_path holds a name that is too long; shorten it.",
                code="invalid_path",
            )
        case errno.ELOOP:
            return FileRefused(
                "file_path leads through a symbolic link, and links are not followed; name the file itself.",
                code="not_readable",
            )
        case errno.EACCES | errno.EPERM | errno.EIO | errno.ESTALE | errno.EAGAIN:
            return FileRefused(
                "file_path can't be read by the service; check the file's permissions.",
                code="not_readable",
            )
    return error


def _not_found() -> FileRefused:
    return FileRefused(
        "file_path names no file in the allowed directories; put the file there or correct the path.",
        code="file_not_found",
    )


def _outside_roots() -> FileRefused:
    return FileRefused(
        "file_path is not under a directory that this service reads from; move the file there, or ask the operator "
        "to add its directory to FILEMILL_ROOTS.",
        code="path_outside_roots",
    )
