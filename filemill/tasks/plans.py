"""The plan: what a request would make of a file, and everything that is wrong with it, without making anything."""

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User

from filemill.files.sources import OpenedFile, Source
from filemill.processing.errors import ProcessingError, SystemFault
from filemill.processing.operations.foresight import ForeseenStep, foresee, total_cost
from filemill.processing.operations.planning import Cost, Facts
from filemill.tasks import intake, probing
from filemill.tasks.drafts import Asked
from filemill.tasks.refusals import Problem, Refused
from filemill.tasks.services import check_order
from filemill.tasks.wishes import Wish, collect, fit_wish


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What was found out; `facts` and `steps` as far as the request is right."""

    facts: Facts | None = None
    steps: list[ForeseenStep] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def cost(self) -> Cost | None:
        """What all steps together take, roughly."""
        return total_cost(self.steps) if self.steps else None


def plan(
    *, user: User, task_type: object, source: Source, asked: Asked, inputs: object = None, strict: bool = False
) -> Plan:
    """Find out what a request would make; problems are part of the answer, unless the task type itself is unknown."""
    kind = intake.check_task_type(task_type)
    problems: list[Problem] = []
    order = check_order(problems, user, kind, asked, inputs=inputs, tags=None, strict=strict)
    facts = _probe(problems, source, kind)
    if order is None:
        return Plan(facts=facts, problems=problems)
    warnings = list(order.wish.warnings)
    if facts is None:
        return Plan(problems=problems, warnings=warnings)
    collect(problems, lambda: fit_wish(order.wish, facts.media_type, order.input_types))
    steps = foresee(facts, order.wish.steps, max_pixels=settings.FILEMILL_INPUT_LIMITS.max_pixels)
    problems += _tell_problems(order.wish, steps)
    return Plan(facts=facts, steps=steps, problems=problems, warnings=[*warnings, *_tell_warnings(steps)])


def _probe(problems: list[Problem], source: Source, task_type: str) -> Facts | None:
    try:
        opened, media_type = intake.open_for_plan(source, task_type=task_type, field="file_path")
    except Refused as refused:
        problems += refused.problems
        return None
    with opened:
        return _probe_opened(problems, opened, media_type)


def _probe_opened(problems: list[Problem], opened: OpenedFile, media_type: str) -> Facts | None:
    try:
        return probing.ROOM.probe(opened, media_type)
    except SystemFault:
        raise
    except ProcessingError as error:
        problems.append(Problem(field="file_path", code=error.code, message=error.message))
        return None


def _tell_problems(wish: Wish, steps: list[ForeseenStep]) -> list[Problem]:
    return [
        Problem(field=place, code="invalid_options", message=found.problem)
        for place, found in zip(wish.fields, steps, strict=True)
        if found.problem
    ]


def _tell_warnings(steps: list[ForeseenStep]) -> list[dict[str, Any]]:
    return [
        {"code": "plan", "option": found.step.id, "message": message, "nearest": None}
        for found in steps
        if found.planned
        for message in found.planned.warnings
    ]
