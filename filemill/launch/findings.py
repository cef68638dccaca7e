"""What the doctor finds: one finding per subject, with a verdict and a way to mend it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from filemill.launch.environment import LaunchEnvironment


class Verdict(StrEnum):
    """How a finding counts: only MISSING makes the doctor's exit code 1."""

    FINE = "ok"
    COULD_BE_BETTER = "hint"
    MISSING = "missing"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's table."""

    subject: str
    verdict: Verdict
    facts: str
    mend: str = ""
    """One sentence saying what to do; empty when all is well."""


Check = Callable[[LaunchEnvironment], Iterable[Finding]]


def fine(subject: str, facts: str) -> Finding:
    return Finding(subject, Verdict.FINE, facts)


def hint(subject: str, facts: str, mend: str) -> Finding:
    return Finding(subject, Verdict.COULD_BE_BETTER, facts, mend)


def missing(subject: str, facts: str, mend: str) -> Finding:
    return Finding(subject, Verdict.MISSING, facts, mend)
