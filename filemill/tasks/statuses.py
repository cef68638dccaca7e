"""The state machine as data: statuses, events and the moves between them."""

from dataclasses import dataclass
from typing import Final

from django.db.models import TextChoices


class Status(TextChoices):
    """Where a task stands."""

    PENDING = "pending"  # its row is committed; it waits for a worker, or for the time of its next attempt
    PROCESSING = "processing"  # a worker holds its lease and works on it
    COMPLETED = "completed"  # its result and outputs are stored
    FAILED = "failed"  # it ended with an error_code
    CANCELLED = "cancelled"  # a person stopped it; it can never complete


class EventType(TextChoices):
    """What happened to a task, in the past tense."""

    CREATED = "created"
    STARTED = "started"
    PROGRESS = "progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    RETRIED = "retried"


class Outcome(TextChoices):
    """How an attempt ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    DEFERRED = "deferred"
    CANCELLED = "cancelled"
    LOST = "lost"


class Lane(TextChoices):
    """How a task travels to a worker."""

    INTERACTIVE = "interactive"  # alone, one message per task
    BULK = "bulk"  # alone, but for a batch
    SLICE = "slice"  # many to a message: a slice of its batch picks it up


class TaskType(TextChoices):
    """What kind of file a task works on."""

    IMAGE = "image"
    VIDEO = "video"
    DOCUMENT = "document"


@dataclass(frozen=True, kw_only=True)
class Move:
    """One allowed change of status; `lifecycle` has one function for each."""

    name: str
    sources: frozenset[Status]
    target: Status
    event: EventType
    who: str
    outcome: Outcome | None = None
    """How the open attempt ends with this move, where one may be open."""


def _move(
    name: str, sources: set[Status], target: Status, event: EventType, who: str, outcome: Outcome | None = None
) -> Move:
    return Move(name=name, sources=frozenset(sources), target=target, event=event, who=who, outcome=outcome)


PENDING, PROCESSING = Status.PENDING, Status.PROCESSING
TERMINAL: Final = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})
ACTIVE: Final = frozenset({PENDING, PROCESSING})
TERMINAL_EVENTS: Final = (EventType.COMPLETED, EventType.FAILED, EventType.CANCELLED)

START = _move("start", {PENDING}, PROCESSING, EventType.STARTED, "worker")
COMPLETE = _move("complete", {PROCESSING}, Status.COMPLETED, EventType.COMPLETED, "worker", Outcome.COMPLETED)
FAIL = _move("fail", {PROCESSING}, Status.FAILED, EventType.FAILED, "worker", Outcome.FAILED)
DEFER = _move("defer", {PROCESSING}, PENDING, EventType.RETRIED, "worker", Outcome.DEFERRED)
RESCUE = _move("rescue", {PROCESSING}, PENDING, EventType.RETRIED, "sweeper", Outcome.LOST)
CANCEL = _move("cancel", {PENDING, PROCESSING}, Status.CANCELLED, EventType.CANCELLED, "person", Outcome.CANCELLED)
RETRY = _move("retry", {Status.FAILED, Status.CANCELLED}, PENDING, EventType.RETRIED, "person")
FORCE_RETRY = _move("force_retry", set(TERMINAL), PENDING, EventType.RETRIED, "person")
EXPIRE = _move("expire", {PENDING}, Status.FAILED, EventType.FAILED, "sweeper")

MOVES: Final = (START, COMPLETE, FAIL, DEFER, RESCUE, CANCEL, RETRY, FORCE_RETRY, EXPIRE)
