"""The program behind `network`: makes a network namespace per host, and is the switch between them.

Each host has one TUN device, whose other end is a file here, so every packet passes through this loop and can be lost
or delayed for one pair of hosts alone. Run by itself, with the file descriptors for orders and answers and the hosts'
addresses as arguments; it answers with the number of each namespace's descriptor, then takes one JSON object per line
(see `Quality`). It ends with its orders, and the namespaces with it and whatever runs in them.
"""

import ctypes
import fcntl
import heapq
import json
import os
import random
import selectors
import socket
import struct
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x1, 0x1000
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK, SIOCSIFMTU = 0x8914, 0x8916, 0x891C, 0x8922
IFF_UP, IFF_RUNNING = 0x1, 0x40
DEVICE, LOOPBACK = b"net0", b"lo"
NETMASK = "255.255.255.0"
MTU = 16_000
"""Far above Ethernet's: fewer packets to carry, and nothing here is about their size."""
IPV4 = 4


@dataclass(frozen=True, kw_only=True)
class Quality:
    """How a link between two hosts is, in each direction."""

    is_cut: bool = False
    delay_seconds: float = 0.0
    jitter_seconds: float = 0.0
    loss: float = 0.0


PERFECT = Quality()


@dataclass
class Switch:
    """Carries packets from host to host; `devices` are the TUN files by address."""

    devices: dict[bytes, int]
    qualities: dict[tuple[bytes, bytes], Quality] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(9))
    _under_way: list[tuple[float, int, int, bytes]] = field(default_factory=list)
    _carried: int = 0

    def carry(self, packet: bytes) -> None:
        """Drop a packet, pass it on, or keep it until its delay is over."""
        if packet[0] >> 4 != IPV4:
            return  # the kernel looks for IPv6 routers
        origin, target = packet[12:16], packet[16:20]
        quality = self.qualities.get((origin, target), PERFECT)
        device = self.devices.get(target)
        if device is None or quality.is_cut or self.chance.random() < quality.loss:
            return
        if quality.delay_seconds == 0:
            self._write(device, packet)
            return
        due_at = time.monotonic() + quality.delay_seconds + self.chance.uniform(-1, 1) * quality.jitter_seconds
        self._carried += 1
        heapq.heappush(self._under_way, (due_at, self._carried, device, packet))

    def deliver_due(self) -> float | None:
        """Pass on what is due; return the seconds until more is, None when nothing is under way."""
        while self._under_way and self._under_way[0][0] <= time.monotonic():
            _, _, device, packet = heapq.heappop(self._under_way)
            self._write(device, packet)
        return max(0.0, self._under_way[0][0] - time.monotonic()) if self._under_way else None

    @staticmethod
    def _write(device: int, packet: bytes) -> None:
        try:
            os.write(device, packet)
        except BlockingIOError:
            return  # the host does not keep up: a network loses packets then


# --- hosts ---
def make_host(address: str) -> tuple[int, int]:
    """Move into a new namespace with this address; return the files of its TUN device and of itself."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "a network namespace can't be made here")
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", DEVICE, IFF_TUN | IFF_NO_PI))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFADDR, _address_request(address))
        fcntl.ioctl(control, SIOCSIFNETMASK, _address_request(NETMASK))
        fcntl.ioctl(control, SIOCSIFMTU, struct.pack("16si20x", DEVICE, MTU))
        for name in (LOOPBACK, DEVICE):
            fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH22x", name, IFF_UP | IFF_RUNNING))
    return device, os.open("/proc/self/ns/net", os.O_RDONLY)


def _address_request(address: str) -> bytes:
    return struct.pack("16sHH4s16x", DEVICE, socket.AF_INET, 0, socket.inet_aton(address))


# --- the program ---
def main(orders: int, answers: int, addresses: list[str]) -> None:
    """Make the hosts, say where they are, and carry their packets until the orders end."""
    hosts = {address: make_host(address) for address in addresses}
    switch = Switch({socket.inet_aton(address): device for address, (device, _) in hosts.items()})
    _answer(answers, {address: namespace for address, (_, namespace) in hosts.items()})
    with selectors.DefaultSelector() as selector:
        selector.register(orders, selectors.EVENT_READ)
        for device in switch.devices.values():
            selector.register(device, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select(switch.deliver_due()):
                if key.fd != orders:
                    _carry_all(switch, key.fd)
                elif not _take_order(switch, orders, answers):
                    return


def _carry_all(switch: Switch, device: int) -> None:
    try:
        while True:
            switch.carry(os.read(device, MTU))
    except BlockingIOError:
        return


def _take_order(switch: Switch, orders: int, answers: int) -> bool:
    """Set the quality of one link, and say so; False at the end of the orders."""
    # One order at a time, its line far below the size that a pipe passes whole: a line is there when anything is.
    line = os.read(orders, 4096)
    if not line:
        return False
    order = json.loads(line)
    one, other = (socket.inet_aton(address) for address in order.pop("between"))
    switch.qualities[one, other] = switch.qualities[other, one] = Quality(**order)
    _answer(answers, "done")
    return True


def _answer(answers: int, value: object) -> None:
    os.write(answers, json.dumps(value).encode() + b"\n")


if __name__ == "__main__":
    Path("/proc/self/comm").write_text("hosts-switch")
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
