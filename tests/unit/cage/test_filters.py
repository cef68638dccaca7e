"""The seccomp filters, run by an interpreter of their code for both architectures: no kernel is needed."""

import errno
import struct
from collections.abc import Callable

import pytest

from filemill.processing.cage import filters, seccomp
from filemill.processing.cage.syscalls import _ARCHITECTURES, Architecture, number_of

PID = 4242
CHANNEL = 3
EPERM, EACCES, ENOSYS = (seccomp.refuse(number) for number in (errno.EPERM, errno.EACCES, errno.ENOSYS))

Ask = Callable[..., int]


def interpret(code: bytes, data: bytes) -> int:
    """Run classic BPF as the kernel does and return the action."""
    accumulator, position = 0, 0
    instructions = list(struct.iter_unpack("=HBBI", code))
    while True:
        operation, if_true, if_false, value = instructions[position]
        position += 1
        if operation == 0x06:
            return int(value)
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
            continue
        holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[operation]
        position += if_true if holds else if_false


def make_asker(architecture: Architecture, rules: tuple[seccomp.Rule, ...], default: int) -> Ask:
    code = seccomp.assemble(rules, default=default, architecture=architecture)

    def ask(call: str | int, *arguments: int, audit_value: int = architecture.audit_value) -> int:
        number = number_of(call, architecture) if isinstance(call, str) else call
        if number is None:
            pytest.fail(f"{call} does not exist here: choose a call that both architectures have")
        padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
        return interpret(code, struct.pack("=IIQ6Q", number, audit_value, 0, *padded))

    return ask


@pytest.fixture(params=sorted(_ARCHITECTURES))
def architecture(request: pytest.FixtureRequest) -> Architecture:
    return _ARCHITECTURES[request.param]


@pytest.fixture
def ask_sealed(architecture: Architecture) -> Ask:
    return make_asker(architecture, filters.for_sealed_child(channel=CHANNEL, pid=PID), EPERM)


@pytest.fixture
def ask_tool(architecture: Architecture) -> Ask:
    rules = filters.for_tool(pid=PID, may_fork=False, may_use_unix_sockets=False)
    return make_asker(architecture, rules, seccomp.ALLOW)


@pytest.mark.parametrize("call", ["read", "write", "pread64", "futex", "munmap", "exit_group", "clock_gettime"])
def test_work_on_open_descriptors_is_allowed_to_sealed_children(ask_sealed: Ask, call: str) -> None:
    assert ask_sealed(call) == seccomp.ALLOW


@pytest.mark.parametrize("call", ["openat", "openat2", "faccessat", "readlinkat", "getcwd", "statfs"])
def test_paths_are_denied_to_sealed_children(ask_sealed: Ask, call: str) -> None:
    assert ask_sealed(call) == EACCES


@pytest.mark.parametrize(
    "call", ["socket", "connect", "execve", "ptrace", "kill", "mount", "bpf", "io_uring_setup", "setrlimit", "setsid"]
)
def test_what_is_not_listed_is_refused_to_sealed_children(ask_sealed: Ask, call: str) -> None:
    assert ask_sealed(call) == EPERM


def test_memory_is_never_executable_in_a_sealed_child(ask_sealed: Ask) -> None:
    assert ask_sealed("mmap", 0, 4096, 0b011) == seccomp.ALLOW
    assert ask_sealed("mmap", 0, 4096, 0b101) == EPERM
    assert ask_sealed("mprotect", 0, 4096, 0b100) == EPERM


def test_a_sealed_child_talks_over_its_channel_alone(ask_sealed: Ask) -> None:
    assert ask_sealed("sendmsg", CHANNEL) == seccomp.ALLOW
    assert ask_sealed("sendmsg", CHANNEL + 1) == EPERM


def test_threads_are_born_and_processes_are_not(ask_sealed: Ask, ask_tool: Ask) -> None:
    for ask in (ask_sealed, ask_tool):
        assert ask("clone", 0x003D0F00) == seccomp.ALLOW
        assert ask("clone", 17) == EPERM
        assert ask("clone3") == ENOSYS


def test_a_tool_that_may_fork_still_makes_no_namespace(architecture: Architecture) -> None:
    rules = filters.for_tool(pid=PID, may_fork=True, may_use_unix_sockets=False)
    ask = make_asker(architecture, rules, seccomp.ALLOW)
    assert ask("clone", 17) == seccomp.ALLOW
    assert ask("clone", 0x10000000 | 17) == EPERM


def test_only_the_process_itself_can_be_signalled(ask_sealed: Ask, ask_tool: Ask) -> None:
    for ask in (ask_sealed, ask_tool):
        assert ask("tgkill", PID) == seccomp.ALLOW
        assert ask("tgkill", 1) == EPERM
        assert ask("kill", PID) == EPERM


@pytest.mark.parametrize("call", ["socket", "socketpair"])
def test_a_tool_that_may_use_unix_sockets_gets_streams_and_nothing_else(architecture: Architecture, call: str) -> None:
    rules = filters.for_tool(pid=PID, may_fork=False, may_use_unix_sockets=True)
    ask = make_asker(architecture, rules, seccomp.ALLOW)
    unix, stream, datagram, close_on_exec = 1, 1, 2, 0o2000000
    assert ask(call, unix, stream | close_on_exec) == seccomp.ALLOW
    assert ask(call, unix, datagram | close_on_exec) == EPERM
    assert ask(call, 2, stream) == EPERM
    assert ask("connect", 5) == EPERM
    assert ask("listen", 5) == seccomp.ALLOW


def test_a_tool_changes_no_owner_and_only_thinks_that_it_changes_a_mode(ask_tool: Ask) -> None:
    assert ask_tool("fchownat") == EPERM
    assert ask_tool("fsetxattr") == EPERM
    assert ask_tool("fchmodat") == seccomp.refuse(0)
    assert ask_tool("utimensat") == seccomp.refuse(0)


def test_a_tool_owns_no_signals_of_descriptors(ask_tool: Ask) -> None:
    assert ask_tool("fcntl", 3, 8) == EPERM
    assert ask_tool("fcntl", 3, 1030) == seccomp.ALLOW


@pytest.mark.parametrize("call", ["socket", "connect", "ptrace", "setsid", "setpgid", "unshare", "setuid", "keyctl"])
def test_what_leads_out_is_refused_to_tools(ask_tool: Ask, call: str) -> None:
    assert ask_tool(call) == EPERM


def test_a_tool_can_not_take_back_the_wish_to_die_with_its_parent(ask_tool: Ask) -> None:
    assert ask_tool("prctl", 1, 0) == EPERM
    assert ask_tool("prctl", 15) == seccomp.ALLOW


def test_calls_of_another_architecture_kill(ask_sealed: Ask, ask_tool: Ask) -> None:
    for ask in (ask_sealed, ask_tool):
        assert ask("read", audit_value=0x40000003) == seccomp.KILL_PROCESS


def test_calls_of_the_x32_kind_are_unknown(ask_tool: Ask) -> None:
    assert ask_tool(0x40000000 + 41) == ENOSYS
