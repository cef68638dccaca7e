"""What an operation declares of itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from filemill.processing.bench import Bench, Limits
from filemill.processing.operations.planning import Cost, Facts, Planned


class Options(BaseModel):
    """The typed options of an operation: at once its validation, its JSON schema, its form and its reference.

    Every field has a description and, in `json_schema_extra`, the key `x-valid`: the rest of the sentence "`option`
    must be …", which is what a person is told who gives a wrong value. Unknown names are not an error here: the service
    keeps them and answers with a warning. Types are strict: `"yes"` is no boolean and `"85"` no number.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


OptionsT = TypeVar("OptionsT", bound=Options)
Work = Callable[[Bench, OptionsT], dict[str, Any]]
WorkTogether = Callable[[Mapping[str, Bench], Mapping[str, OptionsT]], dict[str, dict[str, Any]]]


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How an operation is tried again after an error that may pass."""

    max_retries: int = 3
    """Executions after the first; a person may retry beyond that."""
    patience: float = 1.0
    """Factor on the service's delays: dear work waits longer for what it needs to come back."""


@dataclass(frozen=True, kw_only=True)
class InputsRule:
    """How many files beside the first an operation takes, named in a request's `inputs`, and of which types."""

    least: int = 1
    most: int = 100
    media_types: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Example:
    """A request that shows the operation: its options, and what comes of them in a sentence."""

    options: Mapping[str, Any]
    shows: str
    sample: str | None = None
    """The file that it is shown with, one of the operation's samples; left out, it is the first."""


def _no_tools(_media_type: str, _options: Any) -> tuple[str, ...]:
    return ()


def _plan_nothing(_facts: Facts, _options: Any) -> Planned:
    return Planned(outputs=(), cost=Cost())


@dataclass(frozen=True, kw_only=True)
class Operation(Generic[OptionsT]):
    """One thing that can be made of a file.

    `run` works in the worker with a bench and returns the task's `result` (JSON-able facts, without the outputs,
    which the bench keeps). The first output that it makes is the one that a next step works on.
    """

    name: str
    """Stable, `kind.verb`: `image.transform`."""
    task_type: str
    summary: str
    details: str = ""
    """Further paragraphs of its page in the reference, as Markdown."""
    media_types: frozenset[str]
    options: type[OptionsT]
    limits: Limits
    run: Work[OptionsT]
    run_together: WorkTogether[OptionsT] | None = None
    """Several named outputs of one input at once, so that it is decoded only once; without it they are made in turn.

    It is given a bench and the options for each name, and returns the result for each name.
    """
    plan: Callable[[Facts, OptionsT], Planned] = _plan_nothing
    """Foresee outputs and cost from what the probe found; pure. Raises `OptionsError` for what can't be done."""
    produces: Callable[[str, OptionsT], str | None] = field(default=lambda _media_type, _options: None)
    """The media type of the first output, for an input's media type; None when there are only facts."""
    needs: Callable[[str, OptionsT], tuple[str, ...]] = _no_tools
    """The tools (`filemill.processing.cage.tools`) that an input's media type and these options call for."""
    tools: tuple[str, ...] = ()
    """Every tool that it may need with some options."""
    inputs: InputsRule | None = None
    """Set when it takes further files, by the request's `inputs`."""
    retry: RetryPolicy = RetryPolicy()
    samples: tuple[str, ...]
    """Files of `samples/` that show the operation, the input first where it takes several."""
    examples: tuple[Example, ...] = ()
    sealed_modules: tuple[str, ...] = ()
    """Modules with sealed functions, of an operation that an installed package brings; ours are found without."""
