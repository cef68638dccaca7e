"""Describing the API: which errors an endpoint answers, what a credential looks like, how models become schemas."""

from typing import Any, Final, Literal

from drf_spectacular.contrib.pydantic import PydanticExtension
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from pydantic import BaseModel

from filemill.api.problems import PROBLEM_TYPE, build_problem
from filemill.api.representations import ConflictBody, ProblemBody

Responses = dict[Any, Any]

_EXAMPLES: Final[dict[int, tuple[str, str, str]]] = {
    400: (
        "Something in the request is wrong; `errors` names it.",
        "invalid_value",
        "page must be a whole number from 1.",
    ),
    401: ("No credentials, or wrong ones.", "not_authenticated", "Authentication credentials were not provided."),
    403: (
        "A page of another site, or a session without its CSRF token, asked.",
        "foreign_origin",
        "This request comes from a page of another site; send it from this one, or use a token.",
    ),
    404: ("There is no such thing, or it is somebody else's.", "not_found", "There is no such task."),
    409: ("The task's status does not allow it.", "not_cancellable", "The task is completed and can't be cancelled."),
    413: ("The body is too large.", "body_too_large", "The body is larger than 33554432 bytes."),
    415: (
        "The body is of a type that this address does not take.",
        "unsupported_media_type",
        'Unsupported media type "text/plain" in request.',
    ),
    422: (
        "The `Idempotency-Key` was used for another request.",
        "idempotency_key_reused",
        "This Idempotency-Key was used for another request; use a new key for each request.",
    ),
    503: (
        "The database does not answer; try again after `Retry-After` seconds.",
        "database_unavailable",
        "The database does not answer at the moment.",
    ),
    507: ("There is no room to keep the file.", "disk_full", "There is no room to keep the file."),
}
READING: Final = (401, 503)
WRITING: Final = (400, 401, 403, 413, 415, 503)


def answers(success: Responses, *problems: int) -> Responses:
    """Return the responses of an endpoint: its success, and the problems that it may answer."""
    return {**success, **{(status, PROBLEM_TYPE): _describe_problem(status) for status in sorted(set(problems))}}


def _describe_problem(status: int) -> OpenApiResponse:
    description, code, detail = _EXAMPLES[status]
    body = build_problem(status=status, code=code, detail=detail)
    if status == 409:
        body["task_status"] = "completed"
    example = OpenApiExample(code, value=body, response_only=True, status_codes=[str(status)], media_type=PROBLEM_TYPE)
    return OpenApiResponse(ConflictBody if status == 409 else ProblemBody, description=description, examples=[example])


TASK_ID: Final = OpenApiParameter(
    "task_id", {"type": "string", "format": "uuid"}, OpenApiParameter.PATH, description="The task's `id`."
)


class ModelSchemas(PydanticExtension):  # type: ignore[no-untyped-call]  # spectacular is half typed
    """A request's model describes what it accepts, an answer's what it gives; Filemill's models know both."""

    target_class = "pydantic.BaseModel"
    match_subclasses = True
    priority = 1

    def map_serializer(self, auto_schema: AutoSchema, direction: Literal["request", "response"]) -> dict[str, Any]:
        """Return the model's schema; the models inside it become components of their own."""
        model: type[BaseModel] = self.target
        schema = model.model_json_schema(
            ref_template="#/components/schemas/{model}",
            mode="validation" if direction == "request" else "serialization",
        )
        for name, inner in schema.pop("$defs", {}).items():
            component = ResolvedComponent(  # type: ignore[no-untyped-call]
                name=name, type=ResolvedComponent.SCHEMA, object=name, schema=_tidy(inner)
            )
            auto_schema.registry.register_on_missing(component)
        return _tidy(schema)


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop what only this program needs: generated titles, and the words of its sentences."""
    schema.pop("title", None)
    for described in schema.get("properties", {}).values():
        described.pop("title", None)
        described.pop("x-valid", None)
    return schema


def require_bodies(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Say that a request needs its body where the body needs a field; a hook of drf-spectacular."""
    models = result["components"]["schemas"]
    for path in result["paths"].values():
        for operation in path.values():
            body = operation.get("requestBody")
            if body is None:
                continue
            names = [media["schema"].get("$ref", "").rpartition("/")[2] for media in body["content"].values()]
            body["required"] = any(models.get(name, {}).get("required") for name in names)
    return result


class BasicScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How Basic authentication is described."""

    target_class = "filemill.api.authentication.CachedBasicAuthentication"
    name = "basicAuth"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:  # noqa: ARG002  spectacular's signature
        """Return the OpenAPI security scheme."""
        return {"type": "http", "scheme": "basic", "description": "A user's name and password."}


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How a token is described."""

    target_class = "filemill.api.authentication.HashedTokenAuthentication"
    name = "tokenAuth"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:  # noqa: ARG002  spectacular's signature
        """Return the OpenAPI security scheme."""
        description = "`Token` and a space before a token of `POST /api/auth/tokens/`: `Token fm_…`."
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": description}
