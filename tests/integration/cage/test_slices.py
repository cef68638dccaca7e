"""Slices: files of one user share a sealed child while it behaves, and nobody else ever sees it."""

import os
import signal
from dataclasses import replace

import pytest

from filemill.processing.cage import Cage, Slice
from filemill.processing.cage.sealed_child import FILES_PER_CHILD
from filemill.processing.errors import InputError, LimitError, SystemFault
from tests.integration.cage import sealed_functions as sealed
from tests.integration.cage.conftest import LIMITS, OpenBench


def test_the_files_of_a_slice_share_a_child(open_bench: OpenBench) -> None:
    pids = set()
    for number in range(5):
        with open_bench(file_name=f"{number}.txt") as bench:
            pids.add(bench.call(sealed.measure)["pid"])
    assert len(pids) == 1


def test_a_child_is_replaced_when_it_has_seen_its_number_of_files(open_bench: OpenBench) -> None:
    most, pids = FILES_PER_CHILD, []
    for number in range(2 * most + 1):
        with open_bench(file_name=f"{number}.txt") as bench:
            pids.append(bench.call(sealed.measure)["pid"])
    assert [len(set(pids[:most])), len(set(pids[most : 2 * most])), len(set(pids))] == [1, 1, 3]


def test_nothing_is_carried_over_to_another_slice(cage: Cage, work: Slice, open_bench: OpenBench) -> None:
    with open_bench() as bench:
        first = bench.call(sealed.remember, {"word": "secret"})
    work.close()
    with open_bench() as bench:
        second = bench.call(sealed.remember, {"word": "other"})
    assert second["found"] == []
    assert second["pid"] != first["pid"]


@pytest.mark.parametrize("function", [sealed.refuse, sealed.stumble, sealed.crash])
def test_after_an_error_the_slice_goes_on_with_a_new_child(open_bench: OpenBench, function: sealed.Sealed) -> None:
    with open_bench() as bench:
        first = bench.call(sealed.measure)["pid"]
    with open_bench() as bench, pytest.raises((InputError, SystemFault)):
        bench.call(function)
    with open_bench() as bench:
        assert bench.call(sealed.measure)["pid"] != first


def test_after_a_broken_limit_the_slice_goes_on(open_bench: OpenBench) -> None:
    with open_bench(limits=replace(LIMITS, wall_seconds=0.2)) as bench, pytest.raises(LimitError):
        bench.call(sealed.sleep)
    with open_bench() as bench:
        assert bench.call(sealed.measure)["size"] > 0


def test_a_child_that_has_grown_is_replaced(open_bench: OpenBench) -> None:
    with open_bench() as bench:
        grown = bench.call(sealed.grow)["pid"]
        assert bench.call(sealed.measure)["pid"] != grown


def test_two_cages_work_in_one_process(cage: Cage, open_bench: OpenBench) -> None:
    with Cage(libraries=(), packages=(), preload=cage.preload.modules) as other:
        assert other.zygote().pid != cage.zygote().pid
        with open_bench() as bench:
            assert bench.call(sealed.measure)["size"] > 0


def test_a_zygote_that_was_killed_is_started_again(cage: Cage, open_bench: OpenBench) -> None:
    with open_bench() as bench:
        bench.call(sealed.measure)
    first = cage.zygote().pid
    _kill_as_owner(cage)
    with open_bench() as bench:
        # Its child died with it; that a child is gone shows when it is asked, or at once.
        assert bench.call(sealed.measure)["size"] > 0
    assert cage.zygote().pid != first


def test_a_cage_is_not_usable_in_a_fork(cage: Cage) -> None:
    cage.zygote()
    pid = os.fork()
    if pid == 0:
        try:
            cage.zygote()
        except RuntimeError:
            os._exit(0)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def _kill_as_owner(cage: Cage) -> None:
    zygote = cage.zygote()
    os.kill(zygote.pid, signal.SIGKILL)
    assert zygote._process.wait(10)
