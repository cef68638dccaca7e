"""Which task this thread is working on, for the log."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_task_id: ContextVar[str | None] = ContextVar("filemill_task_id", default=None)


def current_task_id() -> str | None:
    return _task_id.get()


@contextmanager
def about(task_id: object) -> Iterator[None]:
    """Mark every log line written inside as being about this task."""
    token = _task_id.set(str(task_id))
    try:
        yield
    finally:
        _task_id.reset(token)
