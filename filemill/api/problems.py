"""Error bodies as RFC 9457 describes them, the same from every door."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NotRequired, TypedDict

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from filemill.files.errors import FileRefused
from filemill.tasks.refusals import Conflict, Refused

logger = logging.getLogger(__name__)

PROBLEM_TYPE: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 5
STATUS_OF_CODE: Final = {"file_too_large": 413, "disk_full": 507}
"""The codes of a refusal that is not the plain 400."""
SHOWN_IN_DETAIL: Final = 3
"""`errors` names all of them; a sentence made of a thousand helps nobody."""


class FieldError(TypedDict):
    """What is wrong with one field; `field` is its path, as in `metadata.quality`; `valid` is what would be right."""

    field: str
    code: str
    message: str
    valid: NotRequired[object]


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


def answer_problem(
    body: Mapping[str, Any], *, headers: Mapping[str, str] | None = None, extra: Mapping[str, Any] | None = None
) -> Response:
    """Return the response that carries a problem; `extra` holds members of its own kind."""
    response = Response({**body, **(extra or {})}, status=body["status"], content_type=PROBLEM_TYPE)
    for name, value in (headers or {}).items():
        response[name] = value
    return response


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:  # noqa: ARG001  DRF's signature
    """Answer what went wrong as a problem; None, for what nobody expected, makes it a 500."""
    response = _answer_domain_error(error) or _answer_django_error(error) or _answer_rest_error(error)
    if response is not None:
        set_rollback()
    return response


def _answer_domain_error(error: Exception) -> Response | None:
    if isinstance(error, Refused):
        errors = [
            _field_error(problem.field, problem.code, problem.message, problem.valid) for problem in error.problems
        ]
        code = errors[0]["code"] if errors else "invalid"
        detail = " ".join(dict.fromkeys(item["message"] for item in errors[:SHOWN_IN_DETAIL]))
        if error.total > SHOWN_IN_DETAIL:
            detail += f" There are {error.total - SHOWN_IN_DETAIL} more."
        status = STATUS_OF_CODE.get(code, 400)
        extra = {"errors_total": error.total} if error.total > len(errors) else {}
        return answer_problem(build_problem(status=status, code=code, detail=detail, errors=errors), extra=extra)
    if isinstance(error, Conflict):
        body = build_problem(status=409, code=error.code, detail=error.message)
        return answer_problem(body, extra={"task_status": error.status})
    if isinstance(error, FileRefused):
        status = STATUS_OF_CODE.get(error.code, 400)
        errors = [_field_error("file", error.code, error.message, None)]
        return answer_problem(build_problem(status=status, code=error.code, detail=error.message, errors=errors))
    return None


def _answer_django_error(error: Exception) -> Response | None:
    if isinstance(error, OperationalError | InterfaceError):
        logger.error("The database does not answer: %s", error)
        detail = "The database does not answer at the moment; nothing was changed. Try again in a few seconds."
        body = build_problem(status=503, code="database_unavailable", detail=detail)
        return answer_problem(body, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    if isinstance(error, DataError):
        # Every field is checked before it gets here; this is the net for what a cookie or a header may still hold.
        logger.warning("The database refused a value: %s", error)
        detail = "The request holds a value that can't be stored or looked for."
        return answer_problem(build_problem(status=400, code="invalid_value", detail=detail))
    if isinstance(error, RequestDataTooBig):
        return answer_problem(build_problem(status=413, code="body_too_large", detail=str(error)))
    if isinstance(error, UnreadablePostError):
        return answer_problem(build_problem(status=400, code="parse_error", detail="The body did not arrive whole."))
    if isinstance(error, SuspiciousOperation):
        return answer_problem(build_problem(status=400, code="bad_request", detail=str(error)))
    return None


def _answer_rest_error(error: Exception) -> Response | None:
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, DjangoPermissionDenied):
        error = exceptions.PermissionDenied()
    if not isinstance(error, exceptions.APIException):
        return None
    headers: dict[str, str] = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    code, detail = _say(error)
    return answer_problem(build_problem(status=error.status_code, code=code, detail=detail), headers=headers)


def _say(error: exceptions.APIException) -> tuple[str, str]:
    """Return the code and the sentence of an error of REST framework's own."""
    detail, codes = error.detail, error.get_codes()
    return (codes if isinstance(codes, str) else error.default_code), str(detail)


def _field_error(field: str, code: str, message: str, valid: object) -> FieldError:
    found: FieldError = {"field": field, "code": code, "message": message}
    if valid is not None:
        found["valid"] = valid
    return found
