"""Seccomp: a filter over system calls, assembled here as classic BPF and installed by prctl."""

import ctypes
import errno
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from filemill.processing.cage import kernel
from filemill.processing.cage.syscalls import Architecture, find_architecture, number_of

ALLOW: Final = 0x7FFF0000
KILL_PROCESS: Final = 0x80000000
_ERRNO: Final = 0x00050000
_MODE_FILTER: Final = 2

_LOAD_WORD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_JUMP_GREATER_EQUAL: Final = 0x35
_JUMP_ANY_BIT: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN: Final = 0x06
_NUMBER_OFFSET: Final = 0
_ARCHITECTURE_OFFSET: Final = 4
_ARGUMENTS_OFFSET: Final = 16
_X32_BIT: Final = 0x40000000


def refuse(number: int) -> int:
    """Return the action that fails a call with an errno."""
    return _ERRNO | number


@dataclass(frozen=True, kw_only=True)
class Argument:
    """A condition on the low 32 bits of a call's argument: equal to one of `values`, or having any of `bits`."""

    index: int
    values: tuple[int, ...] = ()
    bits: int = 0


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What becomes of a call: `action`, or `otherwise` when there is a condition and it does not hold.

    Where `action` is None, the rules that follow decide.
    """

    call: str
    action: int | None
    argument: Argument | None = None
    otherwise: int = _ERRNO | errno.EPERM


class _Program:
    def __init__(self) -> None:
        self.code: list[bytes] = []

    def add(self, operation: int, value: int, if_true: int = 0, if_false: int = 0) -> None:
        self.code.append(struct.pack("=HBBI", operation, if_true, if_false, value))


def assemble(rules: Sequence[Rule], *, default: int, architecture: Architecture) -> bytes:
    """Return the filter's BPF code. Another architecture's calls kill; x86_64's x32 calls are unknown (ENOSYS)."""
    program = _Program()
    program.add(_LOAD_WORD, _ARCHITECTURE_OFFSET)
    program.add(_JUMP_EQUAL, architecture.audit_value, 1, 0)
    program.add(_RETURN, KILL_PROCESS)
    program.add(_LOAD_WORD, _NUMBER_OFFSET)
    program.add(_JUMP_GREATER_EQUAL, _X32_BIT, 0, 1)
    program.add(_RETURN, refuse(errno.ENOSYS))
    for rule in rules:
        number = number_of(rule.call, architecture)
        if number is not None:
            _add_rule(program, rule, number)
    program.add(_RETURN, default)
    return b"".join(program.code)


def _add_rule(program: _Program, rule: Rule, number: int) -> None:
    """Append a block that ends in a return, or has the call's number loaded again for the rules that follow."""
    block = _Program()
    if rule.argument is not None:
        block.add(_LOAD_WORD, _ARGUMENTS_OFFSET + 8 * rule.argument.index)
        checks = [(_JUMP_EQUAL, value) for value in rule.argument.values]
        if rule.argument.bits:
            checks.append((_JUMP_ANY_BIT, rule.argument.bits))
        for left, (operation, value) in zip(range(len(checks), 0, -1), checks, strict=True):
            block.add(operation, value, left, 0)
        block.add(_RETURN, rule.otherwise)
    if rule.action is None:
        block.add(_LOAD_WORD, _NUMBER_OFFSET)
    else:
        block.add(_RETURN, rule.action)
    program.add(_JUMP_EQUAL, number, 0, len(block.code))
    program.code += block.code


def is_supported() -> bool:
    """Tell whether this kernel knows seccomp; whether it may be used shows when a filter is installed."""
    try:
        kernel.prctl(kernel.PR_GET_SECCOMP)
    except OSError:
        return False
    return find_architecture() is not None


def assemble_here(rules: Sequence[Rule], *, default: int) -> bytes:
    """Assemble for this machine. Raises `OSError` where there is no table for it."""
    architecture = find_architecture()
    if architecture is None:
        raise OSError(errno.ENOSYS, "there is no system call table for this architecture")
    return assemble(rules, default=default, architecture=architecture)


def install(rules: Sequence[Rule], *, default: int) -> None:
    """Put the calling thread, and what it starts, under a filter; there is no way back.

    Raises `OSError` when the kernel refuses or there is no table for this architecture.
    """
    install_code(assemble_here(rules, default=default))


def install_code(code: bytes) -> None:
    """Put the calling thread under a filter that was assembled before."""
    buffer = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog: a 16-bit length, padding, a pointer.
    header = ctypes.create_string_buffer(struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer)))
    kernel.prctl(kernel.PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(header))
