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
    drafts: tuple[Draft, ...]
    """What the steps were made of, in their order."""
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
        return list_readable(self.drafts)


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What to make of a file, as far as it is right: for each draft its step, or None where its options are wrong."""

    metadata: dict[str, Any]
    drafts: tuple[Draft, ...]
    steps: tuple[Step | None, ...]
    problems: list[Problem]
    warnings: list[dict[str, Any]]


def list_readable(drafts: Sequence[Draft]) -> frozenset[str]:
    """Give the media types of further files that any of the operations reads."""
    rules = [draft.operation.inputs for draft in drafts]
    return frozenset[str]().union(*(rule.media_types for rule in rules if rule is not None))


def check_wish(task_type: str, asked: Asked, *, strict: bool) -> Wish:
    """Check what is asked for; raise Refused naming every wrong name and value."""
    examined = examine_wish(task_type, asked, strict=strict)
    if examined.problems:
        raise Refused(examined.problems)
    return Wish(
        steps=tuple(step for step in examined.steps if step is not None),
        drafts=examined.drafts,
        is_single=asked.outputs is None and asked.steps is None,
        metadata=examined.metadata,
        warnings=examined.warnings,
    )


def examine_wish(task_type: str, asked: Asked, *, strict: bool) -> Examined:
    """Find out what is right of what is asked for, and what is wrong; raise Refused for what can't be read as steps."""
    metadata = check_metadata(asked.metadata)
    drafts = draft_steps(task_type, asked, metadata)
    used = find_used([draft.use for draft in drafts])
    steps: list[Step | None] = []
    problems: list[Problem] = []
    warnings: dict[str, dict[str, Any]] = {}
    for draft in drafts:
        checked = checking.check(draft.operation, draft.options)
        problems += [_tell_problem(draft, wrong) for wrong in checked.problems]
        told = [_tell_warning(draft, unknown) for unknown in checked.warnings]
        warnings.update({warning["option"]: warning for warning in told})
        steps.append(None if checked.options is None else _finish(draft, checked.options, used))
    if strict:
        problems += [
            Problem(field=_field_of(warning), code=warning["code"], message=warning["message"])
            for warning in warnings.values()
        ]
    return Examined(
        metadata=metadata,
        drafts=tuple(drafts),
        steps=tuple(steps),
        problems=problems,
        warnings=list(warnings.values()),
    )


def fit_wish(wish: Wish, media_type: str, inputs: Sequence[str]) -> None:
    """Check a wish against the file's media type and those of its inputs; raise Refused naming every misfit."""
    problems = find_misfits(wish.drafts, wish.steps, media_type, count=len(inputs))
    if problems:
        raise Refused(problems)


def find_misfits(
    drafts: Sequence[Draft], steps: Sequence[Step | None], media_type: str, *, count: int | None
) -> list[Problem]:
    """Tell what does not fit a file's media type, or the number of its further files where that is known.

    Whether a step can work on what the one before makes is found out here as well, and which tools are missing: a task
    that can't succeed is not accepted. What a step with wrong options would make is not known, nor what it needs.
    """
    problems: list[Problem] = []
    made: dict[str, str | None] = {ORIGINAL: media_type}
    for draft, step in zip(drafts, steps, strict=True):
        begun_with = split_use(draft.use[0])[0]
        if begun_with not in made:
            continue
        found = made[begun_with]
        problems += _misfits(draft, step, found)
        if count is not None and found in draft.operation.media_types:
            problems += _miscounts(draft, count=count + len(draft.use) - 1)
        if step is not None:
            made[draft.id] = step.operation.produces(found, step.options) if found else None
    if count and all(draft.operation.inputs is None for draft in drafts):
        name = drafts[0].operation.name
        taking = "No step takes further files" if len(drafts) > 1 else f"{name} takes one file only"
        problems.append(Problem(field="inputs", code="unexpected_inputs", message=f"{taking}: leave out inputs."))
    return problems


def collect(problems: list[Problem], check: Callable[[], Checked]) -> Checked | None:
    """Run a check; its problems join the others, so that a client hears of all of them at once."""
    try:
        return check()
    except Refused as refused:
        problems.extend(refused.problems)
        return None


def _misfits(draft: Draft, step: Step | None, found: str | None) -> list[Problem]:
    operation = draft.operation
    if found is None:
        message = f"Step '{draft.id}' works on '{draft.use[0]}', which makes no file that could be worked on."
        return [Problem(field=draft.field, code="nothing_to_use", message=message)]
    if found not in operation.media_types:
        valid = sorted(operation.media_types)
        message = f"{operation.name} does not read {found}; it reads {', '.join(map(extension_of, valid))}."
        if readers := [other.name for other in OPERATIONS.values() if found in other.media_types]:
            message += f" What reads {found}: {', '.join(readers)}."
        return [Problem(field=draft.field, code="unsupported_format", message=message, valid=valid)]
    lacking = [] if step is None else [need for need in operation.needs(found, step.options) if not tools.find(need)]
    if not lacking:
        return []
    message = f"This installation lacks what the work needs: {tools.explain_lack(lacking)}"
    return [Problem(field=draft.field, code="tool_missing", message=message)]


def _miscounts(draft: Draft, *, count: int) -> list[Problem]:
    rule = draft.operation.inputs
    if rule is None or rule.least <= count <= rule.most:
        return []
    message = f"{draft.operation.name} takes {rule.least} to {rule.most} further files in inputs; there are {count}."
    valid_count = f"{rule.least} to {rule.most} paths"
    return [Problem(field="inputs", code="wrong_number_of_inputs", message=message, valid=valid_count)]


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
