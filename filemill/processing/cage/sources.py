"""Opening what a run reads: always anew, so that no offset is shared with a run before or beside it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filemill.processing.errors import SourceError, SystemFault


@contextmanager
def open_anew(descriptor: int) -> Iterator[int]:
    """Give a read-only descriptor at offset 0 of the file behind an open one, even when it has no name any more."""
    try:
        fresh = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise SourceError(f"The file can't be read: {error.strerror}.", code="source_denied") from error
    try:
        yield fresh
    finally:
        os.close(fresh)


@contextmanager
def open_output(path: Path) -> Iterator[int]:
    """Give a read-only descriptor of an output that was made before."""
    try:
        fresh = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        message = f"The output {path.name} can't be read again: {error.strerror}."
        raise SystemFault(message, code="storage_error", is_passing=True) from error
    try:
        yield fresh
    finally:
        os.close(fresh)
