"""Waiting for a confined process while holding it to its limits: the wall clock, memory, CPU and output size."""

import select
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from filemill.processing.bench import Limits
from filemill.processing.cage.families import Usage
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
    PROCESSES = auto()
    SILENT = auto()


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
    has_family: bool = False
    """Whether what it starts is watched with it; a process that can't fork is spared the looking."""
    peak_data_bytes: int = 0
    _began_cpu_seconds: float = 0.0
    _heard_cpu_seconds: float = 0.0
    _sample_seconds: float = _SAMPLE_SECONDS

    def wait(self) -> Finish:
        """Wait for the answer, the end of the process or a broken limit; the process is left as it is."""
        self._began_cpu_seconds = self._heard_cpu_seconds = self.process.count_cpu_seconds()
        deadline = time.monotonic() + self.limits.wall_seconds
        poll = self._prepare_poll()
        sampled_at = time.monotonic()
        while True:
            now = time.monotonic()
            if now >= deadline:
                return Finish.TIME
            ready = dict(poll.poll(min(self._sample_seconds, deadline - now) * 1000))
            if self._take(ready, poll):
                return Finish.ANSWERED
            if self.process.pidfd in ready:
                return Finish.ENDED
            if time.monotonic() - sampled_at >= self._sample_seconds:
                began_at = time.monotonic()
                broken = self._find_broken_limit()
                if broken:
                    return broken
                sampled_at = time.monotonic()
                # Thousands of files take long to look at: at most a tenth of the time goes into that.
                self._sample_seconds = max(_SAMPLE_SECONDS, 10 * (sampled_at - began_at))

    def hear_progress(self) -> None:
        """Note that the process is further on its way."""
        if self.limits.silent_cpu_seconds is not None:
            self._heard_cpu_seconds = self.process.count_cpu_seconds()

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
        if self.has_family:
            used = self.process.measure_family()
        else:
            cpu_seconds = self.process.count_cpu_seconds() - self._began_cpu_seconds
            used = Usage(processes=1, memory_bytes=sample.memory_bytes, cpu_seconds=cpu_seconds)
        return judge_usage(used, self.limits) or self._judge_silence_and_output()

    def _judge_silence_and_output(self) -> Finish | None:
        most = self.limits.silent_cpu_seconds
        if most is not None and self.process.count_cpu_seconds() - self._heard_cpu_seconds > most:
            return Finish.SILENT
        return Finish.OUTPUT if self.count_output_bytes() > self.limits.output_bytes else None


def judge_usage(used: Usage, limits: Limits) -> Finish | None:
    """Return which limit is broken by what is used, or None."""
    if used.processes > limits.processes:
        return Finish.PROCESSES
    if used.memory_bytes > limits.memory_bytes:
        return Finish.MEMORY
    if used.cpu_seconds > limits.cpu_seconds:
        return Finish.CPU
    return None
