"""JSON in and out, so that nothing a client can write in it brings the service down."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import IO, Any, Final

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import APIException, ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

MAX_DEPTH: Final = 64
"""Far below Python's recursion limit, which would otherwise strike in some later step."""


class StrictJSONParser(BaseParser):
    """Parses UTF-8 JSON: no NaN or Infinity, no numbers that overflow, no bottomless nesting."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # noqa: ARG002  DRF's signature
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> Any:
        """Return the body's value; raises ParseError (`malformed_json`) or RequestDataTooBig."""
        limit_bytes = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit_bytes + 1)
        if len(body) > limit_bytes:
            raise RequestDataTooBig(f"The body is larger than {limit_bytes} bytes, the most this address takes.")
        return parse_json(body)


def parse_json(text: bytes | str) -> Any:
    """Return the value of a JSON text; raises ParseError (`malformed_json`) with the reason."""
    try:
        if isinstance(text, bytes):
            text = text.decode()
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_parse_float)
        _check_depth(value)
    except RecursionError:
        raise _malformed(f"it is nested more than {MAX_DEPTH} levels deep") from None
    except ValueError as error:
        raise _malformed(str(error)) from None
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:40]} is out of range")
    return number


def _check_depth(value: Any) -> None:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return
        level = [
            child
            for container in level
            for child in (container.values() if isinstance(container, dict) else container)
            if isinstance(child, dict | list)
        ]
    raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep")


def _malformed(reason: str) -> APIException:
    return ParseError(f"The body is not valid JSON: {reason}.", code="malformed_json")


class SafeJSONRenderer(JSONRenderer):
    """Renders what a client sent back to it, also where that is a lone surrogate, which UTF-8 can't carry."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            return super().render(data, accepted_media_type, renderer_context)
        except UnicodeEncodeError:
            return json.dumps(data, cls=self.encoder_class, ensure_ascii=True).encode()


class AlwaysFirstRenderer(DefaultContentNegotiation):
    """Answers in the one format there is, whatever the client accepts: an error page or a picture is still itself."""

    def select_renderer(
        self,
        request: Request,  # noqa: ARG002  DRF's signature
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,  # noqa: ARG002
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type or "application/json"
