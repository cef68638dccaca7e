"""Waiting for a confined process while holding it to its limits: the wall clock, memory, CPU and output size."""

import select
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from filemill.processing.bench import Limits
from filemill.processing.cage.process import ConfinedProcess

_SAMPLE_SECONDS: Final = 0.1
_READABLE: Final = select.POLLIN | select.POLLHUP | select.POLLERR


class Finish(Enum):
    """Why the waiting is over."""

    ANSWERED = auto()
    ENDED = auto()
    TIME = auto()
    MEMORY = auto()
    CPU = auto()
    OUTPUT = auto()


@dataclass(kw_only=True)
class Watch:
    """One wait. `readers` maps a descriptor to what takes from it: it returns True when the run has its answer.

    What the kernel limits is sampled as well: RLIMIT_CPU counts a child's whole life where `limits` speak of one call,
    RLIMIT_DATA does not see shared memory, and RLIMIT_FSIZE counts each file alone.
    """

    process: ConfinedProcess
    limits: Limits
    readers: Mapping[int, Callable[[], bool]]
    count_output_bytes: Callable[[], int]
    peak_data_bytes: int = 0
    _began_cpu_seconds: float = 0.0

    def wait(self) -> Finish:
        """Wait for the answer, the end of the process or a broken limit; the process is left as it is."""
        self._began_cpu_seconds = self.process.count_cpu_seconds()
        deadline = time.monotonic() + self.limits.wall_seconds
        poll = self._prepare_poll()
        sampled_at = time.monotonic()
        while True:
            now = time.monotonic()
            if now >= deadline:
                return Finish.TIME
            ready = dict(poll.poll(min(_SAMPLE_SECONDS, deadline - now) * 1000))
            if self._take(ready, poll):
                return Finish.ANSWERED
            if self.process.pidfd in ready:
                return Finish.ENDED
            if time.monotonic() - sampled_at >= _SAMPLE_SECONDS:
                sampled_at = time.monotonic()
                broken = self._find_broken_limit()
                if broken:
                    return broken

    def _prepare_poll(self) -> select.poll:
        poll = select.poll()
        for descriptor in (self.process.pidfd, self.process.stderr, *self.readers):
            poll.register(descriptor, _READABLE)
        return poll

    def _take(self, ready: Mapping[int, int], poll: select.poll) -> bool:
        """Read what has come; once the process has ended, everything that it left behind."""
        if self.process.stderr in ready and not self.process.read_stderr():
            poll.unregister(self.process.stderr)
        has_ended = self.process.pidfd in ready
        return any((descriptor in ready or has_ended) and take() for descriptor, take in self.readers.items())

    def _find_broken_limit(self) -> Finish | None:
        sample = self.process.sample()
        if sample is None:
            return None
        self.peak_data_bytes = max(self.peak_data_bytes, sample.data_bytes)
        if sample.memory_bytes > self.limits.memory_bytes:
            return Finish.MEMORY
        if self.process.count_cpu_seconds() - self._began_cpu_seconds > self.limits.cpu_seconds:
            return Finish.CPU
        if self.count_output_bytes() > self.limits.output_bytes:
            return Finish.OUTPUT
        return None
