"""Landlock: a process gives up all paths but those it is granted, TCP, and signals to processes outside."""

import ctypes
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filemill.processing.cage import kernel

# The same numbers on every architecture.
_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_ASK_VERSION: Final = 1
_RULE_PATH_BENEATH: Final = 1

_EXECUTE: Final = 1 << 0
_WRITE_FILE: Final = 1 << 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3
_REMOVE_DIR: Final = 1 << 4
_REMOVE_FILE: Final = 1 << 5
_MAKE_DIR: Final = 1 << 7
_MAKE_REG: Final = 1 << 8
_MAKE_SOCK: Final = 1 << 9
_MAKE_SYM: Final = 1 << 12
_REFER: Final = 1 << 13
_TRUNCATE: Final = 1 << 14
_RIGHTS_ON_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE

RUN: Final = _EXECUTE | _READ_FILE
READ: Final = _READ_FILE | _READ_DIR
USE: Final = READ | _WRITE_FILE
"""What a device such as /dev/null is for."""
WORK: Final = USE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SYM | _REFER | _TRUNCATE
"""All that work in a directory takes; pipes, sockets and devices are not made there."""
LISTEN: Final = _MAKE_SOCK

# ABI 1 knows rights 0-12, 2 adds REFER, 3 TRUNCATE, 5 IOCTL_DEV: a right that the kernel doesn't know is an error.
_RIGHTS_BY_ABI: Final = ((5, 16), (3, 15), (2, 14), (1, 13))
_NET_ABI: Final = 4
_ALL_TCP: Final = 0b11
_SCOPE_ABI: Final = 6
_ALL_SCOPES: Final = 0b11


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What stays allowed on a file, or on a directory and all beneath it: a path, or one that is open."""

    path: Path | int
    rights: int


class _RulesetAttributes(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def find_abi() -> int:
    """Return the version of Landlock that this kernel offers; raises `OSError` when it offers none."""
    return kernel.call_kernel(_CREATE_RULESET, None, 0, _ASK_VERSION)


def restrict(grants: Iterable[Grant] = ()) -> int:
    """Give up every path but what is granted; return the ABI used.

    Descriptors that are open, or come over a socket later, keep the rights they were opened with.
    Raises `OSError` when Landlock is missing or a path can't be named in a rule.
    """
    abi = find_abi()
    attributes, size = _describe_ruleset(abi)
    ruleset = kernel.call_kernel(_CREATE_RULESET, ctypes.byref(attributes), size, 0)
    try:
        for grant in grants:
            _allow(ruleset, grant, attributes.handled_access_fs)
        kernel.call_kernel(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return abi


def _describe_ruleset(abi: int) -> tuple[_RulesetAttributes, int]:
    rights = next(count for least, count in _RIGHTS_BY_ABI if abi >= least)
    attributes = _RulesetAttributes(handled_access_fs=(1 << rights) - 1)
    size = 8
    if abi >= _NET_ABI:
        attributes.handled_access_net, size = _ALL_TCP, 16
    if abi >= _SCOPE_ABI:
        attributes.scoped, size = _ALL_SCOPES, 24
    return attributes, size


def _allow(ruleset: int, grant: Grant, known_rights: int) -> None:
    if isinstance(grant.path, int):
        _add_rule(ruleset, grant.path, grant.rights & known_rights)
        return
    descriptor = os.open(grant.path, os.O_PATH | os.O_CLOEXEC)
    try:
        _add_rule(ruleset, descriptor, grant.rights & known_rights)
    finally:
        os.close(descriptor)


def _add_rule(ruleset: int, descriptor: int, rights: int) -> None:
    if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
        rights &= _RIGHTS_ON_FILES  # The kernel takes no right on a file that only a directory can have.
    rule = _PathBeneath(allowed_access=rights, parent_fd=descriptor)
    kernel.call_kernel(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
