"""Reading a query string into a typed model, and describing that model in the API's schema."""

from typing import Any, TypeVar

from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter
from pydantic import BaseModel, ValidationError
from rest_framework.request import Request

from filemill.api.refusing import refuse

Query = TypeVar("Query", bound=BaseModel)


def read_query(model: type[Query], request: Request) -> Query:
    """Return the parameters that the model knows; others are left alone, as URLs pick up strangers on their way.

    Raises Refused naming every parameter whose value is wrong.
    """
    given: QueryDict = request.query_params
    # The last of several is what counts, as everywhere in Django. An empty value is as good as none.
    values = {name: given[name] for name in model.model_fields if given.get(name, "") != ""}
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise refuse(error, model) from None


def describe_query(*models: type[BaseModel]) -> list[OpenApiParameter]:
    """Return what the API's schema says of the parameters of these models."""
    return [_describe(name, model) for model in models for name in model.model_fields]


def _describe(name: str, model: type[BaseModel]) -> OpenApiParameter:
    schema: dict[str, Any] = dict(model.model_json_schema()["properties"][name])
    schema.pop("title", None)
    schema.pop("x-valid", None)
    description = schema.pop("description", "")
    return OpenApiParameter(name, type=_without_null(schema), location=OpenApiParameter.QUERY, description=description)


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is left out rather than null."""
    choices = [choice for choice in schema.pop("anyOf", []) if choice.get("type") != "null"]
    if schema.get("default", 0) is None:
        del schema["default"]
    return {**(choices[0] if choices else {}), **schema}
