"""The worker's side of a sealed child: sending it calls, hearing its replies, giving it outputs."""

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from filemill.processing.bench import Limits
from filemill.processing.cage import wire
from filemill.processing.cage.process import ConfinedProcess
from filemill.processing.cage.replies import Reply, read_reply
from filemill.processing.cage.zygote_client import ZygoteClient

FILES_PER_CHILD: Final = 750
"""More than a slice mostly has time for: a new child costs as much as two small pictures or three."""
# More than a socket's buffer holds, so that nothing is left of a dead child's words; fewer than would hide a deadline.
_REPLIES_AT_ONCE: Final = 1000
MEMORY_PER_CHILD_BYTES: Final = 150 * 1024**2


class SealedChild:
    """One sealed child, from its fork to its end."""

    def __init__(self, zygote: ZygoteClient, limits: Limits) -> None:
        self.limits = limits
        self.files = 0
        pid, (pidfd, channel, stderr) = zygote.start({"limits": asdict(limits)})
        self.channel = wire.adopt(channel)
        self.process = ConfinedProcess(zygote, pid=pid, pidfd=pidfd, stderr=stderr)
        self._receiver = wire.Receiver(self.channel)

    def suits(self, limits: Limits) -> bool:
        """Tell whether it can serve one more call under these limits, or has served and grown enough."""
        return (
            limits == self.limits
            and self.files < FILES_PER_CHILD
            # As it was after its last call, whose evidence has it: an honest one does nothing between two calls.
            and self.process.memory_bytes <= MEMORY_PER_CHILD_BYTES
            and self.process.count_cpu_seconds() < limits.cpu_seconds
            and not self.process.has_ended()
        )

    def send_call(
        self,
        module: str,
        function: str,
        arguments: Mapping[str, Any],
        *,
        sources: Sequence[int],
        blank: int | None,
    ) -> None:
        """Send a call with its inputs, and a blank file for its first output.

        A child that does not read is given as long as a whole call may last.
        """
        self.channel.settimeout(self.limits.wall_seconds)
        try:
            message = {
                "module": module,
                "function": function,
                "arguments": dict(arguments),
                "has_blank": blank is not None,
            }
            wire.send_message(self.channel, message, [*sources] if blank is None else [*sources, blank])
        finally:
            self.channel.settimeout(None)

    def send_output(self, descriptor: int) -> None:
        """Answer a wish for an output; raises `MalformedMessage` when nobody takes the answer."""
        self._answer({}, [descriptor])

    def refuse_output(self, reason: str) -> None:
        """Answer a wish for an output that can't be given; raises `MalformedMessage` when nobody takes the answer."""
        self._answer({"refused": reason}, [])

    def _answer(self, answer: Mapping[str, Any], descriptors: list[int]) -> None:
        try:
            wire.send_message(self.channel, answer, descriptors, flags=socket.MSG_DONTWAIT)
        except BlockingIOError as error:
            raise wire.MalformedMessage("Wishes came faster than their answers were read.") from error

    def read_replies(self, take: Callable[[Reply], bool]) -> bool:
        """Pass on what has come; return True when `take` did or the child has hung up. Raises `MalformedMessage`."""
        for _ in range(_REPLIES_AT_ONCE):
            try:
                message, _ignored = self._receiver.receive(socket.MSG_DONTWAIT)
            except BlockingIOError:
                return False
            except wire.ConnectionEnded:
                return True
            if take(read_reply(message)):
                return True
        return False

    def close(self) -> None:
        """End the child, whatever it does; its death is not waited for."""
        self.process.dismiss()
        self.channel.close()
