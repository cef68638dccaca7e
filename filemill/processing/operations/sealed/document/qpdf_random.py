"""Sealed: random bytes for qpdf from the kernel's call, since in the cage it can't open the device that it reads."""

import ctypes
import os
import re
from pathlib import Path
from typing import Any, Final

import pikepdf  # noqa: F401 - loads libqpdf

_LIBRARY: Final = re.compile(r"(/\S*libqpdf\S*\.so\S*)$", re.MULTILINE)
_SET_PROVIDER: Final = "_ZN5QUtil21setRandomDataProviderEP18RandomDataProvider"

_Destructor: Final = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_Provide: Final = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)


def _provide(_this: int, data: int, length: int) -> None:
    try:
        ctypes.memmove(data, os.urandom(length), length)
    except BaseException:  # noqa: BLE001 - a key that is not random is worse than a process that died
        os.abort()


# The provider lives as long as the process, so there is nothing to destroy.
_destructor: Final = _Destructor(lambda _this: None)
_provider_function: Final = _Provide(_provide)


class _Table(ctypes.Structure):
    """The virtual functions of qpdf's `RandomDataProvider`: two destructors, then `provideRandomData`."""

    _fields_ = (("destroy", _Destructor), ("delete", _Destructor), ("provide", _Provide))


class _Provider(ctypes.Structure):
    """An object of such a class."""

    _fields_ = (("table", ctypes.POINTER(_Table)),)


_table: Final = _Table(_destructor, _destructor, _provider_function)
_provider: Final = _Provider(ctypes.pointer(_table))


def install() -> None:
    """Let qpdf draw from `os.urandom`; raises ImportError where libqpdf can't be found."""
    found = _LIBRARY.search(Path("/proc/self/maps").read_text())
    if not found:
        raise ImportError("libqpdf is not loaded: reinstall pikepdf")
    set_provider: Any = getattr(ctypes.CDLL(found[1]), _SET_PROVIDER)
    set_provider.argtypes = (ctypes.c_void_p,)
    set_provider.restype = None
    set_provider(ctypes.addressof(_provider))


install()
