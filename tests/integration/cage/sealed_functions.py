"""Sealed functions that behave well, badly and worse; the cage's tests call them."""

import array
import ctypes
import errno
import json
import mmap
import os
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

from filemill.processing.bench import SealedCall
from filemill.processing.cage.sealed import CHANNEL
from filemill.processing.errors import InputError

Sealed = Callable[[SealedCall], dict[str, Any]]
LEFT_BEHIND: list[str] = []


def measure(call: SealedCall) -> dict[str, Any]:
    """Return the input's size and how it begins."""
    return {"size": call.source_size, "begin": os.read(call.source_fd, 16).decode(), "pid": os.getpid()}


def seek_to_end(call: SealedCall) -> dict[str, Any]:
    """Leave the offset at the end, and a copy of the descriptor open."""
    os.dup(call.source_fd)
    return {"offset": os.lseek(call.source_fd, 0, os.SEEK_END), "pid": os.getpid()}


def shout(call: SealedCall) -> dict[str, Any]:
    """Copy the input in capitals to an output, with progress."""
    output = call.create_output("loud.txt", "text/plain")
    text = os.read(call.source_fd, call.source_size).decode()
    call.progress(0.5, "half")
    os.write(output.fd, text.upper().encode())
    output.facts["letters"] = len(text)
    call.progress(1.0, "whole")
    return {"letters": len(text)}


def join(call: SealedCall) -> dict[str, Any]:
    """Return the texts of all inputs, with their sizes."""
    descriptors = [call.source_fd, *call.input_fds]
    sizes = [call.source_size, *call.input_sizes]
    return {"texts": [os.read(descriptor, 100).decode() for descriptor in descriptors], "sizes": sizes}


def greet(call: SealedCall) -> dict[str, Any]:
    """Return the arguments."""
    return {"arguments": dict(call.arguments)}


def tell_much(call: SealedCall) -> dict[str, Any]:
    """Return facts of more bytes than one packet holds."""
    return {"text": "x" * int(call.arguments["characters"])}


def make_output(call: SealedCall) -> dict[str, Any]:
    """Make an output as named in the arguments."""
    call.create_output(call.arguments["name"], call.arguments["media_type"])
    return {}


def make_outputs(call: SealedCall) -> dict[str, Any]:
    """Make as many outputs as asked for."""
    for number in range(int(call.arguments["count"])):
        os.close(call.create_output(f"{number}.txt", "text/plain").fd)
    return {}


def refuse(call: SealedCall) -> dict[str, Any]:
    """Refuse the input."""
    os.write(call.create_output("half.txt", "text/plain").fd, b"half")
    raise InputError("The file is cut short.", code="corrupt_file", evidence={"at": 12})


def stumble(call: SealedCall) -> dict[str, Any]:
    """Raise what no operation means to raise."""
    raise ZeroDivisionError("on purpose")


def return_nonsense(call: SealedCall) -> dict[str, Any]:
    """Return what JSON can't hold."""
    return {"never": float("nan")}


def loop(call: SealedCall) -> dict[str, Any]:
    """Use the CPU for ever."""
    call.progress(0.1, "looping")
    while True:
        pass


def loop_with_news(call: SealedCall) -> dict[str, Any]:
    """Use 1.5 seconds of CPU, and tell of every tenth; `all_at` is the second at which all is said to be done."""
    for step in range(1, 16):
        while time.process_time() < step / 10:
            pass
        call.progress(min(1.0, step / (10 * call.arguments["all_at"])), "on the way")
    return {}


def sleep(call: SealedCall) -> dict[str, Any]:
    """Do nothing for ever."""
    call.progress(0.1, "sleeping")
    while True:
        time.sleep(60)


def eat_memory(call: SealedCall) -> dict[str, Any]:
    """Take memory until there is none."""
    eaten = []
    while True:
        eaten.append(bytearray(8 * 1024**2))


def eat_shared_memory(call: SealedCall) -> dict[str, Any]:
    """Take memory that RLIMIT_DATA does not count, then keep it."""
    eaten = mmap.mmap(-1, 1024**3)
    for offset in range(0, 1024**3, 4096):
        eaten[offset] = 1
    return sleep(call)


def crash(call: SealedCall) -> dict[str, Any]:
    """Read from address 0."""
    os.write(2, b"about to fall\n")
    ctypes.string_at(0)
    return {}


def leave(call: SealedCall) -> dict[str, Any]:
    """End the process without a word."""
    os._exit(3)


def write_much(call: SealedCall) -> dict[str, Any]:
    """Write an output without end."""
    output = call.create_output("much.txt", "text/plain")
    while True:
        os.write(output.fd, b"x" * 65536)


def chatter(call: SealedCall) -> dict[str, Any]:
    """Print far more than anyone keeps."""
    for number in range(20_000):
        os.write(2, f"line {number}\n".encode())
        os.write(1, b"to nobody\n")
    return {}


def send_raw(call: SealedCall) -> dict[str, Any]:
    """Send packets that the protocol does not know."""
    channel = _channel()
    for _ in range(int(call.arguments["times"])):
        channel.sendmsg([call.arguments["packet"].encode()])
    return sleep(call)


def hurry(call: SealedCall) -> dict[str, Any]:
    """Tell of a thousand steps as fast as can be."""
    for step in range(1, 1001):
        call.progress(step / 1000, f"step {step}")
    return {}


def flood(call: SealedCall) -> dict[str, Any]:
    """Send progress without end."""
    channel = _channel()
    while True:
        channel.sendmsg([b'.{"type":"progress","fraction":0.5,"message":""}'])


def wish_without_listening(call: SealedCall) -> dict[str, Any]:
    """Ask for outputs and never take the answers."""
    channel = _channel()
    for number in range(100_000):
        wish = {"type": "output", "name": f"{number}.txt", "media_type": "text/plain"}
        channel.sendmsg([b".", json.dumps(wish).encode()])
    return {}


def send_descriptor(call: SealedCall) -> dict[str, Any]:
    """Attach a descriptor to a message, to be left in the worker."""
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [call.source_fd]).tobytes())]
    channel = _channel()
    channel.sendmsg([b'.{"type":"progress","fraction":0.5,"message":""}'], rights)
    channel.detach()
    return {}


def hang_up(call: SealedCall) -> dict[str, Any]:
    """Close the channel and live on."""
    os.close(CHANNEL)
    while True:
        time.sleep(60)


def remember(call: SealedCall) -> dict[str, Any]:
    """Leave something behind in the process, and tell what was there."""
    found = list(LEFT_BEHIND)
    LEFT_BEHIND.append(call.arguments["word"])
    return {"found": found, "pid": os.getpid()}


def decode(call: SealedCall) -> dict[str, Any]:
    """Use codecs that Python loads by name."""
    return {name: b"a\0b\0".decode(name, errors="replace") for name in call.arguments["names"]}


def raise_signal(call: SealedCall) -> dict[str, Any]:
    """Abort, as GLib does."""
    os.write(2, call.arguments["last_words"].encode())
    signal.raise_signal(signal.SIGABRT)
    return {}


def _channel() -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, fileno=CHANNEL)


def fill_disk(call: SealedCall) -> dict[str, Any]:
    """Meet a full disk, and call the file corrupt for it, as a careless operation would."""
    try:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        raise InputError("The file is corrupt.", code="corrupt_file") from error


def grow(call: SealedCall) -> dict[str, Any]:
    """Keep 160 MiB."""
    LEFT_BEHIND.append("x" * 160 * 1024**2)
    return {"pid": os.getpid()}
