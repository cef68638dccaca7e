"""The file that comes with a request: already on disk when the door took it, or in Django's hands without the door."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from rest_framework.exceptions import ParseError
from rest_framework.request import Request

from filemill.api.json_format import parse_json
from filemill.api.refusing import refuse_field
from filemill.files.uploads import Upload, delete_upload, receive

_AS_JSON: Final = frozenset(("metadata", "outputs", "steps", "inputs", "priority"))
DOOR_KEY: Final = "filemill.upload"
"""Where the door leaves the `Upload` in `request.META`; no header can set it, those are all called `HTTP_…`."""


@contextmanager
def received_file(request: Request) -> Iterator[tuple[Upload | None, Any]]:
    """Yield the upload of a request, if it carries one, and the rest of its body as JSON would have said it.

    An upload that leads to no task is deleted: by the door if it came through the door, otherwise here.
    """
    upload: Upload | None = request.META.get(DOOR_KEY)
    if upload is not None or not isinstance(request.data, QueryDict):
        yield upload, request.data
        return
    body = _read_fields(request.data, request.FILES)
    upload = _keep(_only_file(request.FILES))
    try:
        yield upload, body
    except BaseException:
        delete_upload(upload.id)
        raise


def _only_file(files: Any) -> "UploadedFile[Any]":
    sent = [(name, file) for name in files for file in files.getlist(name)]
    for name, _ in sent:
        if name != "file":
            raise refuse_field(name, "Files are taken in the part `file` only.", code="unknown_field")
    if not sent:
        raise refuse_field("file", "Send the file itself as a part called `file`.", code="required")
    if len(sent) > 1:
        raise refuse_field("file", "Send one file per request.", code="too_many_files")
    found: UploadedFile[Any] = sent[0][1]
    return found


def _keep(file: "UploadedFile[Any]") -> Upload:
    with receive(file.name or "file") as writer:
        for chunk in file.chunks():
            writer.write(chunk)
        return writer.finish()


def _read_fields(data: QueryDict, files: Mapping[str, Any]) -> dict[str, Any]:
    fields = {str(name): [str(text) for text in data.getlist(name)] for name in data if name not in files}
    return read_fields(fields, parse=_parse_field)


def read_fields(fields: Mapping[str, Sequence[str]], *, parse: Callable[[str, str], Any]) -> dict[str, Any]:
    """Make of a form's fields what the same request in JSON would have said; `parse` reads a field that holds JSON."""
    body: dict[str, Any] = {}
    for name, texts in fields.items():
        if name in _AS_JSON or (name == "tags" and texts[-1].lstrip().startswith("[")):
            body[name] = parse(name, texts[-1])
        else:
            body[name] = list(texts) if name == "tags" else texts[-1]
    return body


def _parse_field(name: str, text: str) -> Any:
    try:
        return parse_json(text)
    except ParseError:
        raise refuse_field(name, f"{name} is not valid JSON; send it as JSON.", code="invalid_json") from None
