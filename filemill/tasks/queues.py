"""Pausing and resuming queues: what comes out of a paused one, nothing; what goes into it, all that is created."""

from collections.abc import Sequence
from typing import Final

from django.db import transaction

from filemill.tasks import sweeping
from filemill.tasks.models import QueuePause
from filemill.tasks.statuses import Lane, TaskType

QUEUES: Final[Sequence[str]] = (Lane.INTERACTIVE.value, Lane.BULK.value, *TaskType.values)
"""A lane (`bulk` with the slices of batches), or every task of a type, whichever lane it travels in."""


def pause(queue: str, *, by: str, reason: str = "") -> QueuePause:
    """Pause a queue; one that is paused already stays so since then, with the new reason."""
    found, is_new = QueuePause.objects.get_or_create(queue=queue, defaults={"paused_by": by, "reason": reason})
    if not is_new:
        QueuePause.objects.filter(pk=queue).update(paused_by=by, reason=reason)
    found.refresh_from_db()
    return found


def resume(queue: str) -> bool:
    """Resume a queue and send what is due; say whether it was paused."""
    with transaction.atomic():
        count, _ = QueuePause.objects.filter(pk=queue).delete()
        transaction.on_commit(sweeping.send_after_pause, robust=True)
    return count > 0


def pauses() -> dict[str, QueuePause]:
    """Return the pauses by queue."""
    return {pause.queue: pause for pause in QueuePause.objects.all()}
