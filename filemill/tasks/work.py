"""What a stored task asks for, read back into steps: the work, its limits and its patience."""

from filemill.processing import operations
from filemill.processing.bench import Limits
from filemill.processing.errors import SystemFault
from filemill.processing.operations.steps import Step, read_steps
from filemill.tasks.models import TaskLog


def steps_of(task: TaskLog) -> list[Step]:
    """Return the steps of a task, of which a single operation is one; raises SystemFault when one is not installed."""
    try:
        if task.steps:
            return read_steps(task.steps, operations.OPERATIONS)
        operation = operations.OPERATIONS[task.operation]
    except KeyError as error:
        message = f"This worker does not know the operation {error}: install its package here as well."
        raise SystemFault(message, code="tool_missing", is_passing=True) from error
    return [Step(id="only", operation=operation, options=operation.options.model_validate(task.options))]


def limits_of(steps: list[Step]) -> Limits:
    """Return the limits of the first step; each further step brings its own."""
    return steps[0].operation.limits


def patience_of(task: TaskLog) -> float:
    """Return how patiently the task is tried again: as its dearest step wants."""
    names = {step["op"] for step in task.steps} or {task.operation}
    known = [operations.OPERATIONS[name].retry.patience for name in names if name in operations.OPERATIONS]
    return max(known, default=1.0)
