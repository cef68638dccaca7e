"""Running an operation on a file as a worker does: options checked, in the real cage, with scratch of its own."""

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filemill.processing.bench import Input, Output
from filemill.processing.cage import Cage
from filemill.processing.input_limits import InputLimits
from filemill.processing.media import HEAD_BYTES, sniff
from filemill.processing.operations import Operation
from filemill.processing.operations.checking import check


@dataclass(kw_only=True)
class Finished:
    """What a run gave: the result, the outputs by name in the order of their making, and every percent it told."""

    result: dict[str, Any]
    outputs: dict[str, Output]
    percents: list[float]
    usage: dict[str, Any]

    def path(self, name: str) -> Path:
        """Where an output lies; it is gone with the scratch directory."""
        return self.outputs[name].path

    @property
    def first(self) -> Output:
        """The output that a next step would work on."""
        return next(iter(self.outputs.values()))


def sniff_file(path: Path) -> str:
    """Tell a file's media type as Filemill does; raises ValueError for one that it does not read."""
    with path.open("rb") as file:
        media_type = sniff(file.read(HEAD_BYTES), path.name)
    if media_type is None:
        raise ValueError(f"{path.name} is of no type that Filemill reads.")
    return media_type


def run_operation(
    operation: Operation[Any],
    file: Path,
    options: Mapping[str, object] | None = None,
    *,
    cage: Cage,
    scratch: Path,
    inputs: Sequence[Path] = (),
    input_limits: InputLimits | None = None,
) -> Finished:
    """Run an operation on a file in a cage; raises ValueError for wrong options, and whatever the operation raises.

    `scratch` is an empty directory. A cage for an operation of an installed package is made with
    `Cage(preload=operation.sealed_modules)`.
    """
    checked = check(operation, options or {})
    if checked.options is None:
        raise ValueError("; ".join(problem.message for problem in checked.problems))
    percents: list[float] = []
    with ExitStack() as opened:
        bench = opened.enter_context(
            opened.enter_context(cage.open_slice()).open_bench(
                source_fd=_open(opened, file),
                media_type=sniff_file(file),
                file_name=file.name,
                inputs=[_open_input(opened, path) for path in inputs],
                scratch=scratch,
                limits=operation.limits,
                input_limits=input_limits or InputLimits(),
                on_progress=lambda percent, _message: percents.append(percent),
            )
        )
        result = operation.run(bench, checked.options)
        made = {output.name: output for output in bench.outputs}
        return Finished(result=result, outputs=made, percents=percents, usage=dict(bench.usage))


def _open(opened: ExitStack, path: Path) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    opened.callback(os.close, descriptor)
    return descriptor


def _open_input(opened: ExitStack, path: Path) -> Input:
    descriptor = _open(opened, path)
    return Input(name=path.name, media_type=sniff_file(path), size=path.stat().st_size, fd=descriptor)
