"""A pytest plugin: a run that is green with fewer tests than it has collected is not green.

pytest-xdist with `--dist loadfile` or `loadscope` hands out tests by their names, and of several with the same name it
runs one, silently; tests made from a schema have such names.
"""

import pytest


class Count:
    """Counts what is collected and what is begun."""

    def __init__(self) -> None:
        self.collected = 0
        self.begun = 0

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Without xdist: the tests that are left after all were chosen."""
        self.collected = max(self.collected, len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """With xdist: the same, told by a worker."""
        self.collected = max(self.collected, len(ids))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Every test that is begun has one report of its setup, also when it is skipped."""
        self.begun += report.when == "setup"

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Turn a green end into a failure where tests were lost."""
        is_only_collecting = session.config.getoption("collectonly")
        if exitstatus == pytest.ExitCode.OK and not is_only_collecting and self.begun != self.collected:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say so, at the end, where it is read."""
        if self.begun != self.collected and not terminalreporter.config.getoption("collectonly"):
            terminalreporter.write_line(f"{self.begun} tests were begun of {self.collected} collected.", red=True)


def pytest_configure(config: pytest.Config) -> None:
    """Count in the process that reports; a worker of xdist does not."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Count(), "tests-counting")
