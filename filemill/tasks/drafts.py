"""Steps as they were asked for, before their options are checked: names, operations, and what each works on."""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from filemill.processing import operations
from filemill.processing.media import task_type_of
from filemill.processing.operations import Operation
from filemill.processing.operations.steps import MAX_STEPS, ORIGINAL, RESERVED, STEP_ID, split_use
from filemill.tasks.refusals import Problem, Refused

MAX_METADATA_BYTES: Final = 64 * 1024
_OUTPUTS_VALID: Final = f'an object of 1 to {MAX_STEPS} named objects, such as {{"thumb": {{"resize": [200, 200]}}}}'
_STEPS_VALID: Final = f'a list of 1 to {MAX_STEPS} objects, such as [{{"op": "image.resize", "width": 200}}]'
_NAME_VALID: Final = "1 to 32 letters, digits, dashes and underscores that begin with a letter or digit"
_USE_VALID: Final = '"original", an earlier step\'s id, "id/name" for one of its outputs, or a list of these'


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a request says of the work and its time, as it came."""

    metadata: object = None
    operation: object = None
    outputs: object = None
    steps: object = None
    priority: object = None
    run_at: object = None
    expires_at: object = None


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A step whose options are not checked yet; `field` is its place in the request."""

    field: str
    id: str
    operation: Operation[Any]
    options: Mapping[str, Any]
    shared: frozenset[str] = frozenset()
    """Which of the options come from `metadata`."""
    use: tuple[str, ...] = (ORIGINAL,)
    keep: bool | None = None


def draft_steps(task_type: str, asked: Asked, metadata: Mapping[str, Any]) -> list[Draft]:
    """Read one operation, `outputs` or `steps` as steps; raise Refused naming every wrong name."""
    if asked.outputs is not None and asked.steps is not None:
        message = "outputs and steps can't both be given: a step can be used by several others."
        raise Refused([Problem(field="outputs", code="conflicting_fields", message=message)])
    if asked.steps is not None:
        if asked.operation is not None:
            message = "operation can't be given beside steps, each of which names its own as op."
            raise Refused([Problem(field="operation", code="conflicting_fields", message=message)])
        return _StepReader().read(asked.steps)
    operation = _choose_operation(task_type, asked.operation)
    if asked.outputs is not None:
        return _draft_outputs(operation, asked.outputs, metadata)
    return [Draft(field="metadata", id="only", operation=operation, options=metadata)]


def check_metadata(metadata: object) -> dict[str, Any]:
    """Return the metadata if it is a small object that the database can keep; raise Refused otherwise."""
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        message = 'metadata must be an object, such as {"quality": "high"}.'
        raise Refused([Problem(field="metadata", code="invalid_type", message=message)])
    check_storable(metadata, field="metadata")
    return dict(metadata)


def check_storable(value: object, *, field: str) -> None:
    """Raise Refused for JSON that is too long, or that holds what the database can't keep."""
    text = json.dumps(value)
    if len(text) > MAX_METADATA_BYTES:
        message = f"{field} must not be longer than {MAX_METADATA_BYTES} bytes as JSON."
        raise Refused([Problem(field=field, code="too_long", message=message)])
    if "\\u0000" in text or not _is_unicode(text):
        message = f"{field} must not hold NUL characters or lone surrogates: the database can't keep them."
        raise Refused([Problem(field=field, code="invalid_characters", message=message)])


def _is_unicode(text: str) -> bool:
    try:
        json.dumps(json.loads(text), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


# --- which operation ---
def _choose_operation(task_type: str, name: object) -> Operation[Any]:
    if name is None:
        return operations.for_task_type(task_type)
    fitting = [known for known, found in operations.OPERATIONS.items() if serves(found, task_type)]
    if name in fitting:
        return operations.OPERATIONS[str(name)]
    return _refuse_operation("operation", name, fitting, of=f" for the task type {task_type}")


def serves(operation: Operation[Any], task_type: str) -> bool:
    """Tell whether an operation reads files of a task type."""
    return any(task_type_of(media_type) == task_type for media_type in operation.media_types)


def _refuse_operation(field: str, name: object, valid: list[str], *, of: str = "") -> Operation[Any]:
    nearest = difflib.get_close_matches(str(name), valid, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"they are {', '.join(valid)}."
    message = f"{field} must be the name of an operation{of}: {hint}"
    raise Refused([Problem(field=field, code="unknown_operation", message=message, valid=valid)])


# --- named outputs ---
def _draft_outputs(operation: Operation[Any], outputs: object, shared: Mapping[str, Any]) -> list[Draft]:
    if not isinstance(outputs, Mapping) or not 1 <= len(outputs) <= MAX_STEPS:
        raise Refused([_wrong("outputs", _OUTPUTS_VALID)])
    check_storable(outputs, field="outputs")
    return [_draft_output(operation, str(name), asked, shared) for name, asked in outputs.items()]


def _draft_output(operation: Operation[Any], name: str, asked: object, shared: Mapping[str, Any]) -> Draft:
    field = f"outputs.{name[:60]}"
    if not STEP_ID.fullmatch(name) or name == ORIGINAL:
        message = f"The name of an output must be {_NAME_VALID}, and not {ORIGINAL!r}; it is {name[:60]!r}."
        raise Refused([Problem(field=field, code="invalid_value", message=message, valid=_NAME_VALID)])
    if not isinstance(asked, Mapping):
        raise Refused([_wrong(field, "an object of options")])
    if "op" in asked:
        operation, shared = _named_operation(asked["op"], field), {}
    own = {key: value for key, value in asked.items() if key not in RESERVED}
    is_shared = frozenset(shared) - frozenset(own)
    return Draft(field=field, id=name, operation=operation, options={**shared, **own}, shared=is_shared)


def _named_operation(name: object, field: str) -> Operation[Any]:
    if isinstance(name, str) and name in operations.OPERATIONS:
        return operations.OPERATIONS[name]
    return _refuse_operation(f"{field}.op", name, list(operations.OPERATIONS))


# --- steps ---
class _StepReader:
    """Reads steps one after the other, since each may only use what comes before it."""

    def __init__(self) -> None:
        self._ids: list[str] = []

    def read(self, steps: object) -> list[Draft]:
        if not isinstance(steps, list) or not 1 <= len(steps) <= MAX_STEPS:
            raise Refused([_wrong("steps", _STEPS_VALID)])
        check_storable(steps, field="steps")
        return [self._read_step(f"steps[{index}]", index, asked) for index, asked in enumerate(steps)]

    def _read_step(self, field: str, index: int, asked: object) -> Draft:
        if not isinstance(asked, Mapping):
            raise Refused([_wrong(field, "an object with op and options")])
        operation = _named_operation(asked.get("op"), field)
        use = self._read_use(field, asked.get("use"))
        step_id = self._read_id(field, asked.get("id"), index)
        keep = asked.get("keep")
        if keep is not None and not isinstance(keep, bool):
            raise Refused([_wrong(f"{field}.keep", "true or false")])
        options = {key: value for key, value in asked.items() if key not in RESERVED}
        return Draft(field=field, id=step_id, operation=operation, options=options, use=use, keep=keep)

    def _read_id(self, field: str, given: object, index: int) -> str:
        step_id = f"step{index + 1}" if given is None else given
        if not isinstance(step_id, str) or not STEP_ID.fullmatch(step_id) or step_id in (ORIGINAL, *self._ids):
            raise Refused([_wrong(f"{field}.id", f"{_NAME_VALID}, each once, and not {ORIGINAL!r}")])
        self._ids.append(step_id)
        return step_id

    def _read_use(self, field: str, given: object) -> tuple[str, ...]:
        """Without a word a step works on what the one before it made, the first on the file itself."""
        if given is None:
            return (self._ids[-1] if self._ids else ORIGINAL,)
        uses = given if isinstance(given, list) else [given]
        known = (ORIGINAL, *self._ids)
        if not uses or not all(isinstance(use, str) and split_use(use)[0] in known for use in uses):
            valid = f"{_USE_VALID}; known here are {', '.join(known)}"
            raise Refused([_wrong(f"{field}.use", valid)])
        return tuple(uses)


def _wrong(field: str, valid: str) -> Problem:
    return Problem(field=field, code="invalid_value", message=f"{field} must be {valid}.", valid=valid)
