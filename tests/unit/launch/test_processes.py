"""Starting processes with as few rights as work."""

import pytest

from filemill.launch.processes import may_override_permissions


@pytest.mark.parametrize(
    ("bounding_set", "expected"),
    [("000001fffeffffff", True), ("00000000a80425fb", True), ("0000000000000000", False), ("00000000a80425f9", False)],
)
def test_the_capability_is_read_from_the_bounding_set(bounding_set: str, expected: bool) -> None:
    status = f"Name:\tpython\nCapInh:\t0000000000000002\nCapBnd:\t{bounding_set}\nCapAmb:\t0000000000000000\n"

    assert may_override_permissions(status) is expected


def test_a_kernel_that_tells_nothing_is_taken_to_forbid() -> None:
    assert not may_override_permissions("Name:\tpython\n")
