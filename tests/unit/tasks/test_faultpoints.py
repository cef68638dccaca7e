"""The places where tests strike: silent without the variable, and exact with it."""

import os
import signal
import subprocess
import sys

import pytest

from filemill import faultpoints
from filemill.faultpoints import Fault, parse

PASS_THREE_TIMES = """
import os
from filemill.faultpoints import faultpoint
for number in range(3):
    print(number, flush=True)
    faultpoint("here")
"""
PASS_IN_CHILDREN = """
import os
from filemill.faultpoints import faultpoint
for number in range(4):
    child = os.fork()
    if child == 0:
        faultpoint("here")
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def run(program: str, fault: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "FILEMILL_FAULT": fault}
    return subprocess.run(
        [sys.executable, "-c", program],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )


def test_a_process_without_the_variable_has_nothing_armed() -> None:
    assert faultpoints.faultpoint is faultpoints._pass_unarmed


def test_the_nth_pass_kills_and_says_where() -> None:
    done = run(PASS_THREE_TIMES, "here:2")

    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split() == ["0", "1"]
    assert "strikes at here" in done.stderr


def test_another_place_is_left_alone() -> None:
    assert run(PASS_THREE_TIMES, "there:1").stdout.split() == ["0", "1", "2"]


def test_passes_are_counted_over_all_children_and_strike_once() -> None:
    assert run(PASS_IN_CHILDREN, "here:3").stdout.split() == ["0", "0", str(-signal.SIGKILL), "0"]


def test_a_group_dies_with_the_child_that_passes() -> None:
    assert run(PASS_IN_CHILDREN, "here:1:group").returncode == -signal.SIGKILL


def test_several_places_and_strikes_are_read() -> None:
    assert parse("a:1,b:3:freeze") == [
        Fault(place="a", nth_pass=1, strike="process"),
        Fault(place="b", nth_pass=3, strike="freeze"),
    ]


@pytest.mark.parametrize("text", ["here", "here:0", "here:x", ":1", "here:1:moon"])
def test_what_the_variable_can_not_mean_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="FILEMILL_FAULT"):
        parse(text)
