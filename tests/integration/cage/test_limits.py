"""Work that breaks a limit, dies or lies: each ends as the error that says so, and the worker lives."""

import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from filemill.processing.cage import SliceBench
from filemill.processing.errors import LimitError, ProcessingError, SystemFault
from tests.integration.cage import sealed_functions as sealed
from tests.integration.cage.conftest import LIMITS, OpenBench


@pytest.mark.parametrize("function", [sealed.loop, sealed.sleep])
def test_work_without_end_is_killed_at_its_deadline(bench: SliceBench, function: sealed.Sealed) -> None:
    began = time.monotonic()
    with pytest.raises(LimitError) as caught:
        bench.call(function, limits=replace(LIMITS, wall_seconds=0.5))
    assert caught.value.code == "time_limit"
    assert 0.5 <= time.monotonic() - began < 1.5
    assert caught.value.evidence["signal"] == "SIGKILL"


def test_work_that_uses_too_much_cpu_is_killed(bench: SliceBench) -> None:
    with pytest.raises(LimitError) as caught:
        bench.call(sealed.loop, limits=replace(LIMITS, cpu_seconds=1))
    assert caught.value.code == "time_limit"
    assert 1.0 <= float(str(caught.value.evidence["cpu_seconds"])) < 2.0


def test_a_step_without_news_that_uses_too_much_cpu_is_killed(bench: SliceBench) -> None:
    with pytest.raises(LimitError, match="single step") as caught:
        bench.call(sealed.loop, limits=replace(LIMITS, silent_cpu_seconds=0.5))
    assert caught.value.code == "time_limit"
    assert 0.5 <= float(str(caught.value.evidence["cpu_seconds"])) < 1.5


@pytest.mark.parametrize("all_at", [1.5, 0.3])
def test_work_that_tells_of_its_steps_may_take_longer_than_one_of_them(bench: SliceBench, all_at: float) -> None:
    limits = replace(LIMITS, silent_cpu_seconds=0.5)
    assert bench.call(sealed.loop_with_news, {"all_at": all_at}, limits=limits) == {}


@pytest.mark.parametrize("function", [sealed.eat_memory, sealed.eat_shared_memory])
def test_work_that_eats_memory_breaks_the_memory_limit(bench: SliceBench, function: sealed.Sealed) -> None:
    with pytest.raises(LimitError) as caught:
        bench.call(function)
    assert caught.value.code == "memory_limit"
    assert int(str(caught.value.evidence["peak_memory_bytes"])) < 2 * LIMITS.memory_bytes


@pytest.mark.parametrize("others", [0, 1])
def test_what_was_made_before_does_not_count_towards_the_limits_of_a_later_call(bench: SliceBench, others: int) -> None:
    for number in range(1 + others):
        film = bench.create_output(f"{number}.txt", "text/plain")
        os.truncate(film.path, 64 * 1024**2)
    limits = replace(LIMITS, output_bytes=1024**2)
    assert bench.call(sealed.loop_with_news, {"all_at": 1.5}, limits=limits) == {}


def test_what_another_step_made_does_not_count_towards_the_limits_of_this_one(bench: SliceBench) -> None:
    film = bench.create_output("film.txt", "text/plain")
    os.truncate(film.path, 64 * 1024**2)
    step = bench.derive(None, limits=replace(LIMITS, output_bytes=1024**2))
    assert step.call(sealed.loop_with_news, {"all_at": 1.5}) == {}


def test_an_output_without_end_breaks_the_output_limit(bench: SliceBench) -> None:
    with pytest.raises(LimitError) as caught:
        bench.call(sealed.write_much)
    assert caught.value.code == "output_limit"
    assert bench.outputs == []


def test_an_abort_after_a_refused_allocation_is_a_broken_memory_limit(bench: SliceBench) -> None:
    with pytest.raises(LimitError) as caught:
        bench.call(sealed.raise_signal, {"last_words": "GLib-ERROR: failed to allocate 8388608 bytes"})
    assert caught.value.code == "memory_limit"


def test_an_abort_without_a_lack_of_memory_is_a_crash(bench: SliceBench) -> None:
    with pytest.raises(SystemFault) as caught:
        bench.call(sealed.raise_signal, {"last_words": "assertion failed"})
    assert caught.value.code == "cage_crashed"


def test_a_crash_is_told_with_its_signal_and_last_words(bench: SliceBench) -> None:
    with pytest.raises(SystemFault) as caught:
        bench.call(sealed.crash)
    assert caught.value.code == "cage_crashed"
    assert caught.value.is_passing
    assert caught.value.evidence["signal"] == "SIGSEGV"
    assert "about to fall" in str(caught.value.evidence["stderr_tail"])


def test_an_end_without_an_answer_is_a_crash(bench: SliceBench) -> None:
    with pytest.raises(SystemFault) as caught:
        bench.call(sealed.leave)
    assert caught.value.code == "cage_crashed"
    assert caught.value.evidence["exit_code"] == 3


@pytest.mark.parametrize(
    ("packet", "times"),
    [
        ("garbage", 1),
        (".garbage", 1),
        (".[]", 1),
        (".{}", 1),
        (".null", 1),
        ('.{"type":"unknown"}', 1),
        ("." + "[" * 30_000, 1),
        ("+" + "x" * 30_000, 200),
        ("+x", 20_000),
        ("x" * 40_000, 1),
        ("", 1),
        # Python's parser takes numbers that neither JSON nor a database holds.
        ('.{"type":"done","facts":{"x":NaN},"outputs":[]}', 1),
        ('.{"type":"done","facts":{"x":[1e999]},"outputs":[]}', 1),
        ('.{"type":"progress","fraction":NaN,"message":""}', 1),
    ],
)
def test_packets_that_are_no_message_end_the_child(bench: SliceBench, packet: str, times: int) -> None:
    began = time.monotonic()
    with pytest.raises(SystemFault) as caught:
        bench.call(sealed.send_raw, {"packet": packet, "times": times})
    assert (caught.value.code, caught.value.is_passing) == ("cage_crashed", True)
    assert time.monotonic() - began < 3.0


@pytest.mark.parametrize(
    "message",
    [
        {"type": "done", "facts": []},
        {"type": "done", "facts": {}, "outputs": [{}]},
        {"type": "done", "facts": {}, "outputs": ["loud.txt"]},
        {"type": "progress", "fraction": "much", "message": ""},
        {"type": "progress", "fraction": 0.5, "message": 5},
        {"type": "error", "class": "InputError", "code": "invented", "message": ""},
        {"type": "error", "class": "KeyboardInterrupt", "code": "corrupt_file", "message": ""},
        {"type": "error", "class": "InputError", "code": "corrupt_file", "message": "x" * 100_000},
        {"type": "done", "facts": {}, "outputs": [], "wish": "loud.txt"},
        {"type": "done", "facts": {}, "outputs": [{}], "wish": {"name": 7, "media_type": "text/plain"}},
        {"type": "done", "facts": {}, "outputs": [], "news": "whole"},
        {"type": "done", "facts": {}, "outputs": [], "news": {"fraction": "whole", "message": ""}},
        {"type": "output", "name": 7, "media_type": "text/plain"},
        {"type": "shortage", "of": "time"},
    ],
)
def test_a_message_that_lies_about_its_form_ends_the_child(bench: SliceBench, message: dict[str, Any]) -> None:
    with pytest.raises(SystemFault) as caught:
        bench.call(sealed.send_raw, {"packet": "." + json.dumps(message), "times": 1})
    assert caught.value.code == "cage_crashed"
    assert caught.value.evidence["peak_memory_bytes"]


@pytest.mark.parametrize("function", [sealed.hang_up, sealed.wish_without_listening])
def test_a_child_that_does_not_keep_to_the_protocol_is_ended_at_once(
    bench: SliceBench, function: sealed.Sealed
) -> None:
    began = time.monotonic()
    with pytest.raises(SystemFault) as caught:
        bench.call(function)
    assert caught.value.code == "cage_crashed"
    assert time.monotonic() - began < 3.0


def test_a_blank_output_is_named_only_once(bench: SliceBench, scratch: Path) -> None:
    wish = {"type": "output", "name": "one.txt", "media_type": "text/plain", "has_blank": True}
    with pytest.raises(SystemFault) as caught:
        bench.call(sealed.send_raw, {"packet": "." + json.dumps(wish), "times": 2})
    assert caught.value.code == "cage_crashed"
    assert list(scratch.iterdir()) == []


def test_a_flood_of_news_does_not_hide_the_deadline(open_bench: OpenBench) -> None:
    told: list[float] = []
    with open_bench(on_progress=lambda percent, _: told.append(percent)) as bench:
        began = time.monotonic()
        with pytest.raises(LimitError):
            bench.call(sealed.flood, limits=replace(LIMITS, wall_seconds=0.5))
        assert time.monotonic() - began < 2.0
    assert len(told) <= 1000


def test_a_descriptor_sent_by_a_child_is_not_taken(bench: SliceBench) -> None:
    for _ in range(2):  # With the second call what /proc tells of the child is opened, and kept.
        bench.call(sealed.measure)
    before = len(os.listdir("/proc/self/fd"))
    bench.call(sealed.send_descriptor)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_full_disk_is_a_passing_fault(bench: SliceBench) -> None:
    with pytest.raises(ProcessingError) as caught:
        bench.call(sealed.fill_disk)
    assert (caught.value.code, caught.value.is_passing) == ("disk_full", True)
