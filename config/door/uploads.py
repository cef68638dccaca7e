"""Raw uploads: who asks is settled first, then the file goes from the socket to disk, then Django makes the task."""

import asyncio
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.views import APIView

from config.door.asgi_types import Receive, Scope, Send, find_header
from config.door.bodies import BodyTooLarge, ClientLeft, check_announced_length
from config.door.bridge import Bridge, BridgeFull, View
from config.door.multipart import FIELDS_BYTES, FormRefused, UploadForm
from config.door.replies import send_problem
from config.door.requests import Requests, send_body_too_large, send_busy
from config.door.streams import Room
from filemill.api.uploading import read_fields
from filemill.dashboard.access import signed_in
from filemill.files.errors import FileRefused
from filemill.files.uploads import Upload, delete_upload
from filemill.files.uploads import receive as start_upload

UPLOAD_META_KEY: Final = "filemill.upload"
"""Where the view finds the `Upload` in `request.META`; no header can set it, those are all called `HTTP_…`."""
_STATUS_OF: Final = {"file_too_large": 413, "too_large": 413, "disk_full": 507}
_FRAMING_BYTES: Final = 64 * 1024
"""Room for boundaries and part headers beside the file and the fields."""
_CSRF_FIELD: Final = "csrfmiddlewaretoken"
_CSRF_HEADER: Final = b"x-csrftoken"


class Admitted(HttpResponse):
    """The answer that lets a body in."""


class Admission(APIView):
    """Asks who is there, with the API's own authentication and permissions, before a byte is stored."""

    throttle_classes = ()

    def post(self, request: Request) -> HttpResponseBase:  # noqa: ARG002  DRF's signature
        """Let the request in."""
        return Admitted()


Fields = dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class UploadAddress:
    """An address that takes files: who may send one, and how a form's fields become the body that its view reads."""

    admit: View
    encode_fields: Callable[[Fields], bytes]


def find_upload_address(scope: Scope) -> UploadAddress | None:
    """Return the address when the request is a form for it; others to the same path go over the bridge."""
    if scope["method"] != "POST" or scope["path"] not in UPLOAD_ADDRESSES:
        return None
    content_type = find_header(scope, b"content-type") or ""
    return UPLOAD_ADDRESSES[scope["path"]] if content_type.lower().startswith("multipart/form-data") else None


class Uploads:
    """The raw handler of multipart requests that create a task."""

    def __init__(self, bridge: Bridge, room: Room, requests: Requests) -> None:
        self._bridge = bridge
        self._room = room
        self._requests = requests

    async def __call__(self, address: UploadAddress, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one file in and hand the task that it is for to Django."""
        try:
            admission = await self._bridge.ask(scope, address.admit)
            if not isinstance(admission, Admitted):
                await self._requests.send_response(scope, admission, receive, send)
                return
            with self._room.enter(f"upload from {(scope.get('client') or ['?'])[0]}"):
                received = await self._receive(address, scope, receive, send)
            if received is not None:
                await self._create_task(*received, receive, send)
        except BridgeFull:
            await send_busy(send)

    async def _receive(
        self, address: UploadAddress, scope: Scope, receive: Receive, send: Send
    ) -> "tuple[Upload, Scope, bytes] | None":
        limit_bytes = settings.FILEMILL_MAX_UPLOAD_BYTES + FIELDS_BYTES + _FRAMING_BYTES
        try:
            return await _receive_form(address, scope, receive, limit_bytes=limit_bytes)
        except ClientLeft:
            return None
        except BodyTooLarge:
            await send_body_too_large(send, settings.FILEMILL_MAX_UPLOAD_BYTES)
        except FileRefused as refused:
            await send_problem(
                send, status=_STATUS_OF.get(refused.code, 400), code=refused.code, detail=refused.message, field="file"
            )
        except FormRefused as refused:
            await send_problem(
                send,
                status=_STATUS_OF.get(refused.code, 400),
                code=refused.code,
                detail=refused.message,
                field=refused.field,
            )
        return None

    async def _create_task(self, upload: Upload, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        try:
            status = await self._requests.answer(scope, io.BytesIO(body), receive, send, meta={UPLOAD_META_KEY: upload})
        except BridgeFull:
            delete_upload(upload.id)
            raise
        if 400 <= status < 500:
            # After a 5xx nobody knows whether the task was committed; the sweep judges that by the tables.
            delete_upload(upload.id)


async def _receive_form(
    address: UploadAddress, scope: Scope, receive: Receive, *, limit_bytes: int
) -> tuple[Upload, Scope, bytes]:
    check_announced_length(scope, limit_bytes=limit_bytes)
    form = UploadForm(find_header(scope, b"content-type") or "", start_file=start_upload)
    received_bytes = 0
    try:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientLeft
            data = message.get("body", b"")
            received_bytes += len(data)
            if received_bytes > limit_bytes:
                raise BodyTooLarge
            form.feed(data)
            if not message.get("more_body", False):
                break
        writer = form.finish()
        csrf_token = form.fields.pop(_CSRF_FIELD, [None])[-1]
        body = address.encode_fields(form.fields)
        # All bytes are here, so waiting for the disk elsewhere loses none.
        upload = await asyncio.get_running_loop().run_in_executor(None, writer.finish)
    except BaseException:
        form.abort()
        raise
    return upload, _with_json_body(scope, body, csrf_token=csrf_token), body


def _encode_as_texts(fields: Fields) -> bytes:
    return json.dumps({name: texts[-1] for name, texts in fields.items()}).encode()


def _encode_as_request(fields: Fields) -> bytes:
    """Make of a form's fields the JSON that the same request without a file would have sent."""
    return json.dumps(read_fields(fields, parse=_decode_json)).encode()


def _decode_json(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise FormRefused(f"{name} is not valid JSON; send it as JSON.", code="invalid_json", field=name) from None


def _with_json_body(scope: Scope, body: bytes, *, csrf_token: str | None) -> Scope:
    replaced = {b"content-type", b"content-length", b"transfer-encoding", b"content-encoding"}
    headers = [(name, value) for name, value in scope["headers"] if name not in replaced]
    headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if csrf_token is not None and find_header(scope, _CSRF_HEADER) is None:
        # A form without scripts sends it as a field, which the middleware would not find in JSON.
        headers.append((_CSRF_HEADER, csrf_token.encode("latin-1", "replace")))
    return {**scope, "headers": headers}


_ask_admission = Admission.as_view()


@csrf_exempt  # as every view of DRF, whose session authentication checks it itself
def _admit_client(request: HttpRequest) -> HttpResponseBase:
    return _ask_admission(request)


@csrf_exempt  # the token may still be in the body; the view's own check comes before a task is made
@signed_in
def _admit_person(_request: HttpRequest) -> HttpResponseBase:
    return Admitted()


UPLOAD_ADDRESSES: Final = {
    "/api/tasks/create_task/": UploadAddress(admit=_admit_client, encode_fields=_encode_as_request),
    "/add/": UploadAddress(admit=_admit_person, encode_fields=_encode_as_texts),
}
