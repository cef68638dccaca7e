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
    """A known option with a value it can't have; no `option` where several contradict each other."""

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

    An option whose value is null counts as not given. A second name of an option (`x-aliases` in its
    `json_schema_extra`) counts as the option, unless that is given as well.
    """
    known = operation.options.model_fields
    aliases = list_aliases(operation)
    warnings = [_warn_of_unknown(name, known) for name in metadata if name not in known and name not in aliases]
    given = {aliases[name]: value for name, value in metadata.items() if name in aliases and value is not None}
    given.update({name: value for name, value in metadata.items() if name in known and value is not None})
    try:
        options = operation.options.model_validate(given)
    except ValidationError as error:
        return Checked(options=None, problems=_explain(operation, error, given), warnings=warnings)
    return Checked(options=options, problems=[], warnings=warnings)


def list_aliases(operation: Operation[Any]) -> dict[str, str]:
    """Give the second names that options have, each with the option's own."""
    aliases: dict[str, str] = {}
    for name, described in operation.options.model_fields.items():
        extra = described.json_schema_extra
        for alias in cast("list[str]", extra.get("x-aliases", [])) if isinstance(extra, dict) else []:
            aliases[alias] = name
    return aliases


def list_secrets(operation: Operation[Any]) -> set[str]:
    """Name the options whose values must not be shown (`x-secret`), such as passwords, by all of their names."""
    secrets = {
        name
        for name, described in operation.options.model_fields.items()
        if isinstance(described.json_schema_extra, dict) and described.json_schema_extra.get("x-secret")
    }
    return secrets | {alias for alias, name in list_aliases(operation).items() if name in secrets}


def _explain(operation: Operation[Any], error: ValidationError, given: Mapping[str, object]) -> list[Problem]:
    """Name each option at fault once; what is wrong between options is told by the model's own sentence."""
    details = error.errors(include_url=False)
    wrong = dict.fromkeys(str(detail["loc"][0]) for detail in details if detail["loc"])
    problems = [_describe(operation, name, given.get(name)) for name in wrong]
    for detail in details:
        if not detail["loc"]:
            message = detail["msg"].removeprefix("Value error, ")
            problems.append(Problem(option="", code="conflicting_options", message=message, valid=""))
    return problems


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
    is_told = "" if option in list_secrets(operation) else f"; it is {_show(value)}"
    return Problem(
        option=option,
        code="invalid_value",
        message=f"Option '{option}' must be {valid}{is_told}.",
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
