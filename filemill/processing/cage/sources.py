"""Opening what a run reads: always anew, so that no offset is shared with a run before or beside it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from filemill.processing.bench import Input, Output
from filemill.processing.errors import SourceError, SystemFault


@contextmanager
def open_anew(source: Input | Output) -> Iterator[int]:
    """Give a read-only descriptor, at offset 0, of an input or of an output that was made before."""
    fresh = _open_input(source) if isinstance(source, Input) else _open_output(source)
    try:
        yield fresh
    finally:
        os.close(fresh)


def measure(source: Input | Output) -> int:
    """Return the size of an input or an output in bytes."""
    if isinstance(source, Input):
        return source.size
    with open_anew(source) as descriptor:
        return os.fstat(descriptor).st_size


def _open_input(source: Input) -> int:
    """Open the file behind an open descriptor, which may have no name any more."""
    try:
        return os.open(f"/proc/self/fd/{source.fd}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise SourceError(f"The file can't be read: {error.strerror}.", code="source_denied") from error


def _open_output(source: Output) -> int:
    try:
        return os.open(source.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        message = f"The output {source.path.name} can't be read again: {error.strerror}."
        raise SystemFault(message, code="storage_error", is_passing=True) from error
