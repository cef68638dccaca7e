"""Messages between worker, zygote and sealed children: JSON objects over a SOCK_SEQPACKET socket, with descriptors.

A message travels as one or more packets: a byte that says whether more follow, then a piece of the JSON. Packets are
bounded because a Unix socket refuses one larger than its send buffer, and messages because the other side may be
hostile.
"""

import array
import json
import socket
from collections.abc import Mapping, Sequence
from typing import Any

MAXIMUM_MESSAGE_BYTES = 4 * 1024**2
MAXIMUM_DESCRIPTORS = 250
_PIECE_BYTES = 32 * 1024
_LEAST_CHARGE_BYTES = 1024
# As plain numbers: an enumeration's "or" takes longer than the call.
_CLOSE_ON_EXEC = int(socket.MSG_CMSG_CLOEXEC)
_TRUNCATED = int(socket.MSG_TRUNC)
_MORE = b"+"
_LAST = b"."


class MalformedMessage(Exception):
    """What came over the socket is no message; whoever sent it is broken or hostile."""


class ConnectionEnded(Exception):
    """The other side has gone."""


def make_pair() -> tuple[socket.socket, socket.socket]:
    """Return a connected pair of close-on-exec sockets that keep the bounds of messages."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def adopt(descriptor: int) -> socket.socket:
    """Return the socket at a descriptor. Family and type are given so that none is asked for under a seal."""
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, fileno=descriptor)


def encode(message: Mapping[str, Any]) -> str:
    """Return a message as JSON text; raises `ValueError` for what JSON can't hold."""
    return json.dumps(message, allow_nan=False, separators=(",", ":"))


def send_message(
    channel: socket.socket, message: Mapping[str, Any], descriptors: Sequence[int] = (), *, flags: int = 0
) -> None:
    """Send one message; raises `ConnectionEnded` when nobody is there, `ValueError` for what JSON can't hold.

    `sendmsg` alone is used, never `send`: it is the only sending call that a sealed child may make.
    """
    payload = encode(message).encode()
    if len(payload) > MAXIMUM_MESSAGE_BYTES:
        raise ValueError(f"A message of {len(payload)} bytes is too large; put what is large into an output.")
    ancillary = []
    if descriptors:
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors).tobytes())]
    try:
        for start in range(0, len(payload), _PIECE_BYTES):
            piece = payload[start : start + _PIECE_BYTES]
            mark = _LAST if start + _PIECE_BYTES >= len(payload) else _MORE
            channel.sendmsg([mark, piece], ancillary, flags)
            ancillary = []
    except (BrokenPipeError, ConnectionResetError) as error:
        raise ConnectionEnded from error


class Receiver:
    """Takes packets from a socket and puts messages together; keeps the descriptors that came with them."""

    def __init__(self, channel: socket.socket, *, maximum_descriptors: int = 0) -> None:
        self._channel = channel
        self._maximum_descriptors = maximum_descriptors
        self._pieces: list[bytes] = []
        self._size = 0
        self._descriptors: list[int] = []

    def receive(self, flags: int = 0) -> tuple[dict[str, Any], list[int]]:
        """Wait for a whole message; with `MSG_DONTWAIT` raises `BlockingIOError` when there is none yet."""
        while True:
            message = self._take_packet(flags)
            if message is not None:
                descriptors, self._descriptors = self._descriptors, []
                return message, descriptors

    def _take_packet(self, flags: int) -> dict[str, Any] | None:
        room = socket.CMSG_SPACE(self._maximum_descriptors * 4) if self._maximum_descriptors else 0
        try:
            # Without room for ancillary data the kernel drops descriptors that a hostile sender attached.
            packet, ancillary, told, _ = self._channel.recvmsg(_PIECE_BYTES + 1, room, flags | _CLOSE_ON_EXEC)
        except ConnectionResetError as error:
            raise ConnectionEnded from error
        self._keep_descriptors(ancillary)
        if not packet:
            raise ConnectionEnded
        if told & _TRUNCATED or packet[:1] not in (_MORE, _LAST):
            raise MalformedMessage("A packet is too large or lacks its mark.")
        self._pieces.append(packet[1:])
        # Small packets are charged for their handling too, or a flood of them would keep us here.
        self._size += max(len(packet), _LEAST_CHARGE_BYTES)
        if self._size > MAXIMUM_MESSAGE_BYTES + MAXIMUM_MESSAGE_BYTES // _PIECE_BYTES + _LEAST_CHARGE_BYTES:
            raise MalformedMessage("A message is too large.")
        return self._finish() if packet[:1] == _LAST else None

    def _finish(self) -> dict[str, Any]:
        payload = b"".join(self._pieces)
        self._pieces, self._size = [], 0
        try:
            message = json.loads(payload.decode())
        except (ValueError, RecursionError) as error:
            raise MalformedMessage("A message is not JSON.") from error
        if not isinstance(message, dict):
            raise MalformedMessage("A message is not an object.")
        return message

    def _keep_descriptors(self, ancillary: list[tuple[int, int, bytes]]) -> None:
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                received = array.array("i")
                received.frombytes(data[: len(data) - len(data) % received.itemsize])
                self._descriptors.extend(received)
