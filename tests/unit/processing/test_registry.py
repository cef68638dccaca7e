"""Operations are found by themselves, ours and those of installed packages, and no two have one name."""

from dataclasses import fields
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from filemill.processing.operations import DEFAULTS, OPERATIONS, Operation, sealed_modules
from filemill.processing.operations.registry import ENTRY_POINTS, OperationConflict, collect, find_installed

UNFORESEEN = next(declared.default for declared in fields(Operation) if declared.name == "plan")


def entry(value: str) -> EntryPoint:
    return EntryPoint(name="test", value=value, group=ENTRY_POINTS)


def test_every_task_type_has_its_default() -> None:
    assert all(OPERATIONS[name].task_type == task_type for task_type, name in DEFAULTS.items())


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.name)
def test_every_operation_shows_itself_by_examples_and_foresees_what_it_makes(operation: Operation[Any]) -> None:
    assert operation.samples
    assert operation.examples, "its page in the reference shows no request"
    assert operation.plan is not UNFORESEEN, "its dry run foresees neither outputs nor cost"


def test_an_installed_package_brings_its_operation() -> None:
    found = list(find_installed([entry("filemill.processing.operations.image.transform:OPERATION")]))
    assert [operation.name for operation in found] == ["image.transform"]


def test_an_entry_point_that_names_no_operation_is_refused_with_its_name() -> None:
    with pytest.raises(OperationConflict, match="test = os:sep names str, and no Operation"):
        list(find_installed([entry("os:sep")]))


def test_two_operations_of_one_name_are_refused() -> None:
    with pytest.raises(OperationConflict, match=r"Two operations are called image\.transform"):
        collect([OPERATIONS["image.transform"]] * 2)


def test_our_own_operations_need_no_further_sealed_modules() -> None:
    assert not [module for module in sealed_modules() if module.startswith("filemill.")]
