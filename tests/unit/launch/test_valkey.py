"""Which program of the wheel fits which machine."""

import pytest

from filemill.launch.valkey import name_platform


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("Linux", "x86_64", "linux-x86_64"),
        ("Linux", "AMD64", "linux-x86_64"),
        ("Linux", "arm64", "linux-aarch64"),
        ("Linux", "aarch64", "linux-aarch64"),
        ("Darwin", "arm64", "darwin-arm64"),
    ],
)
def test_a_platform_is_named_as_the_wheel_names_it(system: str, machine: str, expected: str) -> None:
    assert name_platform(system, machine) == expected
