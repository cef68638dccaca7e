"""Every operation, run through the real cage on real files."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from filemill.processing.bench import Input, Limits, Output
from filemill.processing.cage import Cage
from filemill.processing.input_limits import InputLimits
from filemill.processing.media import HEAD_BYTES, sniff, task_type_of
from filemill.processing.operations import OPERATIONS, for_task_type
from filemill.processing.operations.checking import check
from filemill.processing.operations.document.probing import probe_document
from filemill.processing.operations.image.probing import probe_image
from filemill.processing.operations.planning import Facts

SAMPLES = Path(__file__).parents[3] / "samples"


@dataclass(kw_only=True)
class Finished:
    """What a run gave: the result, the outputs by name, every percent it told, and its peak in the cage."""

    result: dict[str, Any]
    outputs: dict[str, Output]
    percents: list[float]
    peak_memory_bytes: int

    def path(self, name: str) -> Path:
        return self.outputs[name].path


Work = Callable[..., Finished]
Probe = Callable[[Path], Facts]


@pytest.fixture(scope="session")
def cage() -> Iterator[Cage]:
    with Cage() as cage:
        yield cage


@pytest.fixture
def work(cage: Cage, tmp_path: Path) -> Work:
    """Run an operation on a file, as a worker does: `work(path, operation="document.text", **options)`.

    Without `operation` it is the default one of the file's type. `inputs` are the further files that it takes, and
    `memory_bytes` what it may use in the place of its own limit.
    """

    def run(
        path: Path,
        *,
        operation: str | None = None,
        inputs: Sequence[Path] = (),
        input_limits: InputLimits | None = None,
        memory_bytes: int | None = None,
        **options: object,
    ) -> Finished:
        media_type = _sniff(path)
        asked = OPERATIONS[operation] if operation else for_task_type(str(task_type_of(media_type)))
        assert media_type in asked.media_types, f"{asked.name} does not take {media_type}"
        checked = check(asked, options)
        assert not checked.problems, checked.problems
        scratch = tmp_path / f"scratch-{len(list(tmp_path.glob('scratch-*')))}"
        scratch.mkdir()
        percents: list[float] = []
        with ExitStack() as opened:
            source_fd, *input_fds = (_open(each, opened) for each in (path, *inputs))
            with cage.open_slice() as files:
                bench = files.open_bench(
                    source_fd=source_fd,
                    media_type=media_type,
                    file_name=path.name,
                    scratch=scratch,
                    limits=replace(asked.limits, memory_bytes=memory_bytes or asked.limits.memory_bytes),
                    input_limits=input_limits,
                    inputs=[
                        Input(name=each.name, media_type=_sniff(each), size=each.stat().st_size, fd=fd)
                        for each, fd in zip(inputs, input_fds, strict=True)
                    ],
                    on_progress=lambda percent, _message: percents.append(percent),
                )
                result = asked.run(bench, checked.options)
                return Finished(
                    result=result,
                    outputs={output.name: output for output in bench.outputs},
                    percents=percents,
                    peak_memory_bytes=int(bench.usage["peak_memory_bytes"]),
                )

    return run


def _sniff(path: Path) -> str:
    with path.open("rb") as file:
        media_type = sniff(file.read(HEAD_BYTES), path.name)
    assert media_type is not None, f"{path.name} is of no type that Filemill reads"
    return media_type


def _open(path: Path, opened: ExitStack) -> int:
    descriptor = os.open(path, os.O_RDONLY)
    opened.callback(os.close, descriptor)
    return descriptor


@pytest.fixture
def probe(cage: Cage, tmp_path: Path) -> Probe:
    """Probe a picture or a document, as a plan does."""

    def run(path: Path) -> Facts:
        media_type = _sniff(path)
        source_fd = os.open(path, os.O_RDONLY)
        try:
            with (
                cage.open_slice() as files,
                files.open_bench(
                    source_fd=source_fd,
                    media_type=media_type,
                    file_name=path.name,
                    scratch=tmp_path,
                    limits=Limits(),
                ) as bench,
            ):
                return (probe_image if task_type_of(media_type) == "image" else probe_document)(bench)
        finally:
            os.close(source_fd)

    return run
