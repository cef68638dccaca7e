"""A sealed function known by its name alone, so that a worker need not load the libraries that it calls."""

import importlib
from typing import Any, Final, cast

from filemill.processing.bench import SealedCall, SealedFunction

OURS: Final = "filemill.processing.operations.sealed"


class SealedName:
    """Stands for a sealed function: it has its `__module__` and `__qualname__`, and loads it only when called.

    The cage sends the two names to its child, where the module has been loaded already. A module of ours is named below
    `operations.sealed`; that of an installed package by its whole name, with `package=""`.
    """

    def __init__(self, module: str, function: str, *, package: str = OURS) -> None:
        self.__module__ = f"{package}.{module}" if package else module
        self.__name__ = function
        self.__qualname__ = function

    def __call__(self, call: SealedCall) -> dict[str, Any]:
        function = cast(SealedFunction, getattr(importlib.import_module(self.__module__), self.__name__))
        return function(call)

    def __repr__(self) -> str:
        return f"SealedName({self.__module__}:{self.__qualname__})"
