"""A history taken apart by task: what is known of one task, in order."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from filemill.tasks.history.facts import (
    AttemptFact,
    DownloadFact,
    EventFact,
    FileFact,
    History,
    Observation,
    ProcessFact,
    ProgressFact,
    TaskFact,
)
from filemill.tasks.statuses import TERMINAL_EVENTS, EventType, Outcome


@dataclass(frozen=True, kw_only=True)
class Story:
    """The part of a history that is about one task: events by id, attempts by number, observations by answer."""

    task: TaskFact
    read_at: datetime
    settle_seconds: float | None = None
    events: list[EventFact] = field(default_factory=list)
    attempts: list[AttemptFact] = field(default_factory=list)
    progress: list[ProgressFact] = field(default_factory=list)
    files: list[FileFact] | None = None
    observations: list[Observation] = field(default_factory=list)
    downloads: list[DownloadFact] = field(default_factory=list)
    processes: list[ProcessFact] = field(default_factory=list)
    earlier_events: list[EventFact] = field(default_factory=list)
    pruned_to: int = 0
    """Generations up to this one ended so long ago that the events between their begin and end may be gone."""

    def count_beginnings_anew(self) -> int:
        """Count how often its progress began anew: by events, and where these may be gone by attempts."""
        told = sum(
            event.event_type == EventType.RETRIED and not (event.is_prunable and event.generation <= self.pruned_to)
            for event in self.events
        )
        again = {Outcome.DEFERRED, Outcome.LOST}
        return told + sum(item.outcome in again and item.generation <= self.pruned_to for item in self.attempts)


def tell_stories(history: History) -> Iterator[Story]:
    """Yield the story of each task that has a row."""
    events = _group(sorted(history.events, key=lambda event: event.id))
    attempts = _group(sorted(history.attempts, key=lambda attempt: attempt.number))
    progress = _group(sorted(history.progress, key=lambda entry: entry.id))
    files = None if history.files is None else _group(history.files)
    observations = _group(sorted(history.observations, key=lambda sight: sight.at))
    downloads, processes = _group(history.downloads), _group(history.processes)
    earlier_events = _group(history.earlier_events)
    for task in history.tasks:
        yield Story(
            task=task,
            read_at=history.read_at,
            settle_seconds=history.settle_seconds,
            events=events[task.id],
            attempts=attempts[task.id],
            progress=progress[task.id],
            files=None if files is None else files[task.id],
            observations=observations[task.id],
            downloads=downloads[task.id],
            processes=processes[task.id],
            earlier_events=earlier_events[task.id],
            pruned_to=_find_last_pruned(events[task.id], history.events_pruned_until),
        )


def _find_last_pruned(events: Iterable[EventFact], until: datetime | None) -> int:
    ended = [event.generation for event in events if event.event_type in TERMINAL_EVENTS and until and event.at < until]
    return max(ended, default=0)


class _OfTask(Protocol):
    @property
    def task_id(self) -> UUID: ...


_Fact = TypeVar("_Fact", bound=_OfTask)


def _group(facts: Iterable[_Fact]) -> dict[UUID, list[_Fact]]:
    grouped: dict[UUID, list[_Fact]] = defaultdict(list)
    for fact in facts:
        grouped[fact.task_id].append(fact)
    return grouped
