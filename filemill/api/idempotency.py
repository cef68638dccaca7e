"""`Idempotency-Key`: the header by which a client makes a POST safe to send again."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any, Final

from drf_spectacular.utils import OpenApiParameter
from pydantic import BaseModel
from rest_framework.exceptions import APIException
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from filemill.api.accounts import user_of
from filemill.api.json_format import SafeJSONRenderer
from filemill.api.refusing import refuse_field
from filemill.files.uploads import Upload
from filemill.tasks import idempotency

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")

PARAMETER: Final = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description=(
        "A text of your own for this one request. Sent again within 24 hours with the same body, it gets the first "
        f"answer once more, with `{REPLAYED}: true`, and nothing is created twice."
    ),
)


class KeyReusedError(APIException):
    """The key came with another request."""

    status_code = 422
    default_code = "idempotency_key_reused"
    default_detail = f"This {HEADER} was used for another request; use a new key for each request."


def answer_once(
    request: Request, *, asked: BaseModel, upload: Upload | None = None, create: Callable[[], Response]
) -> Response:
    """Answer with `create`, or with what the same request was answered before under the same key.

    Raises Refused for a malformed key and KeyReusedError for a key of another request; an error of `create` is not
    kept, so that the mended request may use the key again.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return create()
    if _KEY.fullmatch(key) is None:
        raise refuse_field(
            HEADER, f"{HEADER} must be 1 to 255 visible ASCII characters.", code="invalid_idempotency_key"
        )
    try:
        answered = idempotency.do_once(
            user=user_of(request),
            key=key,
            fingerprint=_fingerprint(request, asked, upload),
            work=lambda: _keep(create()),
        )
    except idempotency.KeyReused:
        raise KeyReusedError from None
    kept = answered.answer
    headers = {**kept["headers"], **({REPLAYED: "true"} if answered.is_replay else {})}
    return Response(kept["body"], status=kept["status"], headers=headers)


def is_replay(response: Response) -> bool:
    """Say whether a response was given before, so that what came with this request is not needed."""
    return response.headers.get(REPLAYED) == "true"


def _keep(response: Response) -> dict[str, Any]:
    renderer: BaseRenderer = SafeJSONRenderer()
    location = {"Location": response.headers["Location"]} if "Location" in response.headers else {}
    return {"status": response.status_code, "headers": location, "body": json.loads(renderer.render(response.data))}


def _fingerprint(request: Request, asked: BaseModel, upload: Upload | None) -> str:
    """Hash what makes two requests the same: address, query, body, and the content of the file."""
    parts = [
        request.method,
        request.path,
        sorted(request.query_params.items()),
        asked.model_dump(mode="json"),
        [upload.name, upload.sha256] if upload else None,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
