"""Named places where a test of the guarantees may strike a process; without FILEMILL_FAULT nothing happens there.

The variable is read once, when the process starts, so no request and no file can reach it:

    FILEMILL_FAULT=after_claim:1           the first pass kills the process that passes
    FILEMILL_FAULT=after_claim:3:group     the third kills its whole process group, as a lost machine would
    FILEMILL_FAULT=after_tool:1:freeze     the first stops the whole group (SIGSTOP) until somebody lets it go on
    FILEMILL_FAULT=received:1,mid_fetch:2  several

Passes are counted over a process and every child forked from it.
"""

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

VARIABLE: Final = "FILEMILL_FAULT"
Strike = Literal["process", "group", "freeze"]
_STRIKES: Final[Mapping[str, Strike]] = {"process": "process", "group": "group", "freeze": "freeze"}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A place, the pass at which it strikes (from 1), and what it strikes."""

    place: str
    nth_pass: int
    strike: Strike


def parse(text: str) -> list[Fault]:
    """Read the variable; raise ValueError with a sentence for what it can't mean."""
    return [_parse_one(part) for part in text.split(",") if part]


def _parse_one(text: str) -> Fault:
    place, _, rest = text.partition(":")
    number, _, strike = rest.partition(":")
    if not place or not number.isdecimal() or int(number) < 1 or (strike or "process") not in _STRIKES:
        raise ValueError(f"{VARIABLE} holds {text!r}; write place:pass or place:pass:strike, as in received:1:group.")
    return Fault(place=place, nth_pass=int(number), strike=_STRIKES[strike or "process"])


def _arm(fault: Fault) -> Callable[[], None]:
    """Count by a pipe that holds a byte for every pass to come: forked children share it, and reading is atomic."""
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    os.write(writing, b"." * (fault.nth_pass - 1) + b"!")

    def pass_by() -> None:
        try:
            token = os.read(reading, 1)
        except BlockingIOError:
            return  # it has struck already
        if token == b"!":
            os.write(2, f"{VARIABLE} strikes at {fault.place}\n".encode())
            _strike(fault.strike)

    return pass_by


def _strike(strike: Strike) -> None:
    match strike:
        case "process":
            os.kill(os.getpid(), signal.SIGKILL)
        case "group":
            os.killpg(0, signal.SIGKILL)
        case "freeze":
            os.killpg(0, signal.SIGSTOP)


_armed: Final = {fault.place: _arm(fault) for fault in parse(os.environ.get(VARIABLE, ""))}


def _pass_armed(place: str) -> None:
    if (pass_by := _armed.get(place)) is not None:
        pass_by()


def _pass_unarmed(place: str) -> None:  # noqa: ARG001  the whole cost of a place in production is this call
    return


faultpoint: Final[Callable[[str], None]] = _pass_armed if _armed else _pass_unarmed
"""Mark a place; `place` is a literal such as "after_claim"."""
