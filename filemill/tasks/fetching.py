"""Fetching what a task works on: its file and its further inputs, opened and told anew by their content."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from filemill.faultpoints import faultpoint
from filemill.files.sources import OpenedFile, Source, open_source, read_head
from filemill.processing import media
from filemill.processing.bench import Input
from filemill.processing.errors import InputError
from filemill.processing.operations.steps import Step
from filemill.tasks.models import TaskLog


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A task's file, what its content is, and its further inputs; all open."""

    file: OpenedFile
    media_type: str
    inputs: list[Input]


@contextmanager
def fetch(task: TaskLog, steps: list[Step]) -> Iterator[Fetched]:
    """Open a task's file and inputs, and close them at the end.

    Everything is judged anew, for a file may have changed since it was accepted. Raises `SourceError` and `InputError`.
    """
    with ExitStack() as opened:
        file = opened.enter_context(open_source(Source.from_json(task.source)))
        faultpoint("mid_fetch")
        _refuse_size(file)
        media_type = _tell_type(task, file, steps)
        inputs = [_open_input(opened, kept) for kept in task.inputs]
        yield Fetched(file=file, media_type=media_type, inputs=inputs)


def _open_input(opened: ExitStack, kept: dict[str, Any]) -> Input:
    file = opened.enter_context(open_source(Source.from_json(kept["source"])))
    _refuse_size(file)
    media_type = media.sniff(read_head(file), file.name)
    if media_type is None:
        raise InputError(f"{file.name} now holds an unknown format.", code="type_mismatch")
    return Input(name=file.name, media_type=media_type, size=file.size, fd=file.fd)


def _refuse_size(file: OpenedFile) -> None:
    if file.size == 0:
        raise InputError(f"{file.name} is empty.", code="empty_file")
    if file.size > settings.FILEMILL_INPUT_LIMITS.max_bytes:
        raise InputError(f"{file.name} has grown to {file.size:,} bytes.", code="too_many_bytes")


def _tell_type(task: TaskLog, file: OpenedFile, steps: list[Step]) -> str:
    media_type = media.sniff(read_head(file), task.file_name)
    if media_type is None or media.task_type_of(media_type) != task.task_type:
        message = f"{task.file_name} now holds {media_type or 'an unknown format'}, which is no {task.task_type}."
        raise InputError(message, code="type_mismatch")
    if media_type not in steps[0].operation.media_types:
        message = f"{task.file_name} now holds {media_type}, which {steps[0].operation.name} does not read."
        raise InputError(message, code="unsupported_format")
    return media_type
