"""An operation's options as plain form fields, made from the JSON schema of their model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from filemill.processing import operations
from filemill.processing.operations import checking
from filemill.tasks.statuses import TaskType

Kind = Literal["choice", "switch", "number", "words"]
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


@dataclass(frozen=True, kw_only=True)
class Option:
    """An option with its inputs; exactly one, with an empty key, unless the option is an object."""

    name: str
    label: str
    hint: str
    parts: tuple[Part, ...]


def describe_options(task_type: str) -> list[Option]:
    """Return the form fields of a task type's operation, the simplest first as its model has them."""
    schema = checking.schema(operations.for_task_type(task_type))
    definitions = schema.get("$defs", {})
    return [_option(task_type, name, prop, definitions) for name, prop in schema["properties"].items()]


def read_options(task_type: str, values: Mapping[str, str]) -> dict[str, Any]:
    """Turn a form's texts into metadata; empty inputs are left out.

    A text that is no number where one is wanted stays a text: the operation then refuses it in its own words.
    """
    metadata: dict[str, Any] = {}
    for option in describe_options(task_type):
        for part in option.parts:
            text = values.get(part.name, "").strip()
            if not text:
                continue
            if part.key:
                metadata.setdefault(option.name, {})[part.key] = _value(part, text)
            else:
                metadata[option.name] = _value(part, text)
    return metadata


def all_options() -> dict[str, list[Option]]:
    """Return the form fields of every task type."""
    return {task_type: describe_options(task_type) for task_type in TaskType.values}


def _value(part: Part, text: str) -> Any:
    if part.kind == "switch":
        return text == "yes"
    if part.kind in {"number", "words"} and text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    return text


def _option(task_type: str, name: str, prop: Schema, definitions: Schema) -> Option:
    alternatives = list(_alternatives(prop, definitions))
    group = next((schema for schema in alternatives if "properties" in schema), None)
    is_switch = any(schema.get("type") == "boolean" for schema in alternatives)
    input_name = f"{task_type}.{name}"
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
        kind=_kind(alternatives, has_choices=bool(choices), has_number=bool(number)),
        choices=tuple(choice for choice in choices if choice not in _SECOND_SPELLINGS),
        minimum=number.get("minimum"),
        maximum=number.get("maximum"),
        usual=_usual(prop.get("default")),
    )


def _kind(alternatives: list[Schema], *, has_choices: bool, has_number: bool) -> Kind:
    if any(schema.get("type") == "boolean" for schema in alternatives):
        return "switch"
    if has_choices:
        return "words" if has_number else "choice"
    return "number" if has_number else "words"


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
