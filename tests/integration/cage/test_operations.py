"""Every operation on its samples under the whole lock: what a library loads late, or asks of the kernel, shows here."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from filemill.processing import media
from filemill.processing.bench import Input
from filemill.processing.cage import Cage
from filemill.processing.operations import OPERATIONS

WITH_OPTIONS = {"document.encrypt": {"user_password": "opens"}}
"""Options of the operations that do nothing without."""
SAMPLES = Path(__file__).parents[3] / "samples"


@pytest.fixture(scope="module")
def full_cage() -> Iterator[Cage]:
    with Cage() as opened:
        yield opened


def list_runs() -> list[tuple[str, str]]:
    """Every operation with every sample of its own; where it takes further files, with the first."""
    return [
        (name, sample)
        for name, operation in OPERATIONS.items()
        for sample in (operation.samples if operation.inputs is None else operation.samples[:1])
    ]


@pytest.mark.parametrize(("operation", "sample"), list_runs())
def test_an_operation_works_on_its_sample_under_the_seal(
    full_cage: Cage, scratch: Path, operation: str, sample: str
) -> None:
    chosen = OPERATIONS[operation]
    further = chosen.samples[1:] if chosen.inputs is not None else ()
    told: list[float] = []
    with ExitStack() as opened:
        source = open_sample(opened, sample)
        assert source.media_type in chosen.media_types
        bench = opened.enter_context(
            opened.enter_context(full_cage.open_slice()).open_bench(
                source_fd=source.fd,
                media_type=source.media_type,
                file_name=sample,
                scratch=scratch,
                limits=chosen.limits,
                inputs=[open_sample(opened, name) for name in further],
                on_progress=lambda percent, _message: told.append(percent),
            )
        )
        options = chosen.options(**WITH_OPTIONS.get(operation, {}))
        assert chosen.run(bench, options)
    assert bench.outputs or chosen.produces(source.media_type, options) is None
    assert all(output.path.stat().st_size > 0 for output in bench.outputs)
    assert told == sorted(told)


def open_sample(opened: ExitStack, name: str) -> Input:
    file = opened.enter_context((SAMPLES / name).open("rb"))
    media_type = media.sniff(os.pread(file.fileno(), media.HEAD_BYTES, 0), name)
    assert media_type is not None
    return Input(name=name, media_type=media_type, size=os.fstat(file.fileno()).st_size, fd=file.fileno())
