"""The names that a choice has with other tools and services, beside its own."""

from collections.abc import Mapping
from typing import Any

from pydantic import BeforeValidator


def by_other_names(names: Mapping[str, str], choice: Any) -> BeforeValidator:
    """Take a choice by its other names as well; `choice` is what the schema says of it."""

    def rename(value: Any) -> Any:
        return names.get(value, value) if isinstance(value, str) else value

    return BeforeValidator(rename, json_schema_input_type=choice)
