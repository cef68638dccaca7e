"""Landlock: a process gives up all paths but the named files, TCP, and signals to processes outside."""

import ctypes
import os
from collections.abc import Iterable
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
_READ_FILE: Final = 1 << 2
# ABI 1 knows rights 0-12, 2 adds REFER, 3 TRUNCATE, 5 IOCTL_DEV: a right that the kernel doesn't know is an error.
_RIGHTS_BY_ABI: Final = ((5, 16), (3, 15), (2, 14), (1, 13))
_NET_ABI: Final = 4
_ALL_TCP: Final = 0b11
_SCOPE_ABI: Final = 6
_ALL_SCOPES: Final = 0b11


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


def restrict(executables: Iterable[Path] = ()) -> int:
    """Give up every path but these files, which stay readable and executable; return the ABI used.

    Descriptors that are open, or come over a socket later, keep the rights they were opened with.
    Raises `OSError` when Landlock is missing or a file can't be named in a rule.
    """
    abi = find_abi()
    attributes, size = _describe_ruleset(abi)
    ruleset = kernel.call_kernel(_CREATE_RULESET, ctypes.byref(attributes), size, 0)
    try:
        for path in executables:
            _allow(ruleset, path)
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


def _allow(ruleset: int, path: Path) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _PathBeneath(allowed_access=_EXECUTE | _READ_FILE, parent_fd=descriptor)
        kernel.call_kernel(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)
