"""What the cage refuses, on this very machine."""

import os

import pytest

from filemill.processing.cage import Cage, SliceBench, selftest
from filemill.processing.errors import SystemFault


def test_every_canary_is_refused_to_sealed_children_and_tools(cage: Cage) -> None:
    findings = selftest.run(cage)
    assert {finding.who for finding in findings} == {"sealed child", "tool", "tool with a workspace", "anybody"}
    assert len(findings) > 45
    assert [finding for finding in findings if not finding.is_refused] == []


def test_all_layers_hold_here(cage: Cage) -> None:
    assert set(cage.layers().missing()) <= {"uid_drop", "namespaces"}
    assert cage.layers().landlock.detail.startswith("abi ")


def test_what_runs_in_the_cage_has_a_network_of_its_own_where_the_kernel_allows_it(cage: Cage) -> None:
    networks = {os.readlink(f"/proc/{zygote.pid}/ns/net") for zygote in (cage.zygote(), cage.tool_zygote())}
    has_its_own = os.readlink("/proc/self/ns/net") not in networks
    assert has_its_own == cage.layers().namespaces.is_active


def test_a_strict_cage_opens_where_every_layer_holds() -> None:
    with Cage(mode="strict", libraries=(), packages=()) as strict:
        assert strict.layers().seccomp.is_active


def test_a_zygote_that_can_not_load_says_what_is_missing() -> None:
    with Cage(libraries=("no_such_library",), packages=()) as cage, pytest.raises(SystemFault, match="no_such_library"):
        cage.zygote()


def test_the_default_cage_loads_every_operation() -> None:
    with Cage() as cage:
        assert cage.layers().missing().keys() <= {"uid_drop", "namespaces"}


def test_a_tool_that_nobody_knows_is_a_mistake_of_the_caller(bench: SliceBench) -> None:
    with pytest.raises(KeyError):
        bench.run_tool("convert", [])
