"""The fork server's process: it loads every library once, runs none of them, and forks zygotes.

Four zygotes that loaded the same libraries by themselves held 54 MB each; forked from here they share them. It is
started by exec, so that a zygote holds nothing of the worker, and no stranger's byte ever comes near it.
"""

import gc
import os
import signal
import socket
from typing import NoReturn

from filemill.processing.cage import wire, zygote
from filemill.processing.cage.layers import Mode
from filemill.processing.cage.loading import load

_CHANNEL_AND_LOG = 2


def main(channel: int, *, parent_pid: int, is_main_thread: bool, preload: list[list[str]], fork_seconds: float) -> None:
    """Load, say so, and fork until the worker and all that it has forked are gone."""
    requests = zygote.begin_service(channel, parent_pid=parent_pid, is_main_thread=is_main_thread)
    load(*preload)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # The kernel reaps zygotes; who has asked for one holds its pidfd.
    wire.send_message(requests, {"ready": True})
    gc.collect()
    gc.freeze()
    receiver = wire.Receiver(requests, maximum_descriptors=_CHANNEL_AND_LOG)
    try:
        while True:
            request, descriptors = receiver.receive()
            _fork(requests, descriptors, mode=request["mode"], fork_seconds=fork_seconds)
            for descriptor in descriptors:
                os.close(descriptor)
    except wire.ConnectionEnded:
        return


def _fork(requests: socket.socket, descriptors: list[int], *, mode: Mode, fork_seconds: float) -> None:
    """Fork one; where the machine gives no process, who has asked hears the end of its channel, and starts its own."""
    try:
        pid = os.fork()
    except OSError as error:
        os.write(descriptors[1], f"filemill: no fork: {error.strerror}\n".encode())
        return
    if pid == 0:
        _become_zygote(requests, descriptors, mode=mode, fork_seconds=fork_seconds)


def _become_zygote(requests: socket.socket, descriptors: list[int], *, mode: Mode, fork_seconds: float) -> NoReturn:
    """Serve one worker process in a fork that never returns; it leaves when that hangs up, as it does by its death."""
    try:
        # Until it greets nobody knows its pid: if it hangs, by a lock that a thread held when it was forked, it ends.
        signal.setitimer(signal.ITIMER_REAL, fork_seconds)
        requests.close()
        channel, log = descriptors
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        layers = zygote.enter_layers()
        signal.setitimer(signal.ITIMER_REAL, 0)
        zygote.serve(wire.adopt(channel), layers, mode=mode, for_tools=False)
    except BaseException as error:  # noqa: BLE001 - whatever it was, a zygote never returns into the server's loop
        os.write(2, f"filemill: no zygote: {type(error).__name__}: {error}\n".encode())
        os._exit(1)
    os._exit(0)
