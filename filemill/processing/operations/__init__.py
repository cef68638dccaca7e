"""What can be made of files: every operation, by its name and by the task type it serves."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from filemill.processing.operations.declaration import Operation, Options
from filemill.processing.operations.document import DOCUMENT_READ
from filemill.processing.operations.image import IMAGE_TRANSFORM
from filemill.processing.operations.video import VIDEO_TRANSCODE

__all__ = ["OPERATIONS", "Operation", "Options", "for_task_type"]

OPERATIONS: Final[Mapping[str, Operation[Any]]] = MappingProxyType(
    {operation.name: operation for operation in (IMAGE_TRANSFORM, VIDEO_TRANSCODE, DOCUMENT_READ)}
)


def for_task_type(task_type: str) -> Operation[Any]:
    """Give the operation that a task type runs; raises KeyError for an unknown task type."""
    for operation in OPERATIONS.values():
        if operation.task_type == task_type:
            return operation
    known = ", ".join(operation.task_type for operation in OPERATIONS.values())
    raise KeyError(f"no operation serves the task type {task_type!r}; the task types are {known}")
