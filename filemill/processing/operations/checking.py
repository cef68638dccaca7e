"""Are these the options that an operation knows? Wrong values are problems; unknown names are only warnings."""

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from pydantic import ValidationError

from filemill.processing.operations.declaration import Operation, Options

_MAX_SHOWN_CHARACTERS: Final = 60


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A known option with a value it can't have."""

    option: str
    code: str
    message: str
    valid: str


@dataclass(frozen=True, kw_only=True)
class OptionWarning:
    """Something that is kept but has no effect."""

    code: str
    option: str
    message: str
    nearest: str | None


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What came of a check: `options` is None exactly when there are problems."""

    options: Options | None
    problems: list[Problem]
    warnings: list[OptionWarning]


def check(operation: Operation[Any], metadata: Mapping[str, object]) -> Checked:
    """Check what a client asks for against what an operation offers.

    An option whose value is null counts as not given.
    """
    known = operation.options.model_fields
    warnings = [_warn_of_unknown(name, known) for name in metadata if name not in known]
    given = {name: value for name, value in metadata.items() if name in known and value is not None}
    try:
        options = operation.options.model_validate(given)
    except ValidationError as error:
        wrong = dict.fromkeys(str(detail["loc"][0]) for detail in error.errors() if detail["loc"])
        return Checked(
            options=None, problems=[_describe(operation, name, given[name]) for name in wrong], warnings=warnings
        )
    return Checked(options=options, problems=[], warnings=warnings)


def schema(operation: Operation[Any]) -> dict[str, Any]:
    """Give the JSON schema of an operation's options, with descriptions, defaults and examples."""
    return cast("dict[str, Any]", operation.options.model_json_schema(mode="validation"))


def valid_values(operation: Operation[Any], option: str) -> str:
    """Say in words what an option takes: the rest of the sentence "`option` must be …"."""
    extra = operation.options.model_fields[option].json_schema_extra
    if not isinstance(extra, dict) or not isinstance(valid := extra.get("x-valid"), str):
        raise TypeError(f"option {option!r} of {operation.name} does not say what is valid: give it `x-valid`")
    return valid


def _describe(operation: Operation[Any], option: str, value: object) -> Problem:
    valid = valid_values(operation, option)
    return Problem(
        option=option,
        code="invalid_value",
        message=f"Option '{option}' must be {valid}; it is {_show(value)}.",
        valid=valid,
    )


def _warn_of_unknown(name: str, known: Iterable[str]) -> OptionWarning:
    shown = name if len(name) <= _MAX_SHOWN_CHARACTERS else f"{name[:_MAX_SHOWN_CHARACTERS]}…"
    nearest = next(iter(difflib.get_close_matches(name.lower(), list(known), n=1)), None)
    hint = f"did you mean '{nearest}'?" if nearest else f"the options are {', '.join(known)}."
    return OptionWarning(
        code="unknown_option", option=name, message=f"Unknown option '{shown}': {hint}", nearest=nearest
    )


def _show(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= _MAX_SHOWN_CHARACTERS else f"{text[:_MAX_SHOWN_CHARACTERS]}…"
