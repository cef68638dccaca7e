"""What happened to a task, as a timeline: its events, each start with the attempt that it began."""

from dataclasses import dataclass
from typing import Any, Final

from filemill.dashboard.facts import Fact, say_value
from filemill.dashboard.wording import say_duration, say_name, say_size
from filemill.tasks.models import TaskAttempt, TaskEventLog, TaskLog
from filemill.tasks.statuses import EventType

MAX_EVENTS: Final = 200
"""The latest; a task that was rescued a thousand times still has a page."""
_LONG_TEXTS: Final = frozenset({"stderr_tail", "ffmpeg", "traceback", "stderr"})


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """An attempt with its evidence: short facts, and texts of many lines."""

    row: TaskAttempt
    duration: str
    evidence: list[Fact]
    texts: list[Fact]


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One thing that happened, and the attempt that began with it."""

    event: TaskEventLog
    attempt: Attempt | None


@dataclass(frozen=True, kw_only=True)
class Story:
    """The moments in order; `is_cut` when older ones are left out."""

    moments: list[Moment]
    is_cut: bool

    @property
    def length(self) -> str:
        """Something that differs once the story has gone on."""
        return str(self.moments[-1].event.pk) if self.moments else ""


def tell(task: TaskLog) -> Story:
    """Read a task's story in two queries."""
    latest = list(task.events.order_by("-created_at", "-id")[: MAX_EVENTS + 1])
    events = latest[:MAX_EVENTS][::-1]
    numbers = {event.attempt for event in events if event.event_type == EventType.STARTED}
    attempts = {row.number: _describe(row) for row in task.attempts.filter(number__in=numbers)}
    moments = [
        Moment(event=event, attempt=attempts.get(event.attempt) if event.event_type == EventType.STARTED else None)
        for event in events
    ]
    return Story(moments=moments, is_cut=len(latest) > MAX_EVENTS)


def _describe(row: TaskAttempt) -> Attempt:
    facts, texts = [], []
    for name, value in row.evidence.items():
        if name in _LONG_TEXTS or (isinstance(value, str) and "\n" in value):
            texts.append(Fact(label=say_name(name), value=str(value)))
        else:
            facts.append(_fact(name, value))
    duration = say_duration((row.ended_at - row.started_at).total_seconds()) if row.ended_at else ""
    return Attempt(row=row, duration=duration, evidence=facts, texts=texts)


def _fact(name: str, value: Any) -> Fact:
    """Say a measure by the unit that its name ends with."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if name.endswith("_bytes"):
            return Fact(label=say_name(name.removesuffix("_bytes")), value=say_size(int(value)))
        if name.endswith("_seconds"):
            return Fact(label=say_name(name.removesuffix("_seconds")), value=say_duration(value))
    return Fact(label=say_name(name), value=say_value(name, value))
