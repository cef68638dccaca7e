"""Steps: operations one after another, each on the file itself or on what a step before it has made; pure data."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from filemill.processing.operations.declaration import Operation, Options

ORIGINAL: Final = "original"
"""How a step names the file itself."""
STEP_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
RESERVED: Final = frozenset(("op", "id", "use", "keep"))
"""What a step says beside its options; no operation may call an option so."""
MAX_STEPS: Final = 20


@dataclass(frozen=True, kw_only=True)
class Step:
    """One operation with its options, and what it works on."""

    id: str
    operation: Operation[Any]
    options: Options
    use: tuple[str, ...] = (ORIGINAL,)
    """`original`, a step's id, or `id/name` for one of its outputs by name; those after the first become its inputs."""
    is_kept: bool = True
    """Whether its outputs are the task's; those of a step that only feeds others are not, unless asked for."""

    def to_json(self) -> dict[str, Any]:
        """Return the step as it is kept with a task."""
        return {
            "id": self.id,
            "op": self.operation.name,
            "options": self.options.model_dump(mode="json", exclude_unset=True),
            "use": list(self.use),
            "keep": self.is_kept,
        }


def read_steps(kept: Sequence[Mapping[str, Any]], operations: Mapping[str, Operation[Any]]) -> list[Step]:
    """Read what `to_json` wrote; raises KeyError for an operation that is not installed any more."""
    steps = []
    for entry in kept:
        operation = operations[entry["op"]]
        steps.append(
            Step(
                id=entry["id"],
                operation=operation,
                options=operation.options.model_validate(entry["options"]),
                use=tuple(entry["use"]),
                is_kept=entry["keep"],
            )
        )
    return steps


def split_use(use: str) -> tuple[str, str | None]:
    """Split `pages/page-2.png` into the step's id and the output's name; without a name it is the first output."""
    step_id, slash, name = use.partition("/")
    return step_id, name if slash else None


def find_used(uses: Sequence[Sequence[str]]) -> set[str]:
    """Return the ids of the steps on whose outputs another step works."""
    return {split_use(use)[0] for used in uses for use in used} - {ORIGINAL}


def group_together(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Yield the steps in order, in groups that one decode of one input can serve."""

    def shared(step: Step) -> tuple[str, ...]:
        can = step.operation.run_together is not None
        return (step.operation.name, *step.use) if can else (step.id, step.operation.name, *step.use)

    for _, group in groupby(steps, key=shared):
        yield list(group)
