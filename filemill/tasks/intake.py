"""What a client hands in, looked at before anything is stored: the file, its type, further files, tags."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from filemill.files import folders
from filemill.files.errors import FileRefused
from filemill.files.roots import HeldRoots, open_beneath
from filemill.files.sources import OpenedFile, Source, read_head
from filemill.files.uploads import open_upload
from filemill.processing import media, operations
from filemill.tasks.models import UPLOAD_PREFIX
from filemill.tasks.refusals import Problem, Refused
from filemill.tasks.statuses import TaskType

MAX_TAGS = 10
MAX_TAG_LENGTH = 128
MAX_INPUTS = 100


@dataclass(frozen=True, kw_only=True)
class Intake:
    """A file that can be taken: what the task's row needs to know of it."""

    file_name: str
    file_size: int
    file_path: str
    media_type: str


def examine(source: Source, *, task_type: str, field: str) -> Intake:
    """Open a file and decide by its content whether it is of the task's type; raise Refused otherwise."""
    found = _examine(lambda: _open(source), task_type=task_type, field=field)
    # The place of an upload is the server's own business.
    return replace(found, file_path=f"{UPLOAD_PREFIX}{source.upload_id}") if source.kind == "upload" else found


def examine_path(path: str, *, task_type: str, field: str, roots: HeldRoots) -> Intake:
    """Examine one path of many, beneath roots that are held open for all of them."""
    return _examine(lambda: roots.open(path), task_type=task_type, field=field)


def _examine(open_file: Callable[[], OpenedFile], *, task_type: str, field: str) -> Intake:
    with _open_or_refuse(open_file, field=field) as opened:
        media_type = _media_type(opened, task_type=task_type, field=field)
        return Intake(file_name=opened.name, file_size=opened.size, file_path=opened.path, media_type=media_type)


def open_for_plan(source: Source, *, task_type: str, field: str) -> tuple[OpenedFile, str]:
    """Open a file and tell its media type; the caller closes it. Raise Refused as `examine` does."""
    opened = _open_or_refuse(lambda: _open(source), field=field)
    try:
        return opened, _media_type(opened, task_type=task_type, field=field)
    except BaseException:
        opened.close()
        raise


def examine_inputs(paths: object, *, readable: Collection[str]) -> list[dict[str, Any]]:
    """Look at the further files of a request and return what the task keeps of each; raise Refused naming all misfits.

    They come under the same rules as `file_path`, but for the task type: what they are is the operation's to say, by
    the media types that it can read.
    """
    if paths is None:
        return []
    valid = f"a list of up to {MAX_INPUTS} paths"
    is_list = isinstance(paths, list) and all(isinstance(path, str) for path in paths)
    if not isinstance(paths, list) or not is_list or len(paths) > MAX_INPUTS:
        problem = Problem(field="inputs", code="invalid_value", message=f"inputs must be {valid}.", valid=valid)
        raise Refused([problem])
    found, problems = [], []
    for index, path in enumerate(paths):
        try:
            found.append(_examine_input(path, field=f"inputs[{index}]", readable=readable))
        except Refused as refused:
            problems += refused.problems
    if problems:
        raise Refused(problems)
    return found


def _examine_input(path: str, *, field: str, readable: Collection[str]) -> dict[str, Any]:
    source = Source.from_path(path)
    with _open_or_refuse(lambda: _open(source), field=field, called=field) as opened:
        media_type = _sniff(opened, field=field)
        if readable and media_type not in readable:
            message = f"{opened.name} holds {media_type}, which can't be used here."
            raise Refused([Problem(field=field, code="unsupported_format", message=message, valid=sorted(readable))])
        return {
            "source": source.to_json(),
            "file_name": opened.name,
            "file_size": opened.size,
            "media_type": media_type,
        }


def list_folder(folder: str, *, pattern: str, most: int) -> list[str]:
    """Return the paths of a folder's files that a pattern matches; raise Refused where it has none, or too many."""
    try:
        return folders.list_folder(folder, pattern=pattern, roots=settings.FILEMILL_ROOTS, most=most)
    except FileRefused as refused:
        raise Refused([_as_problem(refused, field="folder", called="folder")]) from refused


def _open_or_refuse(open_file: Callable[[], OpenedFile], *, field: str, called: str = "file_path") -> OpenedFile:
    try:
        return open_file()
    except FileRefused as refused:
        raise Refused([_as_problem(refused, field=field, called=called)]) from refused


def _as_problem(refused: FileRefused, *, field: str, called: str) -> Problem:
    """The files' own rooms know a path as `file_path` only; a client that sent it elsewhere is told by that name."""
    return Problem(field=field, code=refused.code, message=refused.message.replace("file_path", called))


def _open(source: Source) -> OpenedFile:
    if source.kind == "upload":
        return open_upload(source.upload_id, name=source.name)
    return open_beneath(source.path, roots=settings.FILEMILL_ROOTS)


def _media_type(opened: OpenedFile, *, task_type: str, field: str) -> str:
    media_type = _sniff(opened, field=field)
    found = media.task_type_of(media_type)
    if found != task_type:
        message = f"{opened.name} holds {media_type}, which is no {task_type}: send it with task_type {found!r}."
        raise Refused([Problem(field="task_type", code="type_mismatch", message=message, valid=[found])])
    return media_type


def _sniff(opened: OpenedFile, *, field: str) -> str:
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
    if media_type == media.SVG_TYPE and not settings.FILEMILL_INPUT_LIMITS.reads_svg:
        message = f"{opened.name} is an SVG, which this installation does not read (FILEMILL_SVG=on allows it)."
        raise Refused([Problem(field=field, code="unsupported_format", message=message)])
    return media_type


def check_task_type(task_type: object) -> str:
    """Return the task type if it is one; raise Refused otherwise."""
    if task_type not in TaskType.values:
        message = f"task_type must be one of {', '.join(TaskType.values)}."
        raise Refused([Problem(field="task_type", code="invalid_choice", message=message, valid=TaskType.values)])
    return str(task_type)


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
