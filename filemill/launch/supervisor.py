"""Keeps the parts of a service alive: one thread, one loop, no part started or stopped anywhere else."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import IO

from filemill.launch.backoff import choose_restart_delay
from filemill.launch.errors import LaunchError
from filemill.launch.parts import Part
from filemill.launch.processes import become_subreaper, signal_group
from filemill.launch.terminal import LineReader, Terminal

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TICK_SECONDS = 0.1
READ_BYTES = 64 * 1024


class Supervisor:
    """Starts parts, shows what they write, starts them again when they die and stops them in reverse order."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.parts: list[Part] = []
        self.stop_requests = 0
        self._selector = selectors.DefaultSelector()
        self._readers: dict[IO[bytes], tuple[LineReader, Callable[[str], None]]] = {}
        self._step: subprocess.Popen[bytes] | None = None

    @property
    def is_stopping(self) -> bool:
        return self.stop_requests > 0 or self.terminal.is_gone

    def listen_for_signals(self) -> None:
        """From now on a stop signal ends the loop instead of the process, and orphans of our parts fall to us."""
        become_subreaper()
        read_end, write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        self._selector.register(read_end, selectors.EVENT_READ)
        for number in STOP_SIGNALS:
            # Started with nohup, the service is meant to outlive its terminal.
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._request_stop)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)  # wakes the loop

    def start(self, part: Part) -> None:
        """Start a part and look after it from now on."""
        self.parts.append(part)
        self._start_process(part)

    def run_step(self, name: str, process: subprocess.Popen[bytes]) -> list[str]:
        """Wait for a short-lived process and return the lines it wrote; the other parts are looked after meanwhile.

        Raises LaunchError (`step_failed`, `stopped`).
        """
        lines: list[str] = []
        self._step = process
        self._follow(process, lines.append)
        self.run_until(lambda: process.poll() is not None)
        if process.poll() is None:
            signal_group(process, signal.SIGKILL)
            process.wait()
            raise LaunchError("Stopped before the service was ready.", code="stopped")
        self._drain(process)
        if process.returncode != 0:
            for line in lines:
                self.terminal.say(line, part=name)
            raise LaunchError(
                f"The step `{name}` failed (exit code {process.returncode}); the lines above say why.",
                code="step_failed",
            )
        return lines

    def run_until(self, is_done: Callable[[], bool]) -> None:
        """Look after the parts until `is_done` or a stop is asked for."""
        while not self.is_stopping and not is_done():
            self._turn()

    def stop(self) -> None:
        """Stop all parts, the last started first; force those that take longer than their grace."""
        forced_from = self.stop_requests
        for part in reversed(self.parts):
            process = part.process
            if process is None:
                continue
            if process.poll() is None:
                process.send_signal(part.stop_signal)
            deadline = time.monotonic() + part.grace_seconds
            # A second Ctrl-C means now.
            while process.poll() is None and time.monotonic() < deadline and self.stop_requests <= forced_from + 1:
                self._turn(restarts=False)
            if process.poll() is None:
                self.terminal.say(f"{part.name} did not stop in time and is killed")
            signal_group(process, signal.SIGKILL)
            process.wait()
            self._drain(process)
        kill_children()

    def _request_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stop_requests += 1

    def _turn(self, *, restarts: bool = True) -> None:
        for key, _ in self._selector.select(TICK_SECONDS):
            if key.data is None:
                os.read(key.fd, READ_BYTES)
            else:
                self._read(key.data)
        now = time.monotonic()
        for part in self.parts:
            if part.process is not None and part.process.poll() is not None and restarts:
                self._note_death(part, now)
            if part.restart_at is not None and part.restart_at <= now and restarts and not self.is_stopping:
                self._start_process(part)
        self._reap_strangers()

    def _start_process(self, part: Part) -> None:
        part.restart_at = None
        try:
            part.process = part.start()
        except LaunchError as error:
            if not part.died_at:
                raise
            self.terminal.say(str(error), part=part.name)
            self._plan_restart(part, time.monotonic())
            return
        self._follow(part.process, lambda line: self._show(part, line))

    def _show(self, part: Part, line: str) -> None:
        if not any(muted in line for muted in part.muted):
            self.terminal.say(line, part=part.name)

    def _note_death(self, part: Part, now: float) -> None:
        process = part.process
        assert process is not None  # noqa: S101 - narrows the type for the caller's check
        # What it started goes with it: its children must not work on beside those of its successor.
        signal_group(process, signal.SIGKILL)
        self._drain(process)
        part.process = None
        self._plan_restart(part, now)
        how = (
            f"was killed by {signal.Signals(-process.returncode).name}"
            if process.returncode < 0
            else f"ended with exit code {process.returncode}"
        )
        when = "now" if part.restart_at == now else f"in {(part.restart_at or now) - now:.0f} s"
        self.terminal.say(f"{part.name} {how}; it is started again {when}")

    def _plan_restart(self, part: Part, now: float) -> None:
        part.died_at = [*part.died_at[-20:], now]
        part.restart_at = now + choose_restart_delay(part.died_at, now=now)

    def _follow(self, process: subprocess.Popen[bytes], take_line: Callable[[str], None]) -> None:
        pipe = process.stdout
        assert pipe is not None  # noqa: S101 - every part is started with a pipe
        os.set_blocking(pipe.fileno(), False)
        self._readers[pipe] = (LineReader(), take_line)
        self._selector.register(pipe, selectors.EVENT_READ, pipe)

    def _read(self, pipe: IO[bytes]) -> bool:
        """Take what is there; False when there is nothing more for now."""
        reader, take_line = self._readers[pipe]
        try:
            chunk = os.read(pipe.fileno(), READ_BYTES)
        except BlockingIOError:
            return False
        for line in reader.feed(chunk) if chunk else reader.finish():
            take_line(line)
        if not chunk:
            self._forget(pipe)
        return bool(chunk)

    def _drain(self, process: subprocess.Popen[bytes]) -> None:
        """Take the last lines of a process that ended; a grandchild may hold the pipe open, so its end may not come."""
        pipe = process.stdout
        if pipe is None or pipe not in self._readers:
            return
        while self._read(pipe):
            pass
        if pipe in self._readers:
            self._forget(pipe)

    def _forget(self, pipe: IO[bytes]) -> None:
        self._selector.unregister(pipe)
        del self._readers[pipe]
        pipe.close()

    def _reap_strangers(self) -> None:
        """Bury orphans that fell to us (always so where we are process 1), but leave our own to their Popen."""
        ours = {process.pid for process in (self._step, *(part.process for part in self.parts)) if process is not None}
        while (found := _find_dead_child()) is not None and found not in ours:
            os.waitpid(found, 0)


def _find_dead_child() -> int | None:
    try:
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return found.si_pid if found is not None else None


def kill_children() -> None:
    """Kill and bury every child of this process, adopted ones included, until none is left."""
    while True:
        for pid in list_children(os.getpid()):
            os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def list_children(parent: int) -> list[int]:
    """The process ids of all children of `parent`, from /proc."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            facts = (entry / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # it ended meanwhile
        # The name, in parentheses, may hold anything; the parent is the second field after it.
        if int(facts.rpartition(")")[2].split()[1]) == parent:
            found.append(int(entry.name))
    return found
