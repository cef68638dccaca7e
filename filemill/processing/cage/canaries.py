"""The canaries of the self-test: what nothing in the cage may be able to do is tried, and told how it went.

It is called as a sealed function, and executed as a tool: by its path, so it imports nothing of Filemill.
"""

import ctypes
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from filemill.processing.bench import SealedCall

_PROT_READ_WRITE_EXEC: Final = 7
_MAP_PRIVATE_ANONYMOUS: Final = 0x22
_libc: Final = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *(ctypes.c_int,) * 3, ctypes.c_long)


@dataclass(frozen=True, kw_only=True)
class Targets:
    """What is aimed at: a file that everybody may read and write, the worker's process, and a port of the worker's."""

    file: str
    worker: int
    port: int


def _read(path: str) -> None:
    os.close(os.open(path, os.O_RDONLY))


def _write(path: str) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def _connect(targets: Targets) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as caller:
        caller.connect(("127.0.0.1", targets.port))


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _map_executable_memory() -> None:
    if _libc.mmap(None, 4096, _PROT_READ_WRITE_EXEC, _MAP_PRIVATE_ANONYMOUS, -1, 0) == ctypes.c_void_p(-1).value:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


_Attempt = Callable[[Targets], object]

TOOL_ATTEMPTS: Final[Mapping[str, _Attempt]] = MappingProxyType(
    {
        "read /etc/passwd": lambda _: _read("/etc/passwd"),
        "read a file": lambda targets: _read(targets.file),
        "list a directory": lambda _: os.listdir("/"),
        "write to a file": lambda targets: _write(targets.file),
        "make a file": lambda targets: _write(f"{targets.file}.made"),
        "remove a file": lambda targets: os.unlink(targets.file),
        "reopen a descriptor": lambda _: _read("/proc/self/fd/3"),
        "read the worker's environment": lambda targets: _read(f"/proc/{targets.worker}/environ"),
        "connect to a port": _connect,
        "open a UDP socket": lambda _: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "open a Unix socket": lambda _: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
        "signal the zygote": lambda _: os.kill(os.getppid(), signal.SIGCONT),
        "signal the worker": lambda targets: os.kill(targets.worker, signal.SIGCONT),
        "fork": lambda _: _fork(),
        "leave the group": lambda _: os.setpgid(0, 0),
        "execute": lambda _: os.execve("/bin/true", ["true"], {}),  # noqa: S606
    }
)
"""What not even a tool may do: one that may neither fork nor use Unix sockets, the lock of most."""

SEALED_ATTEMPTS: Final[Mapping[str, _Attempt]] = MappingProxyType(
    {
        **TOOL_ATTEMPTS,
        "look at a file": lambda targets: Path(targets.file).stat(),
        "map executable memory": lambda _: _map_executable_memory(),
    }
)


def try_canaries(call: "SealedCall") -> dict[str, Any]:
    """Try everything in a sealed child; each answer begins with `refused` or does not."""
    return _try_all(SEALED_ATTEMPTS, Targets(**call.arguments))


def _try_all(attempts: Mapping[str, _Attempt], targets: Targets) -> dict[str, Any]:
    return {name: _try(attempt, targets) for name, attempt in attempts.items()}


def _try(attempt: _Attempt, targets: Targets) -> str:
    try:
        attempt(targets)
    except PermissionError as error:
        return f"refused: {error.strerror}"
    except OSError as error:
        return f"failed: {error.strerror}"
    return "allowed"


if __name__ == "__main__":
    file, worker, port = sys.argv[1:]
    told = _try_all(TOOL_ATTEMPTS, Targets(file=file, worker=int(worker), port=int(port)))
    sys.stderr.write(json.dumps(told))
