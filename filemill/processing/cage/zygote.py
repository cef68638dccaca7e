"""The zygote: a small process that has loaded every library, runs none, and forks what the worker asks for.

It is started by exec, or forked by a fork server that was, so it holds none of the worker's memory, sockets or secrets.
It is the parent of all that runs in the cage, therefore it alone signals and reaps: a pid that it has not reaped can't
belong to anyone else.
"""

import contextlib
import gc
import os
import resource
import signal
import socket
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any, Final, NoReturn

from filemill.processing.cage import confinement, families, kernel, wire
from filemill.processing.cage.layers import Layers, Mode
from filemill.processing.cage.loading import load
from filemill.processing.cage.probing import find_layers
from filemill.processing.cage.sealed import CHANNEL
from filemill.processing.cage.spares import MakeSpare, SealedSpare, Spare, ToolSpare

_CALM_SECONDS: Final = 0.1
"""A child that has not ended by then is at longer work: a slice of a batch, after which others must not wait."""
_BREATH_SECONDS: Final = 0.001
"""When one has ended, the worker goes on first. A fork at once kept it for a millisecond: what they say to each other
puts both on one processor, where it waited for the fork's end."""


class Zygote:
    """Answers the worker's requests until the worker is gone."""

    def __init__(self, control: socket.socket, make_spare: MakeSpare) -> None:
        self._control = control
        self._make_spare = make_spare
        self._children: dict[int, int] = {}
        """When each was born, as /proc tells."""
        self._spare: Spare | None = None
        self._last: dict[str, Any] | None = None
        self._fork_after_seconds = _CALM_SECONDS

    def serve(self) -> None:
        """Answer one request after another; none of them waits for a child."""
        receiver = wire.Receiver(self._control, maximum_descriptors=wire.MAXIMUM_DESCRIPTORS)
        self._prepare()
        while True:
            request, descriptors = self._hear(receiver)
            match request["do"]:
                case "start":
                    self._start(request, descriptors)
                    self._fork_after_seconds = _CALM_SECONDS
                case "kill":
                    self._kill(request["pid"])
                case "reap":
                    wire.send_message(self._control, self._reap(request["pid"]))
                    self._fork_after_seconds = _BREATH_SECONDS
                case "dismiss":
                    self._reap(request["pid"])
                    self._fork_after_seconds = _BREATH_SECONDS

    def _hear(self, receiver: wire.Receiver) -> tuple[dict[str, Any], list[int]]:
        """Wait for the next request; when none comes for a while, use the time to fork ahead."""
        if self._spare is None:
            self._control.settimeout(self._fork_after_seconds)
            try:
                return receiver.receive()
            except TimeoutError:
                self._prepare()
            finally:
                self._control.settimeout(None)
        return receiver.receive()

    def _prepare(self) -> None:
        """Fork the next child ahead.

        That is done when one has ended or is at longer work, never when one begins: where processors share a core, it
        takes time from it.
        """
        if self._spare is None:
            self._spare = self._make_spare(self._fork, self._last)

    def end_all(self) -> None:
        """Kill all that runs, with what it has started: only its first process would die with us by itself."""
        for pid in list(self._children):
            _kill_group(pid)
        for pid in list(self._children):
            with contextlib.suppress(ChildProcessError):  # It was reaped just when we were told to leave.
                os.waitpid(pid, 0)
        self._children.clear()
        self._end_orphans()

    def _start(self, request: dict[str, Any], descriptors: list[int]) -> None:
        """Use the spare child for what is asked for, so that nobody waits for a fork."""
        spare, handed = self._use_spare(request, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        pidfd = os.pidfd_open(spare.pid)
        wire.send_message(self._control, {"pid": spare.pid, "born": self._children[spare.pid]}, [pidfd, *handed])
        os.close(pidfd)
        spare.close()

    def _use_spare(self, request: dict[str, Any], descriptors: list[int]) -> tuple[Spare, list[int]]:
        spare, self._spare, self._last = self._spare, None, request
        if spare is not None and not spare.suits(request):
            self._discard(spare)
            spare = None
        while True:
            spare = spare or self._make_spare(self._fork, request)
            try:
                return spare, spare.use(request, descriptors)
            except wire.ConnectionEnded:  # It was killed while it waited.
                self._discard(spare)
                spare = None

    def _discard(self, spare: Spare) -> None:
        self._reap(spare.pid)
        spare.close()

    def _fork(self, live: Callable[[], NoReturn]) -> int:
        zygote_pid = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become(live, zygote_pid)
        self._children[pid] = families.find_birth(pid)
        return pid

    def _become(self, live: Callable[[], NoReturn], zygote_pid: int) -> NoReturn:
        """Lead a group of one's own, and do what it is for; all in a fork that never returns."""
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            self._control.close()
            confinement.lead_own_group(zygote_pid)
            live()
        except BaseException as error:  # noqa: BLE001 - whatever it was, a child never returns into the zygote's loop
            os.write(2, f"filemill: could not start: {type(error).__name__}: {error}\n".encode())
        os._exit(127)

    def _kill(self, pid: int) -> None:
        if pid in self._children:
            _kill_group(pid)

    def _reap(self, pid: int) -> dict[str, Any]:
        """Wait for a child that has ended or was killed; until then its pid, and so its group's, stays taken."""
        _kill_group(pid)
        _, status, used = os.wait4(pid, 0)
        del self._children[pid]
        self._end_orphans()
        return {
            "returncode": os.waitstatus_to_exitcode(status),
            "peak_memory_bytes": used.ru_maxrss * 1024,
            "cpu_seconds": used.ru_utime + used.ru_stime,
        }

    def _end_orphans(self) -> None:
        """Kill and reap what a dead child has left behind, also outside of its group: orphans come to us.

        Each one killed hands on its own children, so it goes on until there are none.
        """
        if not self._children and not _has_children():
            return  # As after most tools; to read through /proc takes longer than the rest of a child's end.
        while orphans := [pid for pid in families.list_children(os.getpid()) if pid not in self._children]:
            for pid in orphans:
                os.kill(pid, signal.SIGKILL)
            for pid in orphans:
                os.waitpid(pid, 0)


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _kill_group(pid: int) -> None:
    """Kill a child with all of its group; one that was just forked may not lead a group yet."""
    os.kill(pid, signal.SIGKILL)
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # No group of that name: nothing else to kill.


def _leave_when_told(control: socket.socket) -> None:
    """Take SIGTERM for the worker's end: shut the socket, so that there is one way out, by the end of requests.

    A handler that raises would do so anywhere. A killed worker's socket ends just when its death sends the signal, so
    the exception broke off the killing of what still ran, one time in ten, and tools' children lived on for ever.
    """

    def shut(_number: int, _frame: object) -> None:
        with contextlib.suppress(OSError):  # The worker's end is closed, so there is nothing more to shut.
            control.shutdown(socket.SHUT_RDWR)

    signal.signal(signal.SIGTERM, shut)


def _make_room_for_descriptors() -> None:
    """A tool's descriptors are gathered above the ones it will see, so there must be room for both."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard) if hard > 0 else 4096, hard))


def _prepare_spares(layers: frozenset[str], *, for_tools: bool) -> MakeSpare:
    if "seccomp" in layers:
        confinement.assemble_filters(channel=CHANNEL)
    return partial(ToolSpare, layers=layers) if for_tools else partial(SealedSpare, layers=layers)


def begin_service(channel: int, *, parent_pid: int, is_main_thread: bool) -> socket.socket:
    """Cut what ties a process to the worker that has executed it, but for the channel and that it dies with it."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # Nothing runs here yet that would have to be ended.
    if is_main_thread:  # Elsewhere the starting thread may end before its process does; the socket's end is told too.
        kernel.die_with_parent(parent_pid, by=signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.chdir("/")
    _make_room_for_descriptors()
    if os.geteuid() == 0:
        kernel.drop_capabilities()
    return wire.adopt(channel)


def enter_layers() -> Layers:
    """Find out which layers hold here, and enter those that a zygote shares with its children."""
    kernel.adopt_orphans()
    layers = find_layers()
    if layers.namespaces.is_active:
        kernel.enter_own_namespaces(os.geteuid(), os.getegid())
    return layers


def serve(control: socket.socket, layers: Layers, *, mode: Mode, for_tools: bool) -> None:
    """Say who this is and what holds here, and serve; returns when the worker has closed its end."""
    kernel.forbid_new_privileges()
    missing = [name for name in ("seccomp", "landlock") if not getattr(layers, name).is_active]
    if mode == "strict" and missing:
        reasons = "; ".join(f"{name}: {getattr(layers, name).detail}" for name in missing)
        wire.send_message(control, {"refused": reasons})
        return
    _greet(control, layers)
    gc.collect()
    gc.freeze()  # What is never collected is never written to, and stays shared with the children.
    active = frozenset(name for name, layer in asdict(layers).items() if layer["is_active"])
    zygote = Zygote(control, _prepare_spares(active, for_tools=for_tools))
    _leave_when_told(control)
    try:
        zygote.serve()
    except wire.ConnectionEnded:
        zygote.end_all()


def _greet(control: socket.socket, layers: Layers) -> None:
    """The pidfd is for a worker that did not start this process itself, and so has no other hold on it."""
    pid = os.getpid()
    pidfd = os.pidfd_open(pid)
    wire.send_message(control, {"layers": asdict(layers), "pid": pid}, [pidfd])
    os.close(pidfd)


def main(
    channel: int,
    *,
    parent_pid: int,
    is_main_thread: bool,
    mode: Mode,
    preload: list[list[str]],
    for_tools: bool,
) -> None:
    """Load, and serve."""
    control = begin_service(channel, parent_pid=parent_pid, is_main_thread=is_main_thread)
    layers = enter_layers()  # Before the libraries come, for they may start threads.
    load(*preload)
    serve(control, layers, mode=mode, for_tools=for_tools)
