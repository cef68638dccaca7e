"""What a claimed task will take, foreseen from the headers of its file before the work begins."""

import logging
from typing import Final

from django.conf import settings

from filemill.processing.cage import SliceBench
from filemill.processing.errors import ProcessingError
from filemill.processing.operations.foresight import foresee, total_cost
from filemill.processing.operations.planning import Cost
from filemill.processing.operations.probing import probe
from filemill.processing.operations.steps import Step
from filemill.tasks.models import TaskLog
from filemill.tasks.statuses import TaskType

logger = logging.getLogger(__name__)

LIGHT_BYTES: Final = {TaskType.IMAGE: 256 * 1024, TaskType.VIDEO: 0, TaskType.DOCUMENT: 1024**2}
"""Files below this are small work whatever they hold, so their headers are not read first; a film's always are."""
LIGHT_PHOTO_BYTES: Final = 4 * 1024**2
"""Of JPEG, which is packed less tightly than other pictures: a plain drawing of a hundred megapixels is larger."""


def weigh(task: TaskLog, steps: list[Step], bench: SliceBench) -> Cost:
    """Foresee what the steps take. A file that can't be probed is light: the work will say what is wrong with it."""
    if _is_light(task, bench):
        return Cost()
    try:
        facts = probe(bench)
    except ProcessingError as error:
        logger.info("its headers told nothing of what it takes: %s", error.code)
        return Cost()
    return total_cost(foresee(facts, steps, max_pixels=settings.FILEMILL_INPUT_LIMITS.max_pixels))


def _is_light(task: TaskLog, bench: SliceBench) -> bool:
    is_photo = bench.media_type == "image/jpeg"
    return bench.source_size < (LIGHT_PHOTO_BYTES if is_photo else LIGHT_BYTES[TaskType(task.task_type)])
