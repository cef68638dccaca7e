"""The examples of every operation do what they show, on the sample that they are shown with."""

from typing import Any

import pytest

from filemill.processing.operations import OPERATIONS
from filemill.processing.operations.declaration import Example
from tests.integration.processing.conftest import SAMPLES, Work

pytestmark = pytest.mark.timeout(180)


def list_examples() -> list[Any]:
    return [
        pytest.param(name, example, id=f"{name}-{number}")
        for name, operation in sorted(OPERATIONS.items())
        for number, example in enumerate(operation.examples, start=1)
    ]


@pytest.mark.parametrize(("name", "example"), list_examples())
def test_an_example_is_worked_on(work: Work, name: str, example: Example) -> None:
    operation = OPERATIONS[name]
    sample = example.sample or operation.samples[0]
    assert sample in operation.samples
    further = operation.samples[1:] if operation.inputs else ()
    inputs = [SAMPLES / each for each in further]
    assert work(SAMPLES / sample, operation=name, inputs=inputs, **example.options).result is not None
