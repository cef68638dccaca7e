"""Saying what is wrong with a request, in the words of the domain's refusals.

Every field of a request's model has, in `json_schema_extra`, the key `x-valid`: the rest of the sentence "`field` must
be …", as the options of operations have it.
"""

from typing import Any, Final

from pydantic import BaseModel, ValidationError

from filemill.tasks.refusals import Problem, Refused

_MAX_PROBLEMS: Final = 100


def refuse(error: ValidationError, model: type[BaseModel]) -> Refused:
    """Return the refusal that names every field at fault."""
    return Refused([_describe(detail, model) for detail in error.errors(include_url=False)[:_MAX_PROBLEMS]])


def refuse_field(field: str, message: str, *, code: str, valid: object = None) -> Refused:
    """Return the refusal of one field."""
    return Refused([Problem(field=field, code=code, message=message, valid=valid)])


def _describe(detail: Any, model: type[BaseModel]) -> Problem:
    location, kind = detail["loc"], detail["type"]
    if kind == "string_unicode" and not location:
        return _refuse_unknown(str(detail["input"]), model)  # a key that is no Unicode has no place of its own
    if not location:
        return Problem(field="", code="invalid_type", message="The body must be a JSON object.")
    field = _path(location)
    if kind == "missing":
        return Problem(
            field=field, code="required", message=f"{field} is missing; it must be {_valid(location, model)}."
        )
    if kind == "extra_forbidden":
        return _refuse_unknown(field, model)
    valid = _valid(location, model)
    return Problem(field=field, code="invalid_value", message=f"{location[0]} must be {valid}.", valid=valid)


def _refuse_unknown(field: str, model: type[BaseModel]) -> Problem:
    fields = list(model.model_fields)
    message = f"{_shorten(field)} is no field of this request; it takes {', '.join(fields)}."
    return Problem(field=field, code="unknown_field", message=message, valid=fields)


def _valid(location: tuple[int | str, ...], model: type[BaseModel]) -> str:
    extra = model.model_fields[str(location[0])].json_schema_extra
    if not isinstance(extra, dict) or not isinstance(valid := extra.get("x-valid"), str):
        raise TypeError(f"{model.__name__}.{location[0]} does not say what is valid: give it `x-valid`")
    return valid


def _path(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _shorten(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:60]}…"
