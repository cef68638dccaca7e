"""Downloading what was made of a file: in parts, resumable, and harmless whatever the file holds.

The view only decides; under the door the event loop sends the bytes (config/door/requests.py), under runserver
Django does.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import FileResponse, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.views import APIView

from filemill.api.describing import READING, TASK_ID, answers
from filemill.api.ranges import Selection, http_date, select
from filemill.files.opened import OpenedFile, describe_opened
from filemill.files.outputs import open_output, output_key, output_path
from filemill.files.part import FilePart
from filemill.tasks.models import TaskLog
from filemill.tasks.statuses import Status

_INLINE_KINDS: Final = ("image/", "video/", "audio/")
_INLINE_TYPES: Final = {"text/plain", "application/pdf"}
_NEVER_INLINE: Final = {"image/svg+xml"}
"""An image that can hold scripts."""
_POLICY: Final = "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"
"""No script, no frame, no origin; a browser's own image and media pages still show the file."""


@dataclass(frozen=True, kw_only=True)
class AuthorisedOutput:
    """An output that this user may have; `path` is None when it lies in a remote storage."""

    key: str
    path: Path | None
    media_type: str
    size: int
    sha256: str
    file_name: str


def find_output(user: AbstractBaseUser | AnonymousUser, task_id: UUID, name: str) -> AuthorisedOutput | None:
    """Find an output of a completed task that the user may see; None tells nothing more, not even that it exists."""
    if isinstance(user, AnonymousUser):
        return None
    task = TaskLog.objects.reachable_by(user).filter(id=task_id, status=Status.COMPLETED).first()
    if task is None:
        return None
    described = next((output for output in task.outputs if output.get("name") == name), None)
    if described is None:
        return None
    key = output_key(task.id, task.fence, name)
    return AuthorisedOutput(
        key=key,
        path=output_path(key),
        media_type=described["media_type"],
        size=described["size"],
        sha256=described["sha256"],
        file_name=name,
    )


_FILE: Final = {
    (200, "*/*"): OpenApiTypes.BINARY,
    (206, "*/*"): OpenApiTypes.BINARY,
    304: OpenApiResponse(description="It is what the client has already."),
    412: OpenApiResponse(description="It is not what the client expects (If-Match, If-Unmodified-Since)."),
    416: OpenApiResponse(description="The range lies outside the file."),
}


class OutputView(APIView):
    """One output file of a task."""

    @extend_schema(
        operation_id="download_output",
        summary="Download an output",
        description="The file itself, with its own media type; takes Range and conditional requests.",
        tags=["outputs"],
        parameters=[
            TASK_ID,
            OpenApiParameter("name", str, OpenApiParameter.PATH, description="As in the task's `result.outputs`."),
            OpenApiParameter("inline", bool, description="Show it in the browser instead of saving it."),
        ],
        responses=answers(_FILE, 404, *READING),
    )
    def get(self, request: Request, task_id: UUID, name: str) -> HttpResponseBase:
        """Send the file, or the part that a Range header asks for."""
        output = find_output(request.user, task_id, name)
        if output is None:
            raise NotFound("There is no such output; the task's `result.outputs` lists what there is.")
        return send_output(output, request.headers, is_inline=request.query_params.get("inline") in {"1", "true"})


def send_output(output: AuthorisedOutput, headers: Any, *, is_inline: bool) -> HttpResponseBase:
    """Return the response to a GET or HEAD of an output; raises NotFound when the file is gone."""
    try:
        if output.path is None:
            return _describe(StreamingHttpResponse(open_output(output.key).chunks()), output, is_inline=is_inline)
        opened = _open(output.path, output.file_name)
    except FileNotFoundError:
        raise NotFound("This output is no longer stored; retry the task to make it anew.") from None
    lower_case = {name.lower(): value for name, value in headers.items()}
    selection = select(lower_case, size=opened.size, etag=_etag(output), modified_at=opened.modified_at)
    response = _describe(_answer(opened, selection), output, is_inline=is_inline)
    response["Accept-Ranges"] = "bytes"
    response["Last-Modified"] = http_date(opened.modified_at)
    if selection.content_range:
        response["Content-Range"] = selection.content_range
    return response


def _answer(opened: OpenedFile, selection: Selection) -> HttpResponseBase:
    if selection.status not in {200, 206}:
        opened.close()
        return HttpResponse(status=selection.status)
    part = FilePart(opened.fd, start=selection.start, length=selection.length)
    response = FileResponse(part, status=selection.status)
    response["Content-Length"] = selection.length
    return response


def _describe(response: HttpResponseBase, output: AuthorisedOutput, *, is_inline: bool) -> HttpResponseBase:
    shown = is_inline and may_be_shown(output.media_type)
    response["Content-Type"] = output.media_type
    response["Content-Disposition"] = content_disposition_header(not shown, output.file_name) or "inline"
    response["ETag"] = _etag(output)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = _POLICY
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-cache"
    return response


def may_be_shown(media_type: str) -> bool:
    """Whether a browser may show a file of this type itself: never one that can run anything."""
    plain = media_type.partition(";")[0].strip().lower()
    return (plain.startswith(_INLINE_KINDS) and plain not in _NEVER_INLINE) or plain in _INLINE_TYPES


def _etag(output: AuthorisedOutput) -> str:
    return f'"{output.sha256}"'


def _open(path: Path, name: str) -> OpenedFile:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    opened = describe_opened(fd, name=name, path=str(path))
    if opened is None:
        raise FileNotFoundError(path)
    return opened
