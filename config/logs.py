"""Logging: one readable line per record, `task_id=<uuid>` on every line about a task, `celery.log` for workers."""

import logging
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from filemill.tasks.logs import current_task_id

WORKER_LOG = "celery.log"
CONTROL_CHARACTERS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}


class TaskIdFilter(logging.Filter):
    """Put ` task_id=<uuid>` into `record.task` while a task is being worked on, so that grep finds every line of it."""

    def filter(self, record: logging.LogRecord) -> bool:
        task_id = getattr(record, "task_id", None) or current_task_id()
        record.task = f" task_id={task_id}" if task_id else ""
        return True


class OneLineFormatter(logging.Formatter):
    """Escapes control characters in the message: a file's name must not be able to forge a log line.

    The lines of a traceback, which come after the message, stay as they are.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        return super().formatMessage(record).translate(CONTROL_CHARACTERS)


def is_worker(program: str, arguments: list[str]) -> bool:
    """Say whether this process is `celery … worker`, which logs to a file besides its terminal."""
    return Path(program).name in {"celery", "__main__.py"} and "worker" in arguments


def logging_config(*, program: str, directory: Path) -> dict[str, Any]:
    """Return the dictConfig for this process."""
    handlers: dict[str, dict[str, Any]] = {
        "terminal": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["task_id"]}
    }
    if is_worker(program, sys.argv):
        with suppress(FileExistsError):
            directory.mkdir(parents=True, exist_ok=True)
        # Watched: logrotate may move the file away at any time, and several workers may share it.
        handlers["file"] = {
            "class": "logging.handlers.WatchedFileHandler",
            "filename": str(directory / WORKER_LOG),
            "formatter": "line",
            "filters": ["task_id"],
        }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": "config.logs.OneLineFormatter",
                "format": "%(asctime)s %(levelname)s %(name)s%(task)s %(message)s",
            }
        },
        "filters": {"task_id": {"()": "config.logs.TaskIdFilter"}},
        "handlers": handlers,
        "root": {"handlers": list(handlers), "level": "INFO"},
        "loggers": {
            # Celery's own lines name its message, not the task; the life cycle logs every move with the task's id.
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "django.request": {"level": "ERROR"},
            "pyvips": {"level": "WARNING"},
        },
    }
