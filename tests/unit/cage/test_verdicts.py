"""How a process ended, and the error that says so."""

import pytest

from filemill.processing.bench import Limits
from filemill.processing.cage import verdicts
from filemill.processing.cage.process import End
from filemill.processing.cage.watching import Finish

LIMITS = Limits(memory_bytes=100_000_000, cpu_seconds=10)


def make_end(returncode: int | None, *, peak: int = 10_000_000, cpu_seconds: float = 0.1, tail: str = "") -> End:
    return End(returncode=returncode, peak_memory_bytes=peak, cpu_seconds=cpu_seconds, stderr_tail=tail)


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (make_end(-24), "time_limit"),
        (make_end(-25), "output_limit"),
        (make_end(-6, peak=60_000_000), "memory_limit"),
        (make_end(-11, peak=60_000_000), "memory_limit"),
        (make_end(-9, peak=60_000_000), "memory_limit"),
        (make_end(-6, tail="GLib: failed to allocate 5 bytes"), "memory_limit"),
        (make_end(-11), "cage_crashed"),
        (make_end(-31, peak=60_000_000), "cage_crashed"),
        (make_end(0), "cage_crashed"),
        (make_end(None), "cage_crashed"),
    ],
)
def test_a_death_without_an_answer_is_judged_by_signal_and_memory(end: End, code: str) -> None:
    assert verdicts.judge_death(end, LIMITS).code == code


def test_memory_asked_for_counts_even_where_little_was_touched() -> None:
    assert verdicts.judge_death(make_end(-11), LIMITS, peak_data_bytes=90_000_000).code == "memory_limit"


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (make_end(1, tail="out.mp4: No space left on device"), "disk_full"),
        (make_end(1, tail="Cannot allocate memory"), "memory_limit"),
        (make_end(15, tail="  buffer = bytes(10**12)\nMemoryError\n"), "memory_limit"),
        (make_end(187, peak=60_000_000), "memory_limit"),
        (make_end(255, cpu_seconds=10.01), "time_limit"),
        (make_end(255, cpu_seconds=9.97), "time_limit"),
        (make_end(-11), "cage_crashed"),
        (make_end(127, tail="filemill: could not start: PermissionError: no"), "cage_crashed"),
    ],
)
def test_a_tool_that_broke_a_limit_or_died_is_not_the_caller_s_to_judge(end: End, code: str) -> None:
    judged = verdicts.judge_tool(end, LIMITS)
    assert judged is not None
    assert judged.code == code


def test_a_tool_that_was_told_of_its_time_is_not_believed_that_all_is_well() -> None:
    judged = verdicts.judge_tool(make_end(0, cpu_seconds=LIMITS.cpu_seconds), LIMITS)
    assert judged is not None
    assert judged.code == "time_limit"


@pytest.mark.parametrize("end", [make_end(0, peak=99_000_000), make_end(183, tail="Invalid data found")])
def test_a_tool_that_ended_by_itself_is_the_caller_s_to_judge(end: End) -> None:
    assert verdicts.judge_tool(end, LIMITS) is None


def test_what_the_worker_saw_broken_is_named() -> None:
    codes = {finish: error.code for finish in Finish if (error := verdicts.judge_finish(finish, LIMITS))}
    assert codes == {
        Finish.TIME: "time_limit",
        Finish.CPU: "time_limit",
        Finish.MEMORY: "memory_limit",
        Finish.OUTPUT: "output_limit",
        Finish.PROCESSES: "process_limit",
        Finish.SILENT: "time_limit",
    }
