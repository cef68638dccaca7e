"""The dry run: what a request would make of a file, and all that is wrong with it."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from filemill.api.describing import WRITING, answers
from filemill.api.filters import Strictness
from filemill.api.queries import describe_query, read_query
from filemill.api.representations import FieldProblem, Representation, Warned, represent
from filemill.api.requests import PlanTask, read_body
from filemill.files.sources import Source
from filemill.processing.operations.foresight import ForeseenStep
from filemill.processing.operations.planning import Cost
from filemill.tasks import plans


class EstimatedCost(Representation):
    """A rough estimate of the work."""

    cpu_seconds: float
    memory_bytes: int


class ForeseenOutput(Representation):
    """An output as it is foreseen; a `*` in its name stands for numbers."""

    name: str = Field(examples=["photo.jpg"])
    facts: dict[str, Any] = Field(
        description="`media_type` and, as far as they can be foreseen, `width`, `height`, `pages`, `duration`.",
        examples=[{"media_type": "image/jpeg", "width": 1920, "height": 1080}],
    )


class PlannedStep(Representation):
    """One step with every option that holds, defaults included."""

    id: str
    op: str
    use: list[str]
    keep: bool
    options: dict[str, Any]
    outputs: list[ForeseenOutput] | None = Field(description="null where nothing can be foreseen.")
    cost: EstimatedCost | None


class PlanAnswer(Representation):
    """What would be made; nothing was stored."""

    is_valid: bool = Field(description="Whether the same request to create_task would be accepted.")
    probe: dict[str, Any] | None = Field(description="What the file's headers tell; null where it can't be read.")
    steps: list[PlannedStep]
    cost: EstimatedCost | None = Field(description="Of all steps together.")
    errors: list[FieldProblem]
    warnings: list[Warned]


class PlanView(APIView):
    """A dry run of create_task."""

    @extend_schema(
        operation_id="plan_task",
        summary="Plan a task",
        description="Says what the same request to create_task would make: the probe, the steps with all defaults, "
        "the outputs' dimensions, the estimated cost, and every error and warning at once. Nothing is queued.",
        tags=["operations"],
        parameters=[*describe_query(Strictness)],
        request={"application/json": PlanTask},
        responses=answers({200: PlanAnswer}, *WRITING),
        examples=[
            OpenApiExample(
                "two sizes of a picture",
                value={
                    "file_path": "photo.jpg",
                    "task_type": "image",
                    "outputs": {"large": {"resize": [1920, 1080]}, "thumb": {"resize": [200, 200]}},
                },
                request_only=True,
                media_type="application/json",
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Answer the plan."""
        strict = read_query(Strictness, request).strict
        order = read_body(PlanTask, request.data)
        found = plans.plan(
            task_type=order.task_type,
            source=Source.from_path(order.file_path),
            asked=order.asked,
            inputs=order.inputs,
            strict=strict,
        )
        return Response(represent(PlanAnswer, _describe(found)))


def _describe(found: plans.Plan) -> dict[str, Any]:
    return {
        "is_valid": not found.problems,
        "probe": found.facts.describe() if found.facts else None,
        "steps": [_describe_step(step) for step in found.steps],
        "cost": _describe_cost(found.cost),
        "errors": [FieldProblem.model_validate(problem) for problem in found.problems],
        "warnings": found.warnings,
    }


def _describe_step(found: ForeseenStep) -> dict[str, Any]:
    planned = found.planned
    outputs = [{"name": output.name, "facts": output.facts.describe()} for output in planned.outputs] if planned else []
    return {
        "id": found.step.id,
        "op": found.step.operation.name,
        "use": list(found.step.use),
        "keep": found.step.is_kept,
        "options": found.options,
        "outputs": outputs if planned else None,
        "cost": _describe_cost(planned.cost if planned else None),
    }


def _describe_cost(cost: Cost | None) -> dict[str, Any] | None:
    return None if cost is None else {"cpu_seconds": round(cost.cpu_seconds, 3), "memory_bytes": cost.memory_bytes}
