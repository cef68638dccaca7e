"""Finding out which layers hold here, by putting a forked probe under each of them."""

import errno
import os
from collections.abc import Callable
from typing import Final

from filemill.processing.cage import filters, kernel, landlock, seccomp
from filemill.processing.cage.layers import Layer, Layers

_NOBODY: Final = 65534


def find_layers() -> Layers:
    """Try each layer in a process of its own; call it in a process without threads."""
    return Layers(
        landlock=_probe(_try_landlock),
        seccomp=_probe(_try_seccomp),
        uid_drop=_describe_uid(),
        namespaces=_probe(_try_namespaces),
        no_new_privileges=Layer(is_active=True, detail="set"),
        rlimits=Layer(is_active=True, detail="data, address space, cpu, file size, open files, no core"),
    )


def _try_landlock() -> str:
    kernel.forbid_new_privileges()
    abi = landlock.restrict()
    try:
        os.close(os.open("/", os.O_RDONLY))
    except PermissionError:
        return f"abi {abi}"
    raise OSError(errno.ENOSYS, "a path was opened in spite of it")


def _try_seccomp() -> str:
    kernel.forbid_new_privileges()
    rules = filters.for_sealed_child(channel=3, pid=os.getpid())
    seccomp.install(rules, default=seccomp.refuse(errno.EPERM))
    try:
        os.stat("/")
    except PermissionError:
        return f"allow-list of {len(rules)} calls"
    raise OSError(errno.ENOSYS, "a path was looked up in spite of it")


def _try_namespaces() -> str:
    network = os.readlink("/proc/self/ns/net")
    kernel.enter_own_namespaces(os.geteuid(), os.getegid())
    if os.readlink("/proc/self/ns/net") == network:
        raise OSError(errno.ENOSYS, "the network is the same in spite of it")
    return "user, network, ipc"


def _describe_uid() -> Layer:
    uid = os.geteuid()
    if uid == 0:
        return Layer(is_active=False, detail="runs as root without capabilities: nobody can't read the interpreter")
    name = "nobody" if uid == _NOBODY else "an ordinary user"
    return Layer(is_active=True, detail=f"uid {uid}, {name}")


def _probe(attempt: Callable[[], str]) -> Layer:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        _report(attempt, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as answers:
        answer = answers.read(1000).decode(errors="replace")
    _, status = os.waitpid(pid, 0)
    if answer.startswith("+"):
        return Layer(is_active=True, detail=answer[1:])
    return Layer(is_active=False, detail=answer[1:] or f"the probe ended with status {status}")


def _report(attempt: Callable[[], str], writer: int) -> None:
    try:
        answer = f"+{attempt()}"
    except OSError as error:
        answer = f"-{_explain(error)}"
    os.write(writer, answer.encode())
    os._exit(0)


def _explain(error: OSError) -> str:
    if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL):
        return f"this kernel does not offer it ({error.strerror})"
    return f"it may not be used here ({error.strerror}); a container's own filter may forbid it"
