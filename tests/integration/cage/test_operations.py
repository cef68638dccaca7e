"""Every operation on its samples under the whole lock: what a library loads late, or asks of the kernel, shows here."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from filemill.processing import media
from filemill.processing.cage import Cage
from filemill.processing.operations import OPERATIONS

WITH_OPTIONS = {"document.encrypt": {"user_password": "opens"}}
"""Options of the operations that do nothing without."""
SAMPLES = Path(__file__).parents[3] / "samples"


@pytest.fixture(scope="module")
def full_cage() -> Iterator[Cage]:
    with Cage() as opened:
        yield opened


@pytest.mark.parametrize(
    ("operation", "sample"),
    [(name, sample) for name, operation in OPERATIONS.items() for sample in operation.samples],
)
def test_an_operation_works_on_its_sample_under_the_seal(
    full_cage: Cage, scratch: Path, operation: str, sample: str
) -> None:
    chosen = OPERATIONS[operation]
    told: list[float] = []
    with (SAMPLES / sample).open("rb") as source, full_cage.open_slice() as work:
        media_type = media.sniff(os.pread(source.fileno(), media.HEAD_BYTES, 0), sample)
        assert media_type in chosen.media_types
        with work.open_bench(
            source_fd=source.fileno(),
            media_type=media_type,
            file_name=sample,
            scratch=scratch,
            limits=chosen.limits,
            on_progress=lambda percent, _message: told.append(percent),
        ) as bench:
            assert chosen.run(bench, chosen.options(**WITH_OPTIONS.get(operation, {})))
    assert bench.outputs
    assert all(output.path.stat().st_size > 0 for output in bench.outputs)
    assert told == sorted(told)
