"""What runs in a sealed child: it locks itself up, then serves one call after another over its channel."""

import fcntl
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

from filemill.processing.cage import confinement, wire
from filemill.processing.cage.sealed_errors import describe_error

CHANNEL: Final = 3
_TELL_SECONDS: Final = 0.05
"""Each message wakes the worker: one for each of a thousand pages took a third of the time that their text took."""


class SealedOutputFile:
    """An output as the sealed function sees it."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.facts: dict[str, Any] = {}


class SealedWork:
    """One call, as the sealed function sees it: descriptors and a line to the worker.

    The first output is a file that came with the call. Nobody waits for it: what it is to be called is told with the
    answer, or before the next one is asked for, so that a small file takes one message there and one back.
    """

    def __init__(
        self, line: "_Line", descriptors: Sequence[int], arguments: Mapping[str, Any], *, blank: int | None
    ) -> None:
        self._line = line
        self._outputs: list[SealedOutputFile] = []
        self._blank = blank
        self._wish: dict[str, Any] | None = None
        self._tells_at = 0.0
        self._last_news: dict[str, Any] | None = None
        self.source_fd, *self.input_fds = descriptors
        self.source_size, *self.input_sizes = (os.fstat(descriptor).st_size for descriptor in descriptors)
        self.arguments = arguments

    def create_output(self, name: str, media_type: str) -> SealedOutputFile:
        """Ask the worker for an empty output file; `ValueError` says why it gave none."""
        wish = {"type": "output", "name": name, "media_type": media_type}
        if self._blank is not None:
            descriptors, self._blank, self._wish = [self._blank], None, {**wish, "has_blank": True}
        else:
            descriptors = self._ask_for_output(wish)
        output = SealedOutputFile(descriptors[0])
        self._outputs.append(output)
        return output

    def _ask_for_output(self, wish: Mapping[str, Any]) -> list[int]:
        if self._wish is not None:
            self._line.tell(self._wish)
            self._wish = None
        answer, descriptors = self._line.ask(wish)
        if not descriptors:
            raise ValueError(answer.get("refused", "The worker gave no output."))
        return descriptors

    def progress(self, fraction: float, message: str = "") -> None:
        """Tell how much of this call is done, 0.0 to 1.0; what comes too soon after the last is not told.

        That all is done is told with the answer, which mostly is about to follow. Who says so again is at work still.
        """
        news = {"fraction": float(fraction), "message": str(message)}
        if fraction >= 1.0 and self._last_news is None:
            self._last_news = news
            return
        now = time.monotonic()
        if now >= self._tells_at:
            self._tells_at = now + _TELL_SECONDS
            self._line.tell({"type": "progress", **news})

    def answer(self, facts: Mapping[str, Any]) -> None:
        """Tell that it is done, with the facts of the outputs in the order of their making."""
        outputs = [output.facts for output in self._outputs]
        answer = {"facts": facts, "outputs": outputs, "wish": self._wish, "news": self._last_news}
        self._line.tell({"type": "done", **answer})

    def close(self) -> None:
        """Close the inputs and the outputs; a function may have closed some itself."""
        unused = [] if self._blank is None else [self._blank]
        for descriptor in (self.source_fd, *self.input_fds, *unused, *(output.fd for output in self._outputs)):
            try:
                os.close(descriptor)
            except OSError:
                continue


class _Line:
    """The child's end of the channel."""

    def __init__(self, descriptor: int) -> None:
        self._channel = wire.adopt(descriptor)
        self._receiver = wire.Receiver(self._channel, maximum_descriptors=wire.MAXIMUM_DESCRIPTORS)

    def tell(self, message: Mapping[str, Any]) -> None:
        wire.send_message(self._channel, message)

    def hear(self) -> tuple[dict[str, Any], list[int]]:
        return self._receiver.receive()

    def ask(self, message: Mapping[str, Any]) -> tuple[dict[str, Any], list[int]]:
        self.tell(message)
        return self.hear()


def run_sealed_child(channel: int, stderr: int, *, layers: frozenset[str]) -> NoReturn:
    """Turn this fork into a sealed child: descriptors, then the lock; then serve until the worker hangs up.

    Its limits are set by the zygote, when it is known whose work it does.
    """
    _arrange_descriptors(channel, stderr)
    sys.setrecursionlimit(1000)
    confinement.restore_signals()
    confinement.seal(channel=CHANNEL, layers=layers)
    line = _Line(CHANNEL)
    try:
        while True:
            _serve_call(line)
    except wire.ConnectionEnded:
        os._exit(0)


def _arrange_descriptors(channel: int, stderr: int) -> None:
    """Leave open: nothing at 0 and 1, the error pipe at 2, the channel at 3."""
    # Out of the way of the places to be filled: one that stood there already could not be put there again.
    channel, stderr = (fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, CHANNEL + 1) for each in (channel, stderr))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.dup2(stderr, 2)
    os.dup2(channel, CHANNEL, inheritable=False)
    os.closerange(CHANNEL + 1, 4096)


def _serve_call(line: _Line) -> None:
    request, descriptors = line.hear()
    blank = descriptors.pop() if request["has_blank"] else None
    work = SealedWork(line, descriptors, request["arguments"], blank=blank)
    try:
        function = getattr(sys.modules[request["module"]], request["function"])
        facts = function(work)
        if not isinstance(facts, dict):
            raise TypeError(f"{request['function']} returned {type(facts).__name__} where facts (a dict) are due.")
        _flush()
        work.answer(facts)
    except wire.ConnectionEnded:
        raise
    except Exception as error:  # noqa: BLE001 - each reaches the worker, which decides
        line.tell(describe_error(error))
    finally:
        work.close()


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
