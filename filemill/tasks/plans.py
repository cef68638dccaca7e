"""The plan: what a request would make of a file, and everything that is wrong with it, without making anything."""

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from filemill.files.sources import OpenedFile, Source
from filemill.processing.errors import ProcessingError, SystemFault
from filemill.processing.operations.foresight import ForeseenStep, foresee, total_cost
from filemill.processing.operations.planning import Cost, Facts
from filemill.tasks import intake, probing
from filemill.tasks.drafts import Asked
from filemill.tasks.refusals import Problem, Refused
from filemill.tasks.timing import check_timing
from filemill.tasks.wishes import Examined, collect, examine_wish, find_misfits, list_readable


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


def plan(*, task_type: object, source: Source, asked: Asked, inputs: object = None, strict: bool = False) -> Plan:
    """Find out what a request would make; problems are part of the answer, unless the task type itself is unknown."""
    kind = intake.check_task_type(task_type)
    problems: list[Problem] = []
    examined = collect(problems, lambda: examine_wish(kind, asked, strict=strict))
    readable = list_readable(examined.drafts) if examined else frozenset()
    further = collect(problems, lambda: intake.examine_inputs(inputs, readable=readable))
    collect(problems, lambda: check_timing(asked))
    media_type, facts = _look_at_file(problems, source, kind)
    if examined is None:
        return Plan(facts=facts, problems=problems)
    problems += examined.problems
    if media_type is not None:
        count = None if further is None else len(further)
        problems += find_misfits(examined.drafts, examined.steps, media_type, count=count)
    steps = _foresee(facts, examined)
    return Plan(
        facts=facts,
        steps=steps,
        problems=[*problems, *_tell_problems(examined, steps)],
        warnings=[*examined.warnings, *_tell_warnings(steps)],
    )


def _look_at_file(problems: list[Problem], source: Source, task_type: str) -> tuple[str | None, Facts | None]:
    """Return the file's media type and its probe, as far as they can be told."""
    try:
        opened, media_type = intake.open_for_plan(source, task_type=task_type, field="file_path")
    except Refused as refused:
        problems += refused.problems
        return None, None
    with opened:
        return media_type, _probe_opened(problems, opened, media_type)


def _probe_opened(problems: list[Problem], opened: OpenedFile, media_type: str) -> Facts | None:
    try:
        return probing.ROOM.probe(opened, media_type)
    except SystemFault:
        raise
    except ProcessingError as error:
        problems.append(Problem(field="file_path", code=error.code, message=error.message))
        return None


def _foresee(facts: Facts | None, examined: Examined) -> list[ForeseenStep]:
    """Foresee the steps that are right, on the file or on what others of them make."""
    if facts is None:
        return []
    right = [step for step in examined.steps if step is not None]
    return foresee(facts, right, max_pixels=settings.FILEMILL_INPUT_LIMITS.max_pixels)


def _tell_problems(examined: Examined, steps: list[ForeseenStep]) -> list[Problem]:
    fields = {draft.id: draft.field for draft in examined.drafts}
    return [
        Problem(field=fields[found.step.id], code="invalid_options", message=found.problem)
        for found in steps
        if found.problem
    ]


def _tell_warnings(steps: list[ForeseenStep]) -> list[dict[str, Any]]:
    return [
        {"code": "plan", "option": found.step.id, "message": message, "nearest": None}
        for found in steps
        if found.planned
        for message in found.planned.warnings
    ]
