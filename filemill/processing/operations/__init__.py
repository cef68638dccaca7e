"""What can be made of files: every operation, by its name, and the one that a task type runs by default."""

from collections.abc import Mapping
from itertools import chain
from types import MappingProxyType
from typing import Any, Final

from filemill.processing.operations.declaration import Operation, Options
from filemill.processing.operations.registry import collect, find_installed, find_own

__all__ = ["DEFAULTS", "OPERATIONS", "Operation", "Options", "for_task_type", "sealed_modules"]

OPERATIONS: Final[Mapping[str, Operation[Any]]] = MappingProxyType(collect(chain(find_own(), find_installed())))

DEFAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {"image": "image.transform", "video": "video.transcode", "document": "document.read"}
)
"""The operation of a task whose request names none, by its task type."""


def for_task_type(task_type: str) -> Operation[Any]:
    """Give the operation that a task type runs by default; raises KeyError for an unknown task type."""
    if task_type not in DEFAULTS:
        raise KeyError(f"no operation serves the task type {task_type!r}; the task types are {', '.join(DEFAULTS)}")
    return OPERATIONS[DEFAULTS[task_type]]


def sealed_modules() -> tuple[str, ...]:
    """Name the modules of installed packages that the cage has to load for their operations."""
    return tuple(dict.fromkeys(module for operation in OPERATIONS.values() for module in operation.sealed_modules))
