"""Foreseeing what steps make of a file, one after the other, from what the probe found; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from filemill.processing.errors import OptionsError
from filemill.processing.operations.checking import list_secrets
from filemill.processing.operations.planning import Cost, Facts, Planned
from filemill.processing.operations.steps import ORIGINAL, Step, split_use

HIDDEN = "***"
"""What is shown in place of a password."""


@dataclass(frozen=True, kw_only=True)
class ForeseenStep:
    """A step with all its options, defaults included, and what comes of it; `problem` says why it can't be done."""

    step: Step
    planned: Planned | None
    problem: str | None = None

    @property
    def options(self) -> dict[str, Any]:
        """All options with the values that hold, passwords hidden."""
        return hide_secrets(self.step, self.step.options.model_dump(mode="json"))


def foresee(facts: Facts, steps: Sequence[Step], *, max_pixels: int) -> list[ForeseenStep]:
    """Return what each step makes; a step on something that can't be foreseen is itself without a plan.

    `max_pixels` is what a picture, a page or a frame may have at the most on this installation.
    """
    known: dict[str, Facts | None] = {ORIGINAL: facts}
    foreseen = []
    for step in steps:
        source = known.get(split_use(step.use[0])[0])
        found = _foresee_step(source, step, max_pixels)
        known[step.id] = found.planned.outputs[0].facts if found.planned and found.planned.outputs else None
        foreseen.append(found)
    return foreseen


def total_cost(foreseen: Sequence[ForeseenStep]) -> Cost:
    """Add up what the steps take."""
    total = Cost(cpu_seconds=0.0, memory_bytes=0)
    for found in foreseen:
        total += found.planned.cost if found.planned else Cost()
    return total


def hide_secrets(step: Step, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with the values of passwords hidden."""
    secrets = list_secrets(step.operation)
    return {name: HIDDEN if name in secrets and value is not None else value for name, value in options.items()}


def _foresee_step(source: Facts | None, step: Step, max_pixels: int) -> ForeseenStep:
    if source is None:
        return ForeseenStep(step=step, planned=None)
    try:
        planned = step.operation.plan(source, step.options)
    except OptionsError as error:
        return ForeseenStep(step=step, planned=None, problem=error.message)
    return ForeseenStep(step=step, planned=planned, problem=_find_too_large(planned, max_pixels))


def _find_too_large(planned: Planned, max_pixels: int) -> str | None:
    for output in planned.outputs:
        width, height, frames = output.facts.width or 0, output.facts.height or 0, output.facts.frames or 1
        if width * height * frames > max_pixels:
            return f"{output.name} would have {width * height * frames:,} pixels; it may have {max_pixels:,} in all."
    return None
