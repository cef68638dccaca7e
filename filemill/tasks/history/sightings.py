"""Whether what clients were told of one task fits together.

Requests overlap: an answer is true of some moment between its question and its arrival. So two sights are compared
only when the second was asked for after the first had arrived.
"""

from bisect import bisect_right
from collections.abc import Iterator

from filemill.tasks.history.facts import Kind, Observation
from filemill.tasks.history.stories import Story
from filemill.tasks.statuses import TERMINAL, Status


def find_changed_endings(story: Story) -> Iterator[str]:
    """Yield the ends that did not stay although nobody asked for a retry."""
    # A create may be answered again from its Idempotency-Key, long after the task has moved on.
    told = {Kind.READ, Kind.CANCEL}
    sights = [sight for sight in story.observations if sight.kind in told and sight.status is not None]
    retries = [sight for sight in story.observations if sight.kind == Kind.RETRY]
    arrivals = [sight.at for sight in sights]
    for later in sights:
        before = bisect_right(arrivals, later.asked_at)
        earlier = next((sight for sight in reversed(sights[:before]) if sight is not later), None)
        if earlier is None or earlier.status not in TERMINAL or earlier.status == later.status:
            continue
        if not any(_explains(retry, earlier, later) for retry in retries):
            yield f"a client was told {earlier.status} at {earlier.at}, then {later.status} at {later.at}"


def _explains(retry: Observation, earlier: Observation, later: Observation) -> bool:
    """Tell whether a retry may have happened between the moments of two sights.

    One that was never answered may have taken effect at any time after it was asked for.
    """
    return retry.asked_at <= later.at and (retry.status is None or retry.at >= earlier.asked_at)


def find_progress_falls(story: Story) -> Iterator[str]:
    """Yield when clients saw progress fall more often than the task began again, or 100 before the completion."""
    falls = 0
    last: Observation | None = None
    for sight in story.observations:
        if sight.kind != Kind.READ or sight.progress is None:
            continue
        if sight.progress == 100 and sight.status != Status.COMPLETED:
            yield f"a client was told 100 of a task that was {sight.status}"
        if last is not None and sight.asked_at < last.at:
            continue
        falls += last is not None and last.progress is not None and sight.progress < last.progress
        last = sight
    resets = story.count_beginnings_anew()
    if falls > resets:
        yield f"clients saw progress fall {falls} times, and the task began again {resets} times"
