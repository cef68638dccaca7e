"""Publishing what an attempt made: all of it or nothing, under a key that holds the attempt's fence.

Two attempts never write under one key, so a late hand can at worst leave files that no completed task refers to;
`sweep_unreferenced` takes those.
"""

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages

from filemill.faultpoints import faultpoint
from filemill.files import durability
from filemill.files.directories import make_private_directory
from filemill.files.errors import NO_ROOM
from filemill.files.names import is_uuid, number_name, sanitise_name
from filemill.processing.bench import Output
from filemill.processing.errors import SystemFault

TaskId = UUID | str

_STAGING_SUFFIX: Final = ".part"
_COPY_BYTES: Final = 1024 * 1024


def work_directory(task_id: TaskId, fence: int) -> Path:
    """Make (if need be) and return the scratch directory of one attempt."""
    return make_private_directory(_work_root() / str(UUID(str(task_id))) / str(int(fence)))


def output_key(task_id: TaskId, fence: int, name: str) -> str:
    """Return where an output lies in the storage."""
    return f"{UUID(str(task_id))}/{int(fence)}/{name}"


def publish(task_id: TaskId, fence: int, outputs: Sequence[Output]) -> list[dict[str, Any]]:
    """Move an attempt's outputs into the storage and return what a client may know of each.

    They are not made durable yet: `make_durable` does that, for several attempts at once, before a row refers to them.

    Each dict has `name`, `media_type`, `size` (bytes), `sha256` (hex) and the output's facts. Afterwards the outputs'
    own paths are gone. They become visible only when the completed task refers to them.

    Raises `SystemFault`: `disk_full` or `storage_error`, both passing.
    """
    if not outputs:
        return []
    with _told_as_faults():
        named = list(zip(_unique_names(outputs), outputs, strict=True))
        described = [_describe(name, output) for name, output in named]
        root = _local_root()
        if root is not None:
            _publish_locally(root / str(UUID(str(task_id))), fence, named)
        else:
            _publish_remotely(task_id, fence, named)
    return described


def make_durable(attempts: Sequence[tuple[TaskId, int]]) -> None:
    """Let the outputs of these (task id, fence) survive a power cut; a storage without local paths keeps what it took.

    Raises `SystemFault`: `disk_full` or `storage_error`, both passing.
    """
    root = _local_root()
    if root is None:
        return
    directories = [root / str(UUID(str(task_id))) / str(int(fence)) for task_id, fence in attempts]
    with _told_as_faults():
        durability.make_durable(root, directories)


@contextlib.contextmanager
def _told_as_faults() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise SystemFault(
                "There was no room to store the outputs.",
                code="disk_full",
                is_passing=True,
            ) from error
        raise SystemFault(
            f"The outputs can't be stored: {error}",
            code="storage_error",
            is_passing=True,
        ) from error


def output_path(key: str) -> Path | None:
    """Return the local path of an output, or None when the storage has no local paths."""
    try:
        return Path(_storage().path(key))
    except NotImplementedError:
        return None


def open_output(key: str) -> "File[bytes]":
    """Open an output for reading; raises `FileNotFoundError` when it is gone."""
    return _storage().open(key)


def discard(task_id: TaskId, fence: int) -> None:
    """Remove an attempt's scratch directory and all in it; one that is gone is no error."""
    directory = _work_root() / str(UUID(str(task_id))) / str(int(fence))
    shutil.rmtree(directory, ignore_errors=True)
    _remove_if_empty(directory.parent)


def delete_outputs(task_id: TaskId, fence: int, names: Sequence[str]) -> None:
    """Delete published outputs, as when their task is deleted; those that are gone are no error."""
    for name in names:
        _storage().delete(output_key(task_id, fence, name))
    root = _local_root()
    if root is not None:
        _remove_if_empty(root / str(UUID(str(task_id))) / str(int(fence)))
        _remove_if_empty(root / str(UUID(str(task_id))))


def sweep_unreferenced(*, is_referenced: Callable[[str, int], bool], older_than_seconds: float) -> int:
    """Remove scratch and stored directories that nobody needs; return how many went.

    `is_referenced(task_id, fence)` must be true while the task is processing under that fence and as long as its
    result refers to that fence's outputs. Storages without local paths are not swept.
    """
    oldest_kept_at = time.time() - older_than_seconds
    roots = [root for root in (_work_root(), _local_root()) if root is not None and root.is_dir()]
    return sum(_sweep_root(root, is_referenced, oldest_kept_at) for root in roots)


def _sweep_root(root: Path, is_referenced: Callable[[str, int], bool], oldest_kept_at: float) -> int:
    swept = 0
    for task_directory in root.iterdir():
        if not is_uuid(task_directory.name):
            continue
        for directory in task_directory.iterdir():
            fence = directory.name.removesuffix(_STAGING_SUFFIX)
            if not fence.isdecimal() or directory.stat().st_mtime > oldest_kept_at:
                continue
            if not is_referenced(task_directory.name, int(fence)):
                shutil.rmtree(directory, ignore_errors=True)
                swept += 1
        _remove_if_empty(task_directory)
    return swept


def _unique_names(outputs: Sequence[Output]) -> list[str]:
    names: list[str] = []
    for output in outputs:
        plain = name = sanitise_name(output.name)
        number = 2
        while name in names:
            name = number_name(plain, number)
            number += 1
        names.append(name)
    return names


def _describe(name: str, output: Output) -> dict[str, Any]:
    with output.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = os.fstat(file.fileno()).st_size
    return {
        **output.facts,
        "name": name,
        "media_type": output.media_type,
        "size": size,
        "sha256": digest,
    }


def _publish_locally(task_directory: Path, fence: int, named: Sequence[tuple[str, Output]]) -> None:
    final = make_private_directory(task_directory) / str(int(fence))
    os.close(durability.hold(task_directory.parent))
    staging = task_directory / f"{int(fence)}{_STAGING_SUFFIX}"
    # The same attempt, asked again after a failure: what it left is its own.
    shutil.rmtree(staging, ignore_errors=True)
    shutil.rmtree(final, ignore_errors=True)
    staging.mkdir(mode=0o700)
    try:
        for name, output in named:
            _move(output.path, staging / name)
        faultpoint("publish.before_rename")
        staging.rename(final)
    except OSError:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def _move(origin: Path, target: Path) -> None:
    if origin.stat().st_dev == target.parent.stat().st_dev:
        origin.rename(target)
        return
    with origin.open("rb") as reading, target.open("xb") as writing:
        shutil.copyfileobj(reading, writing, _COPY_BYTES)
    origin.unlink()


def _publish_remotely(task_id: TaskId, fence: int, named: Sequence[tuple[str, Output]]) -> None:
    for name, output in named:
        key = output_key(task_id, fence, name)
        _storage().delete(key)
        with output.path.open("rb") as file:
            saved_as = _storage().save(key, File(file))
        if saved_as != key:
            raise SystemFault(f"The storage kept {key} under another name.", code="storage_error")
        output.path.unlink()


def _storage() -> Storage:
    return storages["outputs"]


def _local_root() -> Path | None:
    return output_path("")


def _work_root() -> Path:
    return Path(settings.FILEMILL_HOME) / "work"


def _remove_if_empty(directory: Path) -> None:
    with contextlib.suppress(OSError):  # it holds another attempt's files, or is gone: both are fine
        directory.rmdir()
