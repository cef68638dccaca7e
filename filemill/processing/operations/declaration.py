"""What an operation declares of itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from filemill.processing.bench import Bench, Limits


class Options(BaseModel):
    """The typed options of an operation: at once its validation, its JSON schema, its form and its reference.

    Every field has a description and, in `json_schema_extra`, the key `x-valid`: the rest of the sentence "`option`
    must be …", which is what a person is told who gives a wrong value. Unknown names are not an error here: the service
    keeps them and answers with a warning. Types are strict: `"yes"` is no boolean and `"85"` no number.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


OptionsT = TypeVar("OptionsT", bound=Options)


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How an operation is tried again after an error that may pass."""

    max_retries: int = 3
    """Executions after the first; a person may retry beyond that."""
    patience: float = 1.0
    """Factor on the service's delays: dear work waits longer for what it needs to come back."""


@dataclass(frozen=True, kw_only=True)
class Operation(Generic[OptionsT]):
    """One thing that can be made of a file.

    `run` works in the worker with a bench and returns the task's `result` (JSON-able facts, without the outputs,
    which the bench keeps).
    """

    name: str
    """Stable, `kind.verb`: `image.transform`."""
    task_type: str
    summary: str
    media_types: frozenset[str]
    options: type[OptionsT]
    limits: Limits
    run: Callable[[Bench, OptionsT], dict[str, Any]]
    retry: RetryPolicy = RetryPolicy()
    samples: tuple[str, ...]
    """Files of `samples/` that show the operation."""
