"""Every operation of ours passes the tests that an operation of an installed package has to pass."""

from pathlib import Path
from typing import Any

import pytest

from filemill.processing.operations import OPERATIONS
from filemill.testing import OperationConformance
from tests.unit.docs.reading import ROOT

SAMPLES = ROOT / "samples"


def test_every_operation_has_samples_that_exist_and_a_page_in_the_reference() -> None:
    for name, operation in OPERATIONS.items():
        assert operation.samples, f"{name} names no sample"
        assert [sample for sample in operation.samples if not (SAMPLES / sample).is_file()] == [], name
        assert (ROOT / f"docs/reference/operations/{name}.md").is_file(), name


@pytest.mark.parametrize("name", sorted(OPERATIONS))
class TestOurOperations(OperationConformance):
    """The kit's tests, once for each operation."""

    @pytest.fixture(autouse=True)
    def _choose(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        operation: Any = OPERATIONS[name]
        samples: tuple[Path, ...] = tuple(SAMPLES / sample for sample in operation.samples)
        takes_several = operation.inputs is not None
        monkeypatch.setattr(type(self), "operation", operation, raising=False)
        monkeypatch.setattr(type(self), "files", samples[:1] if takes_several else samples, raising=False)
        monkeypatch.setattr(type(self), "inputs", samples[1:] if takes_several else ())
        monkeypatch.setattr(type(self), "options", self._needed_options(operation))

    def _needed_options(self, operation: Any) -> dict[str, Any]:
        """The options of the first example, for an operation that does nothing useful without any."""
        return dict(operation.examples[0].options) if operation.examples and operation.inputs is None else {}
