"""Error bodies as RFC 9457 describes them, the same from every door."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final, TypedDict

PROBLEM_TYPE: Final = "application/problem+json"


class FieldError(TypedDict):
    """What is wrong with one field; `field` is its path, as in `metadata.quality`."""

    field: str
    code: str
    message: str


def build_problem(
    *, status: int, code: str, detail: str, errors: Sequence[FieldError] = (), title: str | None = None
) -> dict[str, Any]:
    """Return the body of an error; `code` is stable, `detail` a sentence, `errors` name the fields."""
    return {
        "type": "about:blank",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": list(errors),
    }
