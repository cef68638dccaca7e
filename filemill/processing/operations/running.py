"""Running what a task asks for: one operation, or several steps, each with a bench of its own."""

from collections.abc import Sequence
from typing import Any

from filemill.processing.bench import Bench, Output
from filemill.processing.errors import OptionsError
from filemill.processing.operations.naming import name_stem
from filemill.processing.operations.steps import ORIGINAL, Step, group_together, split_use

_WHOLE_PERCENT = 100.0


def run_steps(bench: Bench, steps: Sequence[Step]) -> dict[str, Any]:
    """Run steps in order and return `{"steps": {id: {"operation": name, …facts}}}`.

    Each output says in its facts by which step it was made; those of steps that are not kept are discarded at the end.
    Raises whatever a step raises, with the step's id before its message.
    """
    run = _Run(bench, steps)
    for group in group_together(steps):
        run.do(group)
    run.discard_unkept()
    return {"steps": run.results}


class _Run:
    def __init__(self, bench: Bench, steps: Sequence[Step]) -> None:
        self._bench = bench
        self._steps = steps
        self._is_one_kept = sum(step.is_kept for step in steps) == 1
        self._done = 0
        self._made: dict[str, list[Output]] = {}
        self.results: dict[str, dict[str, Any]] = {}

    def do(self, group: Sequence[Step]) -> None:
        benches = {step.id: self._open(step, place, len(group)) for place, step in enumerate(group)}
        together = group[0].operation.run_together
        if together is not None and len(group) > 1:
            told = together(benches, {step.id: step.options for step in group})
        else:
            told = {step.id: step.operation.run(benches[step.id], step.options) for step in group}
        for step in group:
            self.results[step.id] = {"operation": step.operation.name, **told[step.id]}
            self._made[step.id] = list(benches[step.id].outputs)
            for output in self._made[step.id]:
                output.facts["step"] = step.id
        self._done += len(group)

    def _open(self, step: Step, place: int, group_size: int) -> Bench:
        """Make the step's bench. A group that runs at once shares its part of the progress."""
        first, *others = (self._find(use, step) for use in step.use)
        width = _WHOLE_PERCENT / len(self._steps)
        is_together = step.operation.run_together is not None and group_size > 1
        begin = width * (self._done + (0 if is_together else place))
        return self._bench.derive(
            first,
            file_name=self._name(step),
            limits=step.operation.limits,
            share=(begin, begin + width * (group_size if is_together else 1)),
            inputs=others or None,
        )

    def _name(self, step: Step) -> str:
        """Name what the step makes after the file, and after the step where several give outputs to the task."""
        name, dot, ending = self._bench.file_name.rpartition(".")
        if self._is_one_kept and step.is_kept:
            return self._bench.file_name
        stem = name_stem(self._bench.file_name, fallback="file")
        return f"{stem}-{step.id}{dot}{ending if name else ''}"

    def _find(self, use: str, step: Step) -> Output | None:
        step_id, name = split_use(use)
        if step_id == ORIGINAL:
            return None
        for output in self._made[step_id]:
            if name is None or output.name == name:
                return output
        made = ", ".join(output.name for output in self._made[step_id]) or "nothing"
        message = f"Step '{step.id}' uses {use}, but step '{step_id}' made {made}."
        raise OptionsError(message, code="invalid_options")

    def discard_unkept(self) -> None:
        for step in self._steps:
            if not step.is_kept:
                for output in self._made[step.id]:
                    self._bench.discard(output)
