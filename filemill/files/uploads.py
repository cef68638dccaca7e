"""Files that clients send: kept under the server's own names in `FILEMILL_HOME/uploads`, which is never a root."""

import hashlib
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from django.conf import settings

from filemill.files.directories import make_private_directory, sync_directory
from filemill.files.errors import NO_ROOM, FileRefused
from filemill.files.names import sanitise_name
from filemill.files.opened import OpenedFile, describe_opened

_PART_SUFFIX: Final = ".part"


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that arrived whole. `id` is a UUID as a string, `name` is fit to be shown, `size` is in bytes."""

    id: str
    name: str
    size: int
    sha256: str


class UploadWriter:
    """An upload on its way in. Ends with `finish` or `abort`; as a context manager it aborts what is unfinished."""

    def __init__(self, name: str, *, max_bytes: int) -> None:
        self._id = str(uuid.uuid4())
        self._name = sanitise_name(name)
        self._max_bytes = max_bytes
        self._size = 0
        self._hash = hashlib.sha256()
        self._part_path = _uploads_directory() / (self._id + _PART_SUFFIX)
        self._fd = os.open(self._part_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def write(self, data: bytes) -> None:
        """Append, synchronously.

        Raises `FileRefused` with `file_too_large` or `disk_full`.
        """
        if self._size + len(data) > self._max_bytes:
            raise FileRefused(
                f"The file is larger than {self._max_bytes} bytes, the most this service takes; send a smaller one.",
                code="file_too_large",
            )
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError as error:
            raise _as_refusal(error) from error
        self._size += len(data)
        self._hash.update(data)

    def finish(self) -> Upload:
        """Make the upload durable and openable. Waits for the disk.

        Raises `FileRefused` with `disk_full`: some file systems find out only now.
        """
        try:
            os.fsync(self._fd)
            self._close()
            os.rename(self._part_path, _upload_path(self._id))
            sync_directory(self._part_path.parent)
        except OSError as error:
            self.abort()
            raise _as_refusal(error) from error
        return Upload(id=self._id, name=self._name, size=self._size, sha256=self._hash.hexdigest())

    def abort(self) -> None:
        """Leave nothing behind. Does nothing after `finish` or a first `abort`."""
        self._close()
        self._part_path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()

    def _close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def receive(name: str, *, max_bytes: int | None = None) -> UploadWriter:
    """Start an upload of a file that the client calls `name`; `max_bytes` is `FILEMILL_MAX_UPLOAD_BYTES` by default.

    Raises `FileRefused` with `disk_full`.
    """
    try:
        return UploadWriter(name, max_bytes=max_bytes or settings.FILEMILL_MAX_UPLOAD_BYTES)
    except OSError as error:
        raise _as_refusal(error) from error


def open_upload(upload_id: str, *, name: str = "") -> OpenedFile:
    """Open an upload that has arrived whole; `name` is what its client calls it.

    Raises `FileRefused` with `upload_not_found`.
    """
    path = _upload_path(upload_id)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise _not_found() from None
    opened = describe_opened(fd, name=name or upload_id, path=str(path))
    if opened is None:
        raise _not_found()
    return opened


def delete_upload(upload_id: str) -> None:
    """Delete an upload; one that is gone already is no error."""
    _upload_path(upload_id).unlink(missing_ok=True)


def sweep_uploads(*, is_referenced: Callable[[str], bool], older_than_seconds: float) -> int:
    """Delete what broken uploads and vanished tasks left behind; return how many files went.

    A file is judged by its age first, so that an upload whose task is not committed yet is left alone.
    """
    oldest_kept_at = time.time() - older_than_seconds
    swept = 0
    with os.scandir(_uploads_directory()) as entries:
        for entry in entries:
            if entry.stat(follow_symlinks=False).st_mtime > oldest_kept_at:
                continue
            if entry.name.endswith(_PART_SUFFIX) or not is_referenced(entry.name):
                Path(entry.path).unlink(missing_ok=True)
                swept += 1
    return swept


def _uploads_directory() -> Path:
    return make_private_directory(Path(settings.FILEMILL_HOME) / "uploads")


def _upload_path(upload_id: str) -> Path:
    try:
        name = str(uuid.UUID(upload_id))
    except ValueError:
        raise _not_found() from None
    return Path(settings.FILEMILL_HOME) / "uploads" / name


def _not_found() -> FileRefused:
    return FileRefused("The uploaded file is no longer kept; send it again.", code="upload_not_found")


def _as_refusal(error: OSError) -> Exception:
    if error.errno in NO_ROOM:
        return FileRefused(
            "There is no room to keep the file; free disk space, then send it again.",
            code="disk_full",
        )
    return error
