"""What a client hands in, looked at before anything is stored: the file, its type, its options, its tags."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from filemill.files.errors import FileRefused
from filemill.files.roots import open_beneath
from filemill.files.sources import OpenedFile, Source, read_head
from filemill.files.uploads import open_upload
from filemill.processing import media, operations
from filemill.processing.operations import checking
from filemill.tasks.models import UPLOAD_PREFIX
from filemill.tasks.refusals import Problem, Refused
from filemill.tasks.statuses import TaskType

MAX_TAGS = 10
MAX_TAG_LENGTH = 128
MAX_METADATA_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Intake:
    """A file that can be taken: what the task's row needs to know of it."""

    file_name: str
    file_size: int
    file_path: str
    media_type: str


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What to make of a file: checked options, and what was kept of the rest."""

    operation: str
    options: dict[str, Any]
    metadata: dict[str, Any]
    warnings: list[dict[str, Any]]


def examine(source: Source, *, task_type: str, field: str) -> Intake:
    """Open a file and decide by its content whether it is of the task's type; raise Refused otherwise."""
    try:
        opened = _open(source)
    except FileRefused as refused:
        raise Refused([Problem(field=field, code=refused.code, message=refused.message)]) from refused
    with opened:
        media_type = _media_type(opened, task_type=task_type, field=field)
        is_upload = source.kind == "upload"
        return Intake(
            file_name=opened.name,
            file_size=opened.size,
            # The place of an upload is the server's own business.
            file_path=f"{UPLOAD_PREFIX}{source.upload_id}" if is_upload else opened.path,
            media_type=media_type,
        )


def _open(source: Source) -> OpenedFile:
    if source.kind == "upload":
        return open_upload(source.upload_id, name=source.name)
    return open_beneath(source.path, roots=settings.FILEMILL_ROOTS)


def _media_type(opened: OpenedFile, *, task_type: str, field: str) -> str:
    if opened.size == 0:
        raise Refused([Problem(field=field, code="empty_file", message=f"{opened.name} is empty: there is no work.")])
    most = settings.FILEMILL_INPUT_LIMITS.max_bytes
    if opened.size > most:
        message = f"{opened.name} has {opened.size:,} bytes; a file may have {most:,} (FILEMILL_MAX_BYTES)."
        raise Refused([Problem(field=field, code="too_many_bytes", message=message, valid=most)])
    media_type = media.sniff(read_head(opened), opened.name)
    if media_type is None:
        message = f"{opened.name} is of a format that Filemill does not read."
        valid = sorted({kind for operation in operations.OPERATIONS.values() for kind in operation.media_types})
        raise Refused([Problem(field=field, code="unsupported_format", message=message, valid=valid)])
    found = media.task_type_of(media_type)
    if found != task_type:
        message = f"{opened.name} holds {media_type}, which is no {task_type}: send it with task_type {found!r}."
        raise Refused([Problem(field="task_type", code="type_mismatch", message=message, valid=[found])])
    return media_type


def check_task_type(task_type: object) -> str:
    """Return the task type if it is one; raise Refused otherwise."""
    if task_type not in TaskType.values:
        message = f"task_type must be one of {', '.join(TaskType.values)}."
        raise Refused([Problem(field="task_type", code="invalid_choice", message=message, valid=TaskType.values)])
    return str(task_type)


def check_wish(task_type: str, metadata: object, *, strict: bool) -> Wish:
    """Check the options in `metadata`; raise Refused naming every wrong one."""
    kept = _check_metadata(metadata)
    operation = operations.for_task_type(task_type)
    checked = checking.check(operation, kept)
    problems = [
        Problem(field=f"metadata.{wrong.option}", code=wrong.code, message=wrong.message, valid=wrong.valid)
        for wrong in checked.problems
    ]
    if strict:
        problems += [
            Problem(field=f"metadata.{unknown.option}", code=unknown.code, message=unknown.message)
            for unknown in checked.warnings
        ]
    if problems or checked.options is None:
        raise Refused(problems)
    return Wish(
        operation=operation.name,
        options=checked.options.model_dump(mode="json", exclude_unset=True),
        metadata=kept,
        warnings=[
            {"code": unknown.code, "option": unknown.option, "message": unknown.message, "nearest": unknown.nearest}
            for unknown in checked.warnings
        ],
    )


def _check_metadata(metadata: object) -> dict[str, Any]:
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        message = 'metadata must be an object, such as {"quality": "high"}.'
        raise Refused([Problem(field="metadata", code="invalid_type", message=message)])
    text = json.dumps(metadata)
    if len(text) > MAX_METADATA_BYTES:
        message = f"metadata must not be longer than {MAX_METADATA_BYTES} bytes as JSON."
        raise Refused([Problem(field="metadata", code="too_long", message=message)])
    if "\\u0000" in text or not _is_unicode(text):
        message = "metadata must not hold NUL characters or lone surrogates: the database can't keep them."
        raise Refused([Problem(field="metadata", code="invalid_characters", message=message)])
    return dict(metadata)


def _is_unicode(text: str) -> bool:
    try:
        json.dumps(json.loads(text), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def check_tags(tags: object) -> list[str]:
    """Return the tags, each once and in order; raise Refused when they are not up to 10 short strings."""
    if tags is None:
        return []
    valid = f"up to {MAX_TAGS} strings of 1 to {MAX_TAG_LENGTH} characters"
    if not isinstance(tags, Sequence) or isinstance(tags, str) or not all(_is_tag(tag) for tag in tags):
        raise Refused([Problem(field="tags", code="invalid_tags", message=f"tags must be {valid}.", valid=valid)])
    unique = list(dict.fromkeys(tags))
    if len(unique) > MAX_TAGS:
        raise Refused([Problem(field="tags", code="too_many_tags", message=f"tags must be {valid}.", valid=valid)])
    return unique


def _is_tag(tag: object) -> bool:
    return isinstance(tag, str) and 0 < len(tag) <= MAX_TAG_LENGTH and tag.isprintable()
