"""An operation's options as plain form fields, made from the JSON schema of their model."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from filemill.processing import operations
from filemill.processing.operations import Operation, checking
from filemill.tasks.statuses import TaskType

Kind = Literal["choice", "switch", "number", "words", "password"]
Schema = Mapping[str, Any]

_SECOND_SPELLINGS: Final = frozenset({"jpg"})
"""Accepted from programs, but one thing should stand in a menu once."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One input: an option, or one value of an option that is an object (`resize` has `width`)."""

    name: str
    """The input's name: `image.quality`, `image.resize.width`."""
    key: str
    label: str
    kind: Kind
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    usual: str = ""
    types: frozenset[str] = frozenset()
    """The JSON types that it takes."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """An option with its inputs; exactly one, with an empty key, unless the option is an object."""

    name: str
    label: str
    hint: str
    parts: tuple[Part, ...]


def describe_options(operation: Operation[Any], *, prefix: str) -> list[Option]:
    """Return the form fields of an operation, in the order of its model; their names begin with `prefix`."""
    schema = checking.schema(operation)
    definitions = schema.get("$defs", {})
    return [_option(prefix, name, prop, definitions) for name, prop in schema["properties"].items()]


def usual_options() -> dict[str, list[Option]]:
    """Return the form fields of every task type's own operation, whose names begin with the task type."""
    return {kind: describe_options(operations.for_task_type(kind), prefix=kind) for kind in TaskType.values}


def list_operations() -> list[Operation[Any]]:
    """Return the operations that a form can ask for: those that work on one file."""
    return [operation for operation in operations.OPERATIONS.values() if operation.inputs is None]


def read_options(options: Iterable[Option], values: Mapping[str, str]) -> dict[str, Any]:
    """Turn a form's texts into metadata; empty inputs are left out.

    A text that is no number where one is wanted stays a text: the operation then refuses it in its own words.
    """
    metadata: dict[str, Any] = {}
    for option in options:
        for part in option.parts:
            text = values.get(part.name, "").strip()
            if not text:
                continue
            if part.key:
                metadata.setdefault(option.name, {})[part.key] = _value(part, text)
            else:
                metadata[option.name] = _value(part, text)
    return metadata


def _value(part: Part, text: str) -> Any:
    if part.kind == "switch":
        return text == "yes"
    if part.kind == "password":
        return text
    if part.kind in {"number", "words"} and text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    return _structured(part, text)


def _structured(part: Part, text: str) -> Any:
    """Read a number, a list or an object where the option takes one; a list may also be words between commas."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    takes = {int: {"integer", "number"}, float: {"number"}, list: {"array"}, dict: {"object"}}
    if takes.get(type(value), set()) & part.types:
        return value
    if "array" in part.types and "string" not in part.types:
        return [word.strip() for word in text.split(",")]
    return text


def _option(prefix: str, name: str, prop: Schema, definitions: Schema) -> Option:
    alternatives = list(_alternatives(prop, definitions))
    group = next((schema for schema in alternatives if "properties" in schema), None)
    is_switch = any(schema.get("type") == "boolean" for schema in alternatives)
    input_name = f"{prefix}.{name}"
    if group is not None and not is_switch:
        parts = tuple(
            _part(f"{input_name}.{key}", key, inner, definitions) for key, inner in group["properties"].items()
        )
    else:
        parts = (_part(input_name, "", prop, definitions, label=_words(name)),)
    return Option(name=name, label=_words(name), hint=str(prop.get("description", "")), parts=parts)


def _part(name: str, key: str, prop: Schema, definitions: Schema, *, label: str = "") -> Part:
    alternatives = list(_alternatives(prop, definitions))
    choices = next((tuple(schema["enum"]) for schema in alternatives if "enum" in schema), ())
    number = next((schema for schema in alternatives if schema.get("type") == "integer"), {})
    return Part(
        name=name,
        key=key,
        label=label or _words(key),
        kind="password" if prop.get("x-secret") else _kind(alternatives, has_choices=bool(choices), number=number),
        choices=tuple(str(choice) for choice in choices if choice not in _SECOND_SPELLINGS),
        minimum=number.get("minimum"),
        maximum=number.get("maximum"),
        usual=_usual(prop.get("default")),
        types=frozenset(str(schema["type"]) for schema in alternatives if "type" in schema),
    )


def _kind(alternatives: list[Schema], *, has_choices: bool, number: Schema) -> Kind:
    if any(schema.get("type") == "boolean" for schema in alternatives):
        return "switch"
    others = {schema.get("type") for schema in alternatives if "enum" not in schema} - {"integer", "null", None}
    if has_choices:
        return "words" if number or others else "choice"
    return "number" if number and not others else "words"


def _alternatives(prop: Schema, definitions: Schema) -> Iterator[Schema]:
    """Yield the schemas that a value may follow, references resolved."""
    for schema in prop.get("anyOf", [prop]):
        reference = schema.get("$ref")
        yield definitions[reference.rsplit("/", maxsplit=1)[-1]] if reference else schema


def _usual(default: object) -> str:
    if isinstance(default, bool):
        return "yes" if default else "no"
    return "" if default is None else str(default)


def _words(name: str) -> str:
    """Write a name as a label; an abbreviation stays one."""
    text = name.replace("_", " ")
    return text.upper() if len(text) <= 3 and text != "fit" else text[:1].upper() + text[1:]
