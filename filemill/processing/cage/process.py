"""The worker's handle on one confined process: watching what it uses, hearing its last words, ending it."""

import os
import re
import resource
import signal
import time
from dataclasses import dataclass
from typing import Final

from filemill.processing.cage import families, kernel
from filemill.processing.cage.zygote_client import ZygoteClient
from filemill.processing.cage.zygote_process import ZygoteLost

TAIL_BYTES: Final = 8 * 1024
_PAGE_BYTES: Final = resource.getpagesize()
_SCHEDULER_CLOCK: Final = 2
_LONGEST_LOOK_BYTES: Final = 16 * 1024
_MEMORY_LINES: Final = re.compile(rb"VmHWM:\s+(\d+) kB\nVmRSS:\s+(\d+) kB")


@dataclass(frozen=True, kw_only=True)
class End:
    """How a process ended; `returncode` is negative for a signal, None when nobody was left to say."""

    returncode: int | None
    peak_memory_bytes: int
    cpu_seconds: float
    stderr_tail: str

    @property
    def signal_name(self) -> str | None:
        """The signal that ended it, such as SIGSEGV."""
        if self.returncode is None or self.returncode >= 0:
            return None
        try:
            return signal.Signals(-self.returncode).name
        except ValueError:
            return f"signal {-self.returncode}"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The memory that a running process holds, and the writable memory that it has asked for."""

    memory_bytes: int
    data_bytes: int


class ConfinedProcess:
    """A child of the zygote: a sealed child or a tool."""

    def __init__(self, zygote: ZygoteClient, *, pid: int, pidfd: int, stderr: int) -> None:
        self._zygote = zygote
        self.pid = pid
        self.pidfd = pidfd
        self.stderr = stderr
        self._tail = b""
        self._end: End | None = None
        self._looks: dict[str, int] = {}
        self.memory_bytes = 0
        """What it held when its peak was last looked at."""
        os.set_blocking(stderr, False)

    def kill(self) -> None:
        """Kill it and its group; may be called from any thread, more than once, and after its end."""
        self._zygote.kill(self.pid)

    def has_ended(self) -> bool:
        """Tell whether it is dead or, with its zygote, about to be."""
        return kernel.is_readable(self.pidfd) or not self._zygote.is_alive()

    def read_stderr(self) -> bool:
        """Take what it has said since; return False when nothing more can come."""
        try:
            said = os.read(self.stderr, 64 * 1024)
        except BlockingIOError:
            return True
        self._tail = (self._tail + said)[-TAIL_BYTES:]
        return bool(said)

    @property
    def stderr_tail(self) -> str:
        """Its last 8 KiB of standard error."""
        return self._tail.decode(errors="replace")

    def count_cpu_seconds(self) -> float:
        """Return the CPU time of all its threads so far; 0 when it has been reaped.

        The kernel keeps a clock for every process, named by its inverted pid (see clock_getcpuclockid(3)): finer than
        /proc, and no file to read.
        """
        try:
            return time.clock_gettime((~self.pid << 3) | _SCHEDULER_CLOCK)
        except OSError:
            return 0.0

    def sample(self) -> Sample | None:
        """Look at the memory that it uses now; None when it has ended or can't be looked at."""
        told = self._look_at("statm")
        if not told:
            return None
        pages = told.split()
        return Sample(memory_bytes=int(pages[1]) * _PAGE_BYTES, data_bytes=int(pages[5]) * _PAGE_BYTES)

    def find_peak_memory_bytes(self) -> int:
        """Return the most memory that it has held since its fork; 0 when it can't be looked at."""
        told = _MEMORY_LINES.search(self._look_at("status"))
        if told is None:
            return 0
        self.memory_bytes = int(told[2]) * 1024
        return int(told[1]) * 1024

    def _look_at(self, name: str) -> bytes:
        """Read what /proc tells of it; nothing when it is gone.

        The file stays open: to open it takes longer than to read it, and a slice looks twice for each of its files.
        """
        try:
            if name not in self._looks:
                self._looks[name] = os.open(f"/proc/{self.pid}/{name}", os.O_RDONLY | os.O_CLOEXEC)
            return os.pread(self._looks[name], _LONGEST_LOOK_BYTES, 0)
        except OSError:
            return b""

    def measure_family(self) -> families.Usage:
        """Return what it uses now together with all that it has started."""
        return families.measure(self._zygote.list_family(self.pid))

    @property
    def known_end(self) -> End | None:
        """How it ended, once it was reaped."""
        return self._end

    def end(self) -> End:
        """Kill it if it runs, reap it, and tell how it ended; it may be asked again."""
        if self._end is None:
            self._end = self._reap()
        return self._end

    def dismiss(self) -> None:
        """Have it killed without waiting for its end, of which nothing is to be told any more."""
        if self._end is None:
            self._end = End(returncode=None, peak_memory_bytes=0, cpu_seconds=0.0, stderr_tail=self.stderr_tail)
            self._zygote.dismiss(self.pid)
            self._close()

    def _reap(self) -> End:
        try:
            told = self._zygote.reap(self.pid)
        except ZygoteLost:
            told = {"returncode": None, "peak_memory_bytes": 0, "cpu_seconds": 0.0}
        while kernel.is_readable(self.stderr) and self.read_stderr():
            continue
        self._close()
        return End(stderr_tail=self.stderr_tail, **told)

    def _close(self) -> None:
        for descriptor in (self.pidfd, self.stderr, *self._looks.values()):
            os.close(descriptor)
        self._looks.clear()
