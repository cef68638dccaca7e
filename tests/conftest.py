"""What all rings of tests share."""

import os
import shutil

import pytest

from tests.chaos.figures import FIGURES, show
from tests.chaos.mode import MODE

IS_CI = os.environ.get("CI") == "true"

PROGRAMS = {
    "needs_chromium": "chromium",
    "needs_faketime": "faketime",
    "needs_cc": "cc",
    "needs_soffice": "soffice",
}
"""Marker: the program without which its tests are left out, except in CI."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out, visibly, what needs something that is not here. In CI it runs all the same, and fails."""
    if IS_CI:
        return
    lacking = {
        marker: f"{program} is not installed" for marker, program in PROGRAMS.items() if shutil.which(program) is None
    }
    if os.geteuid() != 0:
        lacking["needs_root"] = "only root may mount a small file system"
    for item in items:
        for marker, reason in lacking.items():
            if item.get_closest_marker(marker) is not None:
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out even when nobody asked for the reasons."""
    reasons = {report.longrepr[2] for report in terminalreporter.stats.get("skipped", []) if report.longrepr}
    for reason in sorted(reasons):
        terminalreporter.write_line(f"left out: {reason}", yellow=True)
    report_faults(terminalreporter)


def report_faults(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what became of the faults that struck; keep it where CHAOS_KEEP says, as in `1/early`."""
    if FIGURES.lines:
        terminalreporter.section(f"faults, {MODE}")
        for line in show(FIGURES.table()):
            terminalreporter.write_line(line)
    if FIGURES.measurements and (place := os.environ.get("CHAOS_KEEP")):
        terminalreporter.write_line(f"kept in {FIGURES.save(place)}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a test that was skipped is a test that failed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if IS_CI and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
