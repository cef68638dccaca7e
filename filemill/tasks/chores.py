"""The scheduled chores that beat sends: cleaning up what nothing refers to any more."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from django.db.models.functions import Now

from filemill.files import checkpoints, outputs, uploads
from filemill.tasks import idempotency, poison, pruning
from filemill.tasks.models import UPLOAD_PREFIX, TaskLog, WorkerNode
from filemill.tasks.statuses import ACTIVE, Status

logger = logging.getLogger(__name__)

UNREFERENCED_SECONDS = 24 * 3600
UNREFERENCED_CHECKPOINT_SECONDS = 3600
UNSEEN_DAYS = 7


def tidy() -> None:
    """Delete files that no task refers to, keys past their day, old progress and events, and long unseen workers."""
    swept = outputs.sweep_unreferenced(is_referenced=_is_output_needed, older_than_seconds=UNREFERENCED_SECONDS)
    swept += uploads.sweep_uploads(is_referenced=_is_upload_needed, older_than_seconds=UNREFERENCED_SECONDS)
    swept += checkpoints.sweep_unreferenced(
        is_referenced=_is_checkpoint_needed, older_than_seconds=UNREFERENCED_CHECKPOINT_SECONDS
    )
    idempotency.prune()
    poison.prune()
    progress, events = pruning.prune_progress(), pruning.prune_events()
    WorkerNode.objects.filter(seen_at__lt=Now() - timedelta(days=UNSEEN_DAYS)).delete()
    logger.info(
        "tidied: %s unreferenced files and directories, %s old lines of progress and %s old events removed",
        swept,
        progress,
        events,
    )


def _is_output_needed(task_id: str, fence: int) -> bool:
    return TaskLog.objects.filter(pk=task_id, fence=fence, status__in=[Status.PROCESSING, Status.COMPLETED]).exists()


def _is_checkpoint_needed(task_id: str, generation: int) -> bool:
    return TaskLog.objects.filter(pk=task_id, generation=generation, status__in=sorted(ACTIVE)).exists()


def _is_upload_needed(upload_id: str) -> bool:
    # The prefix says nothing new, but only with it does the planner see that the partial index holds the row.
    return TaskLog.objects.filter(file_path=UPLOAD_PREFIX + upload_id, file_path__startswith=UPLOAD_PREFIX).exists()


CHORES: Final[Mapping[str, Callable[[], None]]] = MappingProxyType({"tidy": tidy})
