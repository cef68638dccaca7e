"""One call of a sealed function: what the child asks for is granted or refused, and its end is judged."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, assert_never

from filemill.processing.bench import Limits, Output
from filemill.processing.cage import verdicts
from filemill.processing.cage.output_files import OutputFiles
from filemill.processing.cage.replies import Broken, Done, Failed, OutputWish, ProgressNews, Reply, Short
from filemill.processing.cage.sealed_child import SealedChild
from filemill.processing.cage.watching import Finish, Watch
from filemill.processing.cage.wire import ConnectionEnded, MalformedMessage
from filemill.processing.errors import ProcessingError, SystemFault

_STEP: float = 0.001


class SealedRun:
    """A call in the making. `tell` hears progress: a fraction from 0.0 to 1.0, and a message.

    `before_bytes` of the outputs were made before, under other limits than these.
    """

    def __init__(
        self,
        child: SealedChild,
        *,
        limits: Limits,
        before_bytes: int,
        files: OutputFiles,
        tell: Callable[[float, str], None],
    ) -> None:
        self._child = child
        self._limits = limits
        self._before_bytes = before_bytes
        self._files = files
        self._tell = tell
        self._made: list[Output] = []
        self._answer: Done | Failed | Short | Broken | None = None
        self._told = -_STEP
        self._watch: Watch | None = None
        self._blank: int | None = None
        """The file for the first output, which the child has from the start: so it need not wait for it."""

    def call(
        self, module: str, function: str, arguments: Mapping[str, Any], *, sources: Sequence[int]
    ) -> dict[str, Any]:
        """Send the call, wait, and return the facts. Raises `ProcessingError`; the child is then unfit for more."""
        self._watch = watch = Watch(
            process=self._child.process,
            limits=self._limits,
            readers={self._child.channel.fileno(): lambda: self._child.read_replies(self._take)},
            count_output_bytes=self._count_bytes,
        )
        self._blank = blank = self._files.open_blank()
        try:
            finish = self._send_and_wait(watch, module, function, arguments, sources)
            if self._answer is None:
                raise self._judge_silence(finish, watch)
            return self._read_answer(self._answer)
        except MalformedMessage as error:
            message = f"The confined process broke its protocol: {error}"
            raise SystemFault(message, code="cage_crashed", is_passing=True) from error
        finally:
            if blank is not None:
                os.close(blank)

    def _count_bytes(self) -> int:
        blank_bytes = os.fstat(self._blank).st_size if self._blank is not None else 0
        return self._files.count_bytes() + blank_bytes - self._before_bytes

    def _send_and_wait(
        self, watch: Watch, module: str, function: str, arguments: Mapping[str, Any], sources: Sequence[int]
    ) -> Finish:
        try:
            self._child.send_call(module, function, arguments, sources=sources, blank=self._blank)
        except ConnectionEnded:
            return Finish.ENDED  # It died before the call reached it; its end tells why.
        except TimeoutError:
            return Finish.TIME
        return watch.wait()

    def _judge_silence(self, finish: Finish, watch: Watch) -> ProcessingError:
        broken = verdicts.judge_finish(finish, self._limits)
        end = self._child.process.end()
        return broken or verdicts.judge_death(end, self._limits, peak_data_bytes=watch.peak_data_bytes)

    def _take(self, reply: Reply) -> bool:
        match reply:
            case ProgressNews():
                if self._watch is not None:
                    self._watch.hear_progress()
                self._pass_on(reply)
            case OutputWish(has_blank=True):
                self._name_blank(reply)
            case OutputWish():
                self._grant(reply)
            case _:
                self._answer = reply
                return True
        return False

    def _pass_on(self, news: ProgressNews) -> None:
        """Pass on only what is a step further: a flood of news must not keep the worker busy."""
        if news.fraction >= self._told + _STEP:
            self._told = news.fraction
            self._tell(news.fraction, news.message)

    def _name_blank(self, wish: OutputWish) -> None:
        if self._blank is None:
            raise MalformedMessage("It named a blank output that it does not have.")
        blank, self._blank = self._blank, None
        try:
            self._made.append(self._files.name_blank(blank, wish.name, wish.media_type))
        except ValueError as error:
            raise _broken_code("ValueError", traceback=f"ValueError: {error}") from error

    def _grant(self, wish: OutputWish) -> None:
        try:
            output, descriptor = self._files.create(wish.name, wish.media_type)
        except ValueError as error:
            self._child.refuse_output(str(error))
            return
        self._made.append(output)
        try:
            self._child.send_output(descriptor)
        except ConnectionEnded:
            return  # It died meanwhile; the wait will notice.
        finally:
            os.close(descriptor)

    def _read_answer(self, answer: Done | Failed | Short | Broken) -> dict[str, Any]:
        match answer:
            case Done():
                return self._accept(answer)
            case Failed(error=error):
                raise error
            case Short(of="disk"):
                raise verdicts.disk_full()
            case Short():
                raise verdicts.memory_limit(self._limits)
            case Broken(exception=exception, traceback=traceback):
                raise _broken_code(exception, traceback=traceback)
        assert_never(answer)

    def _accept(self, done: Done) -> dict[str, Any]:
        if done.wish is not None:
            self._name_blank(done.wish)
        if len(done.output_facts) != len(self._made):
            raise MalformedMessage("It told of another number of outputs than it made.")
        self._files.check_size(self._limits, before_bytes=self._before_bytes)
        if done.news is not None:
            self._pass_on(done.news)
        for output, facts in zip(self._made, done.output_facts, strict=True):
            output.facts.update(facts)
        return done.facts

    def discard_outputs(self) -> None:
        """Drop what a failed call has made."""
        for output in self._made:
            self._files.discard(output)


def _broken_code(exception: str, *, traceback: str) -> SystemFault:
    message = f"Filemill's own code failed in the cage: {exception}."
    return SystemFault(message, code="internal_error", evidence={"traceback": traceback})
