"""The sealed function of the self-test: it tries what a sealed child must not be able to do, and tells how it went."""

import ctypes
import os
import signal
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from filemill.processing.bench import SealedCall

_PROT_READ_WRITE_EXEC: Final = 7
_MAP_PRIVATE_ANONYMOUS: Final = 0x22
_libc: Final = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *(ctypes.c_int,) * 3, ctypes.c_long)


def _read(path: str) -> None:
    os.close(os.open(path, os.O_RDONLY))


def _write(canary: str) -> None:
    os.close(os.open(f"{canary}.written", os.O_WRONLY | os.O_CREAT, 0o600))


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _map_executable_memory() -> None:
    if _libc.mmap(None, 4096, _PROT_READ_WRITE_EXEC, _MAP_PRIVATE_ANONYMOUS, -1, 0) == ctypes.c_void_p(-1).value:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


_Attempt = Callable[[str, int], object]

ATTEMPTS: Final[Mapping[str, _Attempt]] = MappingProxyType(
    {
        "read /etc/passwd": lambda _canary, _worker: _read("/etc/passwd"),
        "read a file": lambda canary, _worker: _read(canary),
        "look at a file": lambda canary, _worker: Path(canary).stat(),
        "list a directory": lambda _canary, _worker: os.listdir("/"),
        "write a file": lambda canary, _worker: _write(canary),
        "reopen a descriptor": lambda _canary, _worker: _read("/proc/self/fd/3"),
        "read the worker's environment": lambda _canary, worker: _read(f"/proc/{worker}/environ"),
        "open an INET socket": lambda _canary, _worker: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        "open a UDP socket": lambda _canary, _worker: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "open a Unix socket": lambda _canary, _worker: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
        "signal the zygote": lambda _canary, _worker: os.kill(os.getppid(), signal.SIGCONT),
        "signal the worker": lambda _canary, worker: os.kill(worker, signal.SIGCONT),
        "fork": lambda _canary, _worker: _fork(),
        "execute": lambda _canary, _worker: os.execve("/bin/true", ["true"], {}),  # noqa: S606
        "map executable memory": lambda _canary, _worker: _map_executable_memory(),
    }
)


def try_canaries(call: SealedCall) -> dict[str, Any]:
    """Try everything; each answer begins with `refused` or `allowed`."""
    canary, worker = str(call.arguments["canary"]), int(call.arguments["worker"])
    return {name: _try(attempt, canary, worker) for name, attempt in ATTEMPTS.items()}


def _try(attempt: _Attempt, canary: str, worker: int) -> str:
    try:
        attempt(canary, worker)
    except PermissionError as error:
        return f"refused: {error.strerror}"
    except OSError as error:
        return f"failed: {error.strerror}"
    return "allowed"
