"""What is known of tasks, as plain facts: what clients were told, the rows, the events, the attempts and the files.

Two clocks are in play. What clients saw is timed by the clients' clock, everything else by the database's; no rule
compares one with the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from filemill.tasks.statuses import TERMINAL, EventType


class Kind(StrEnum):
    """What a client asked for."""

    CREATE = "create"
    READ = "read"
    CANCEL = "cancel"
    RETRY = "retry"


@dataclass(frozen=True, kw_only=True)
class Observation:
    """One answer to a client.

    `status` is what the answer said (a retry's says `retrying`), and None when no answer came: then the request may
    or may not have taken effect. A refused cancel or retry is a READ of the status that the refusal names.
    """

    task_id: UUID
    kind: Kind
    status: str | None
    asked_at: datetime
    at: datetime
    progress: int | None = None


@dataclass(frozen=True, kw_only=True)
class DownloadFact:
    """An output that a client was given whole."""

    task_id: UUID
    name: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ProcessFact:
    """A process seen alive on behalf of an attempt; `worker_died_at` when its worker was killed."""

    task_id: UUID
    attempt: int
    pid: int
    seen_at: datetime
    worker_died_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class OutputFact:
    """An output that a row refers to."""

    name: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class TaskFact:
    """The row of a task."""

    id: UUID
    status: str
    generation: int
    attempt: int
    fence: int
    failures: int
    max_retries: int
    progress: int
    created_at: datetime
    lease_until: datetime | None = None
    deadline_at: datetime | None = None
    has_result: bool = False
    outputs: tuple[OutputFact, ...] = ()

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL


@dataclass(frozen=True, kw_only=True)
class EventFact:
    """An event; ids are given under the lock of the task's row, so they are in the order of the moves."""

    id: int
    task_id: UUID
    event_type: str
    generation: int
    attempt: int
    at: datetime
    is_automatic: bool = False

    @property
    def is_prunable(self) -> bool:
        """Whether it tells of what went on between the begin of a generation and its end."""
        is_retry_within = self.event_type == EventType.RETRIED and self.is_automatic
        return is_retry_within or self.event_type in {EventType.STARTED, EventType.PROGRESS}


@dataclass(frozen=True, kw_only=True)
class AttemptFact:
    """An attempt; `outcome` is empty while it is open."""

    task_id: UUID
    number: int
    generation: int
    fence: int
    outcome: str
    error_code: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ProgressFact:
    """A stored progress."""

    id: int
    task_id: UUID
    attempt: int
    progress: int


@dataclass(frozen=True, kw_only=True)
class FileFact:
    """An output as it lies in the storage; `sha256` is None when it is missing."""

    task_id: UUID
    fence: int
    name: str
    sha256: str | None


@dataclass(frozen=True, kw_only=True)
class History:
    """All that is known; rows, events, attempts and progress must be of one moment, `read_at`.

    `files` is None when the storage was not looked at. `settle_seconds` is the bound within which every task must have
    ended since it was handed in or retried; None leaves that to each task's own deadline and lease.
    `earlier_events` were read at an earlier moment. Of generations that ended before `events_pruned_until` the events
    between begin and end may be gone.
    """

    read_at: datetime
    tasks: Sequence[TaskFact]
    events: Sequence[EventFact]
    attempts: Sequence[AttemptFact]
    progress: Sequence[ProgressFact] = ()
    files: Sequence[FileFact] | None = None
    observations: Sequence[Observation] = ()
    downloads: Sequence[DownloadFact] = ()
    processes: Sequence[ProcessFact] = ()
    earlier_events: Sequence[EventFact] = ()
    settle_seconds: float | None = None
    events_pruned_until: datetime | None = None
