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


PENDING, PROCESSING = Status.PENDING, Status.PROCESSING
TERMINAL: Final = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})
ACTIVE: Final = frozenset({PENDING, PROCESSING})
TERMINAL_EVENTS: Final = (EventType.COMPLETED, EventType.FAILED, EventType.CANCELLED)

START = Move(name="start", sources=frozenset({PENDING}), target=PROCESSING, event=EventType.STARTED, who="worker")
COMPLETE = Move(
    name="complete",
    sources=frozenset({PROCESSING}),
    target=Status.COMPLETED,
    event=EventType.COMPLETED,
    who="worker",
    outcome=Outcome.COMPLETED,
)
FAIL = Move(
    name="fail",
    sources=frozenset({PROCESSING}),
    target=Status.FAILED,
    event=EventType.FAILED,
    who="worker",
    outcome=Outcome.FAILED,
)
DEFER = Move(
    name="defer",
    sources=frozenset({PROCESSING}),
    target=PENDING,
    event=EventType.RETRIED,
    who="worker",
    outcome=Outcome.DEFERRED,
)
RESCUE = Move(
    name="rescue",
    sources=frozenset({PROCESSING}),
    target=PENDING,
    event=EventType.RETRIED,
    who="sweeper",
    outcome=Outcome.LOST,
)
CANCEL = Move(
    name="cancel",
    sources=ACTIVE,
    target=Status.CANCELLED,
    event=EventType.CANCELLED,
    who="person",
    outcome=Outcome.CANCELLED,
)
RETRY = Move(
    name="retry",
    sources=frozenset({Status.FAILED, Status.CANCELLED}),
    target=PENDING,
    event=EventType.RETRIED,
    who="person",
)
FORCE_RETRY = Move(name="force_retry", sources=TERMINAL, target=PENDING, event=EventType.RETRIED, who="person")
EXPIRE = Move(
    name="expire",
    sources=frozenset({PENDING}),
    target=Status.FAILED,
    event=EventType.FAILED,
    who="sweeper, worker",
)

MOVES: Final = (START, COMPLETE, FAIL, DEFER, RESCUE, CANCEL, RETRY, FORCE_RETRY, EXPIRE)
