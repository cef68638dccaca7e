"""`filemill doctor`: what this installation has, what it lacks, and how to mend each."""

from typing import TextIO

from filemill.launch.checks import CHECKS
from filemill.launch.environment import LaunchEnvironment
from filemill.launch.findings import Finding, Verdict


def examine(environment: LaunchEnvironment) -> list[Finding]:
    """Run every check."""
    return [finding for check in CHECKS for finding in check(environment)]


def run(environment: LaunchEnvironment, stream: TextIO) -> int:
    """Print the table; return 1 when something needed is missing."""
    findings = examine(environment)
    stream.write(format_table(findings))
    return 1 if any(finding.verdict is Verdict.MISSING for finding in findings) else 0


def format_table(findings: list[Finding]) -> str:
    """The findings as aligned lines, each mending sentence below its own."""
    width = max(len(finding.subject) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{finding.verdict:<8} {finding.subject:<{width}}  {finding.facts}")
        if finding.mend:
            lines.append(f"{'':<8} {'':<{width}}  → {finding.mend}")
    lacking = sum(finding.verdict is Verdict.MISSING for finding in findings)
    hints = sum(finding.verdict is Verdict.COULD_BE_BETTER for finding in findings)
    if lacking:
        closing = f"{lacking} missing: Filemill does not work fully until that is mended."
    else:
        closing = "Filemill has all it needs." + (f" Hints: {hints}." if hints else "")
    return "\n".join([*lines, "", closing, ""])
