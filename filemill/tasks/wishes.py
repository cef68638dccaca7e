"""What to make of a file, as a request says it: one operation, several named outputs, or steps; checked into a Wish.

All three become steps. A single operation is one step; `outputs` are steps on the file itself, with the options of
`metadata` as what they share; `steps` name what they work on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from filemill.processing.cage import tools
from filemill.processing.media import extension_of
from filemill.processing.operations import OPERATIONS, checking
from filemill.processing.operations.steps import ORIGINAL, Step, find_used, split_use
from filemill.tasks.drafts import Asked, Draft, check_metadata, draft_steps
from filemill.tasks.refusals import Problem, Refused

PIPELINE: Final = "pipeline"
"""What stands for the operation of a task whose steps are of several operations."""

Checked = TypeVar("Checked")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What to make of a file, checked as far as the file does not matter."""

    steps: tuple[Step, ...]
    fields: tuple[str, ...]
    """Where in the request each step stands: `metadata`, `outputs.thumb`, `steps[1]`."""
    is_single: bool
    """One operation, asked for in the flat form of `metadata`."""
    metadata: dict[str, Any]
    warnings: list[dict[str, Any]]

    @property
    def operation(self) -> str:
        """The name of the one operation, or `pipeline`."""
        names = {step.operation.name for step in self.steps}
        return names.pop() if len(names) == 1 else PIPELINE

    @property
    def options(self) -> dict[str, Any]:
        """The options of a single operation, as the task keeps them."""
        return dict(self.steps[0].to_json()["options"]) if self.is_single else {}

    @property
    def kept_steps(self) -> list[dict[str, Any]]:
        """The steps as the task keeps them; a single operation needs none."""
        return [] if self.is_single else [step.to_json() for step in self.steps]

    @property
    def max_retries(self) -> int:
        """How often a passing error is tried again: as often as the most patient step wants."""
        return max(step.operation.retry.max_retries for step in self.steps)

    @property
    def readable_inputs(self) -> frozenset[str]:
        """The media types of further files that any step reads; none where no step takes such."""
        rules = [step.operation.inputs for step in self.steps]
        return frozenset[str]().union(*(rule.media_types for rule in rules if rule is not None))


def check_wish(task_type: str, asked: Asked, *, strict: bool) -> Wish:
    """Check what is asked for; raise Refused naming every wrong name and value."""
    metadata = check_metadata(asked.metadata)
    drafts = draft_steps(task_type, asked, metadata)
    used = find_used([draft.use for draft in drafts])
    steps: list[Step] = []
    problems: list[Problem] = []
    warnings: dict[str, dict[str, Any]] = {}
    for draft in drafts:
        checked = checking.check(draft.operation, draft.options)
        problems += [_tell_problem(draft, wrong) for wrong in checked.problems]
        told = [_tell_warning(draft, unknown) for unknown in checked.warnings]
        warnings.update({warning["option"]: warning for warning in told})
        if checked.options is not None:
            steps.append(_finish(draft, checked.options, used))
    if strict:
        problems += [
            Problem(field=_field_of(warning), code=warning["code"], message=warning["message"])
            for warning in warnings.values()
        ]
    if problems:
        raise Refused(problems)
    return Wish(
        steps=tuple(steps),
        fields=tuple(draft.field for draft in drafts),
        is_single=asked.outputs is None and asked.steps is None,
        metadata=metadata,
        warnings=list(warnings.values()),
    )


def fit_wish(wish: Wish, media_type: str, inputs: Sequence[str]) -> None:
    """Check a wish against the file's media type and those of its inputs; raise Refused naming every misfit.

    Whether a step can work on what the one before makes is found out here as well, and which tools are missing: a task
    that can't succeed is not accepted.
    """
    problems: list[Problem] = []
    made: dict[str, str | None] = {ORIGINAL: media_type}
    for step, field in zip(wish.steps, wish.fields, strict=True):
        found = made[split_use(step.use[0])[0]]
        problems += _misfits(step, field, found, count=len(inputs) + len(step.use) - 1)
        made[step.id] = step.operation.produces(found, step.options) if found else None
    if inputs and all(step.operation.inputs is None for step in wish.steps):
        taking = "No step takes further files" if len(wish.steps) > 1 else f"{wish.operation} takes one file only"
        problems.append(Problem(field="inputs", code="unexpected_inputs", message=f"{taking}: leave out inputs."))
    if problems:
        raise Refused(problems)


def collect(problems: list[Problem], check: Callable[[], Checked]) -> Checked | None:
    """Run a check; its problems join the others, so that a client hears of all of them at once."""
    try:
        return check()
    except Refused as refused:
        problems.extend(refused.problems)
        return None


def _misfits(step: Step, field: str, found: str | None, *, count: int) -> list[Problem]:
    operation = step.operation
    if found is None:
        message = f"Step '{step.id}' works on '{step.use[0]}', which makes no file that could be worked on."
        return [Problem(field=field, code="nothing_to_use", message=message)]
    if found not in operation.media_types:
        valid = sorted(operation.media_types)
        message = f"{operation.name} does not read {found}; it reads {', '.join(map(extension_of, valid))}."
        if readers := [other.name for other in OPERATIONS.values() if found in other.media_types]:
            message += f" What reads {found}: {', '.join(readers)}."
        return [Problem(field=field, code="unsupported_format", message=message, valid=valid)]
    problems = _tell_missing(field, [need for need in operation.needs(found, step.options) if not tools.find(need)])
    rule = operation.inputs
    if rule is not None and not rule.least <= count <= rule.most:
        message = f"{operation.name} takes {rule.least} to {rule.most} further files in inputs; there are {count}."
        valid_count = f"{rule.least} to {rule.most} paths"
        problems.append(Problem(field="inputs", code="wrong_number_of_inputs", message=message, valid=valid_count))
    return problems


def _tell_missing(field: str, lacking: Sequence[str]) -> list[Problem]:
    if not lacking:
        return []
    message = f"This installation lacks what the work needs: {tools.explain_lack(lacking)}"
    return [Problem(field=field, code="tool_missing", message=message)]


def _tell_problem(draft: Draft, wrong: checking.Problem) -> Problem:
    field = f"{draft.field}.{wrong.option}" if wrong.option else draft.field
    return Problem(field=field, code=wrong.code, message=wrong.message, valid=wrong.valid or None)


def _tell_warning(draft: Draft, unknown: checking.OptionWarning) -> dict[str, Any]:
    """Name the option by its place in the request; an option in `metadata` by its name alone."""
    is_shared = draft.field == "metadata" or unknown.option in draft.shared
    return {
        "code": unknown.code,
        "option": unknown.option if is_shared else f"{draft.field}.{unknown.option}",
        "message": unknown.message,
        "nearest": unknown.nearest,
    }


def _field_of(warning: dict[str, Any]) -> str:
    option = str(warning["option"])
    return option if option.startswith(("outputs.", "steps[")) else f"metadata.{option}"


def _finish(draft: Draft, options: Any, used: set[str]) -> Step:
    is_kept = draft.id not in used if draft.keep is None else draft.keep
    return Step(id=draft.id, operation=draft.operation, options=options, use=draft.use, is_kept=is_kept)
