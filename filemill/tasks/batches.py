"""A slice of a batch: the next few files, worked through one cage, until others should have their turn."""

import logging
import time
from functools import partial
from uuid import UUID

from filemill.faultpoints import faultpoint
from filemill.processing.cage import Cage
from filemill.tasks import admission, dispatch, lifecycle, passing_on
from filemill.tasks.batch_services import finish_cancel
from filemill.tasks.execution import work_on
from filemill.tasks.models import Batch, TaskLog
from filemill.tasks.node import node
from filemill.tasks.pace import Bite, Pace, pace_of
from filemill.tasks.pulse import Pulse
from filemill.tasks.settler import Behind, Settler

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.03
"""So often a slice looks, between two files, whether others wait: that is how long a task of theirs waits for it."""
FAIR_SECONDS = 0.25
"""After about this much work a slice goes to the end of the queue if anybody waits, so that all share evenly."""
SLICE_SECONDS = 3.0
"""After so much it does in any case, so that the batches of one user take turns: a new child, a message and the look at
the batch cost as much as one photo."""
BITE_SECONDS = 0.05
"""What a slice claims first is worked on in about this time: where others always wait, nothing is handed back."""
MOST_BITE_SECONDS = 0.25
"""Each further bite is meant for twice as long, up to this: to claim and to settle cost as much for one as for many."""


class SliceTime:
    """How long a slice goes on: until others' tasks were sent, 250 ms where they wait, and longer where nobody does."""

    def __init__(self, user_id: int, task_type: str) -> None:
        began_at = time.monotonic()
        self._whose = user_id, task_type
        self._looks_at = began_at + LOOK_SECONDS
        self._fair_until = began_at + FAIR_SECONDS
        self._ends_at = began_at + SLICE_SECONDS
        self._bite_seconds = BITE_SECONDS
        self._is_wanted = False

    def is_wanted(self) -> bool:
        """Say whether others should have the process at once, before the next file."""
        now = time.monotonic()
        if not self._is_wanted and now >= self._looks_at:
            self._looks_at = now + LOOK_SECONDS
            waiting = admission.who_waits(*self._whose)
            self._is_wanted = waiting.is_sent or (waiting.is_in_backlog and now >= self._fair_until)
        return self._is_wanted

    def is_over(self) -> bool:
        """Say whether nothing more should be claimed."""
        return time.monotonic() >= self._ends_at or self.is_wanted()

    def next_bite(self) -> float:
        """Return for how long the next bite should be worked on, in seconds."""
        seconds = self._bite_seconds
        self._bite_seconds = min(2 * seconds, MOST_BITE_SECONDS)
        return min(seconds, max(BITE_SECONDS, self._ends_at - time.monotonic()))


def run_slice(batch_id: UUID | str, *, cage: Cage, pulse: Pulse, settler: Settler) -> int:
    """Work on the batch's next files; send the next slice while files remain. Return how many were worked on."""
    batch = Batch.objects.filter(pk=batch_id).first()
    if batch is None:
        return 0
    if batch.cancelled_at is not None:
        finish_cancel(batch)  # whoever began to cancel it may be gone
        return 0
    slice_time, behind = SliceTime(batch.user_id, batch.task_type), Behind(settler)
    try:
        done = _work_through(batch, slice_time, cage=cage, pulse=pulse, behind=behind)
        logger.info("batch celery_task_id=%s: %s files in this slice", batch.celery_task_id, done)
        if done and slice_time.is_wanted():  # others are to begin now, and not after all this
            behind.leave()
            settler.send_afterwards(partial(dispatch.send_next_slice, batch))
        elif done:
            dispatch.send_next_slice(batch)  # the last files are settled meanwhile
    finally:
        behind.wait()
    if done:
        passing_on.pass_on(user_id=batch.user_id, task_type=batch.task_type, but_batch=batch.pk)
    return done


def _work_through(batch: Batch, slice_time: SliceTime, *, cage: Cage, pulse: Pulse, behind: Behind) -> int:
    """Work on bites of the batch until its time is over; return how many files that were."""
    done = 0
    pace = pace_of(batch.pk)
    # Where files are counted, or keep an order, the next claim must see this one settled.
    is_alone = not batch.parallel or admission.is_limited()
    with cage.open_slice() as cage_slice:
        while tasks := _claim(batch, pace, slice_time.next_bite()):
            bite = Bite(began_at=time.monotonic())
            is_over = partial(_should_stop, bite, slice_time)
            worked = work_on(tasks, cage_slice=cage_slice, pulse=pulse, is_over=is_over)
            pace.learn(worked.begun_count, bite.seconds())
            behind.settle(worked)
            if is_alone:
                behind.wait()
            done += worked.begun_count
            faultpoint("slice.between_files")
            if slice_time.is_over() or node.stopping_for_seconds() is not None:
                break
    return done


def _should_stop(bite: Bite, slice_time: SliceTime) -> bool:
    """Say whether what was claimed and not begun should go to others."""
    return bite.is_overdue() or slice_time.is_wanted()


def _claim(batch: Batch, pace: Pace, seconds: float) -> list[TaskLog]:
    """Claim what is likely to be worked on in so many seconds."""
    worker = node.as_worker()
    if batch.parallel:
        most, least = pace.count_next(seconds), pace.count_next(BITE_SECONDS)
        return lifecycle.start_next_of_batch(batch.pk, worker=worker, limit=most, at_end=least)
    # One by one: a file that has to be tried again holds up those behind it.
    task = lifecycle.start_next_in_order(batch.pk, worker=worker)
    return [] if task is None else [task]
