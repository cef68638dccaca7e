"""Processes of a benchmark: started with a log of their own, awaited until they are ready, and ended with it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from filemill.launch.processes import signal_group, spawn

ROOT: Final = Path(__file__).parent.parent
POLL_SECONDS: Final = 0.02


class BenchmarkError(Exception):
    """A benchmark can't go on; the text says why."""


class Program:
    """A long-running process and its log."""

    def __init__(self, argv: Sequence[str], *, environ: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            self.process: subprocess.Popen[bytes] = spawn(
                [sys.executable, "-m", *argv],
                death_signal=signal.SIGKILL,
                environ=environ,
                directory=ROOT,
                output=output,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait_until(self, holds: Callable[[], bool], *, what: str, seconds: float = 300.0) -> None:
        """Wait for a condition, for as long as the process lives."""
        wait_until(lambda: self._must_live() and holds(), what=what, seconds=seconds)

    def wait_for_line(self, text: str) -> None:
        """Wait until the log holds a text."""
        self.wait_until(lambda: text in self.read_log(), what=f"{self.log.name} says {text!r}")

    def read_log(self) -> str:
        return self.log.read_text(errors="replace")

    def _must_live(self) -> bool:
        if self.process.poll() is not None:
            raise BenchmarkError(f"{self.log.name} ended:\n{self.read_log()[-4000:]}")
        return True

    def stop(self) -> None:
        """End it as an operator would, and by force when that takes too long."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            signal_group(self.process, signal.SIGKILL)
            self.process.wait()


def wait_until(holds: Callable[[], bool], *, what: str, seconds: float, every_seconds: float = POLL_SECONDS) -> None:
    """Wait for a condition that nothing announces."""
    ends_at = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends_at:
            raise BenchmarkError(f"Waited {seconds:.0f} s in vain: {what}.")
        time.sleep(every_seconds)


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_python(code: str, *, environ: Mapping[str, str]) -> str:
    """Run a few lines of Python to their end and return what they print."""
    return run_program(["-c", code], environ=environ)


def run_program(arguments: Sequence[str], *, environ: Mapping[str, str]) -> str:
    """Run Python with these arguments to its end and return what it prints."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=dict(environ), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BenchmarkError(f"{' '.join(arguments)[:200]} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return done.stdout


def make_environ(**variables: str) -> dict[str, str]:
    """The environment of a process: a plain one, with nothing of whoever runs the benchmark."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FILEMILL_", "CELERY", "DB_"))}
    return {**kept, "FILEMILL_ENV_FILE": os.devnull, "PYTHONUNBUFFERED": "1", **variables}


def stop_all(programs: Iterable[Program]) -> None:
    """End all, the last one first."""
    for program in reversed(list(programs)):
        program.stop()
