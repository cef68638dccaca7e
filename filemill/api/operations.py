"""What can be asked for: every operation with its options, examples and what it needs."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import Field
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from filemill.api.describing import READING, answers
from filemill.api.representations import Representation, represent
from filemill.processing import operations
from filemill.processing.cage import tools
from filemill.processing.operations import Operation, checking
from filemill.processing.operations.declaration import InputsRule


class NeededTool(Representation):
    """A program that the operation starts, at least with some options."""

    name: str = Field(examples=["soffice"])
    is_installed: bool


class FurtherInputs(Representation):
    """How many further files it takes, by `inputs`."""

    least: int
    most: int
    media_types: list[str]


class OperationExample(Representation):
    """A request's options, and what comes of them."""

    options: dict[str, Any]
    shows: str


class OperationDescription(Representation):
    """An operation as it declares itself."""

    name: str = Field(description="What `operation`, and `op` in a step, name it by.", examples=["image.transform"])
    summary: str
    task_type: str = Field(description="The task type of the files that it is made for.")
    is_default: bool = Field(description="Whether the task type runs it when a request names no operation.")
    media_types: list[str] = Field(
        description="What it reads; `image/svg+xml` only where the setting `FILEMILL_SVG` is on."
    )
    inputs: FurtherInputs | None = Field(description="Set when it takes further files.")
    schema_: dict[str, Any] = Field(
        alias="schema", serialization_alias="schema", description="The JSON schema of its options."
    )
    defaults: dict[str, Any] = Field(description="The options that hold when none is given.")
    examples: list[OperationExample]
    tools: list[NeededTool]
    is_available: bool = Field(description="Whether this installation has every tool that it may need.")


class OperationList(Representation):
    """All operations."""

    count: int
    results: list[OperationDescription]


class OperationsView(APIView):
    """Every operation of this installation."""

    @extend_schema(
        operation_id="list_operations",
        summary="List operations",
        description="All of them at once, with the JSON schema of their options.",
        tags=["operations"],
        responses=answers({200: OperationList}, *READING),
    )
    def get(self, _request: Request) -> Response:
        """Answer the list."""
        results = [describe(operation) for operation in operations.OPERATIONS.values()]
        return Response({"count": len(results), "results": results})


class OperationView(APIView):
    """One operation."""

    @extend_schema(
        operation_id="get_operation",
        summary="Look at an operation",
        tags=["operations"],
        parameters=[
            OpenApiParameter("name", {"type": "string"}, OpenApiParameter.PATH, description="Such as image.resize.")
        ],
        responses=answers({200: OperationDescription}, 404, *READING),
    )
    def get(self, _request: Request, name: str) -> Response:
        """Answer all of it."""
        if name not in operations.OPERATIONS:
            raise NotFound("There is no such operation.")
        return Response(describe(operations.OPERATIONS[name]))


def describe(operation: Operation[Any]) -> dict[str, Any]:
    """Say what an operation is; which tools are installed is looked up anew each time."""
    found = [{"name": tool, "is_installed": tools.find(tool) is not None} for tool in operation.tools]
    return {
        **_describe_declaration(operation.name),
        "tools": found,
        "is_available": all(tool["is_installed"] for tool in found),
    }


@cache
def _describe_declaration(name: str) -> Mapping[str, Any]:
    """What never changes while the process lives: building the schema is the dear part."""
    operation = operations.OPERATIONS[name]
    described = {
        "name": operation.name,
        "summary": operation.summary,
        "task_type": operation.task_type,
        "is_default": operations.DEFAULTS.get(operation.task_type) == operation.name,
        "media_types": sorted(operation.media_types),
        "inputs": _describe_inputs(operation.inputs),
        "schema": checking.schema(operation),
        "defaults": operation.options().model_dump(mode="json"),
        "examples": [{"options": dict(example.options), "shows": example.shows} for example in operation.examples],
        "tools": [],
        "is_available": True,
    }
    return represent(OperationDescription, described)


def _describe_inputs(rule: InputsRule | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    return {"least": rule.least, "most": rule.most, "media_types": sorted(rule.media_types)}
