"""Passwords in what a task was asked for: hidden wherever it is shown."""

from collections.abc import Mapping
from typing import Any

from filemill.processing import operations
from filemill.processing.operations.checking import list_secrets
from filemill.processing.operations.foresight import HIDDEN
from filemill.tasks.models import TaskLog


def shown_metadata(task: TaskLog) -> dict[str, Any]:
    """Return a task's metadata as it may be shown."""
    names = {task.operation, *(step["op"] for step in task.steps)}
    return _hide(task.metadata, names)


def shown_steps(task: TaskLog) -> list[dict[str, Any]]:
    """Return a task's steps as they may be shown."""
    return [{**step, "options": _hide(step["options"], {step["op"]})} for step in task.steps]


def _hide(options: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    known = [operations.OPERATIONS[name] for name in names if name in operations.OPERATIONS]
    secrets = set[str]().union(*(list_secrets(operation) for operation in known))
    return {name: HIDDEN if name in secrets and value is not None else value for name, value in options.items()}
