"""Names for what an ASGI server passes in; servers agree on dicts, not on classes."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


def find_header(scope: Scope, name: bytes) -> str | None:
    """Return a request header by its lower-case name; repeated ones are joined as RFC 9110 says."""
    values = [value for key, value in scope["headers"] if key == name]
    return b", ".join(values).decode("latin-1") if values else None


def list_headers(scope: Scope) -> dict[str, str]:
    """Return the request headers by lower-case name."""
    headers: dict[str, str] = {}
    for key, value in scope["headers"]:
        name, text = key.decode("latin-1"), value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return headers
