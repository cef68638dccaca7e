"""What is said of a client's path that can't be opened."""

import errno

from filemill.files.errors import FileRefused


def as_refusal(error: OSError) -> Exception:
    """Say what an errno of the opening means; one that is no fault of the path (EMFILE) stays what it is."""
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return not_found()
        case errno.EXDEV:
            return outside_roots()
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


def not_found() -> FileRefused:
    return FileRefused(
        "file_path names no file in the allowed directories; put the file there or correct the path.",
        code="file_not_found",
    )


def outside_roots() -> FileRefused:
    return FileRefused(
        "file_path is not under a directory that this service reads from; move the file there, or ask the operator "
        "to add its directory to FILEMILL_ROOTS.",
        code="path_outside_roots",
    )
