"""The ten invariants of a task's history, each a small pure function that yields what breaks it.

INVARIANTS holds the rules by their names, I1 to I10; `check` runs them over every task and names the broken rule with
each sentence.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from filemill.tasks.history.facts import EventFact, FileFact, History, TaskFact
from filemill.tasks.history.sightings import find_changed_endings, find_progress_falls
from filemill.tasks.history.stories import Story, tell_stories
from filemill.tasks.statuses import ACTIVE, MOVES, TERMINAL, TERMINAL_EVENTS, EventType, Outcome, Status

GRACE_SECONDS: Final = 60.0
"""How long after its deadline, or after the end of its lease, a task may wait for the sweeper."""
PROCESS_SECONDS: Final = 3.0
"""How long a process may be seen after the end of the attempt that it worked for."""
UNCOUNTED_CODES: Final = frozenset({"worker_stopped", "handed_back"})
"""Attempts that were handed back with these codes say nothing about the file and use up no retry."""


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A broken invariant: which, by which task, and what was found."""

    invariant: str
    task_id: UUID
    message: str

    def __str__(self) -> str:
        return f"{self.invariant} {self.task_id}: {self.message}"


# --- I1: every accepted task ends ---
def find_unended(story: Story) -> Iterator[str]:
    """Every task reaches a terminal status within its bound."""
    task = story.task
    if task.is_terminal:
        return
    overdue_at = story.read_at - timedelta(seconds=GRACE_SECONDS)
    if task.status == Status.PENDING and task.deadline_at is not None and task.deadline_at < overdue_at:
        yield f"still pending although its deadline was {task.deadline_at}"
    if task.status == Status.PROCESSING and task.lease_until is not None and task.lease_until < overdue_at:
        yield f"still processing although its lease ended {task.lease_until}"
    if story.settle_seconds is not None:
        openings = [event.at for event in story.events if _is_opening(event.event_type, event.is_automatic)]
        age = (story.read_at - (openings[-1] if openings else task.created_at)).total_seconds()
        if age >= story.settle_seconds:
            yield f"still {task.status} {age:.1f} s after it was handed in; {story.settle_seconds:g} s are allowed"


def _is_opening(event_type: str, is_automatic: bool) -> bool:
    return event_type == EventType.CREATED or (event_type == EventType.RETRIED and not is_automatic)


# --- I2: one end for each generation ---
def find_wrong_endings(story: Story) -> Iterator[str]:
    """Exactly one terminal event for each ended generation, and the row agrees with the last event."""
    task = story.task
    ends = Counter(event.generation for event in story.events if event.event_type in TERMINAL_EVENTS)
    for generation in range(1, max([task.generation, *ends]) + 1):
        is_over = generation < task.generation or (generation == task.generation and task.is_terminal)
        if ends[generation] != int(is_over):
            yield f"generation {generation} has {ends[generation]} terminal events where {int(is_over)} is right"
    told = [event for event in story.events if event.event_type != EventType.PROGRESS]
    if not told:
        yield "it has no event at all"
    elif STATUS_AFTER[told[-1].event_type] != task.status:
        yield f"the row says {task.status}, the last event {told[-1].event_type}"
    elif told[-1].generation != task.generation:
        yield f"the row says generation {task.generation}, the last event {told[-1].generation}"


# --- I3: one result for each generation, with whole bytes ---
def find_wrong_results(story: Story) -> Iterator[str]:
    """At most one result for each generation, and the stored bytes are those that were made."""
    results = Counter(attempt.generation for attempt in story.attempts if attempt.outcome == Outcome.COMPLETED)
    for generation, count in results.items():
        if count > 1:
            yield f"generation {generation} has {count} completed attempts"
    if story.task.status == Status.COMPLETED:
        if not story.task.has_result:
            yield "it is completed without a result"
        if story.files is not None:
            yield from _find_damaged_outputs(story.task, story.files)


def _find_damaged_outputs(task: TaskFact, files: Sequence[FileFact]) -> Iterator[str]:
    stored = {file.name: file.sha256 for file in files if file.fence == task.fence}
    for output in task.outputs:
        if stored.get(output.name) is None:
            yield f"the output {output.name} is not stored"
        elif stored[output.name] != output.sha256:
            yield f"the output {output.name} does not hold the bytes that were made: {stored[output.name]}"


# --- I4: only outputs of completed tasks are reachable ---
def find_early_outputs(story: Story) -> Iterator[str]:
    """What no completed row refers to is given to nobody."""
    task = story.task
    if task.status != Status.COMPLETED and (task.has_result or task.outputs):
        yield f"it is {task.status}, yet its row holds a result"
    completions = sum(event.event_type == EventType.COMPLETED for event in story.events)
    # After a retry the row no longer says what the earlier generation's outputs were.
    is_comparable = task.status == Status.COMPLETED and completions == 1
    known = {(output.name, output.sha256) for output in task.outputs}
    for download in story.downloads:
        if completions == 0:
            yield f"{download.name} was given to a client, yet the task never completed"
        elif is_comparable and (download.name, download.sha256) not in known:
            yield f"a client was given {download.name} with other bytes than the row says: {download.sha256}"


# --- I5: progress only rises ---
def find_wrong_progress(story: Story) -> Iterator[str]:
    """Progress never falls within an attempt, and 100 is reached with the completion alone."""
    completed = {attempt.number for attempt in story.attempts if attempt.outcome == Outcome.COMPLETED}
    highest: dict[int, int] = defaultdict(int)
    for entry in story.progress:
        if entry.progress < highest[entry.attempt]:
            yield f"progress of attempt {entry.attempt} fell from {highest[entry.attempt]} to {entry.progress}"
        if entry.progress == 100 and entry.attempt not in completed:
            yield f"attempt {entry.attempt} reached 100 without completing"
        highest[entry.attempt] = max(highest[entry.attempt], entry.progress)
    if story.task.progress == 100 and story.task.status != Status.COMPLETED:
        yield f"it is {story.task.status} at 100"
    yield from find_progress_falls(story)


# --- I6: attempts are counted, and as many as allowed ---
def find_wrong_attempts(story: Story) -> Iterator[str]:
    """Attempts have no gaps, one is open exactly while the task is processing, and errors end within the limit."""
    task = story.task
    numbers = [attempt.number for attempt in story.attempts]
    if numbers != list(range(1, task.attempt + 1)):
        yield f"the row counts {task.attempt} attempts, there are {numbers}"
    open_ones = [attempt.number for attempt in story.attempts if attempt.ended_at is None]
    if open_ones != ([task.attempt] if task.status == Status.PROCESSING else []):
        yield f"it is {task.status} with these attempts open: {open_ones}"
    failures = Counter(
        attempt.generation
        for attempt in story.attempts
        if attempt.outcome in {Outcome.FAILED, Outcome.DEFERRED} and attempt.error_code not in UNCOUNTED_CODES
    )
    for generation, count in failures.items():
        if count > 1 + task.max_retries:
            yield f"{count} attempts of generation {generation} ended in errors; {1 + task.max_retries} are allowed"


# --- I7: events are only added, each where a move allows it ---
STATUS_AFTER: Final = {EventType.CREATED.value: Status.PENDING} | {move.event.value: move.target for move in MOVES}


def find_wrong_events(story: Story) -> Iterator[str]:
    """The events follow the moves; after a terminal one comes nothing but a person's retry; none is ever changed."""
    now = {event.id: event for event in story.events}
    for event in story.earlier_events:
        is_pruned = event.id not in now and event.is_prunable and event.generation <= story.pruned_to
        if now.get(event.id) != event and not is_pruned:
            yield f"the event {event.id} ({event.event_type}) was changed or taken away"
    status: str | None = None
    generation = 1
    for event in story.events:
        if not _is_possible(story, event, status):
            yield f"the event {event.id} says {event.event_type} of a task that was {status or 'not created yet'}"
        if status is not None and _is_opening(event.event_type, event.is_automatic):
            generation += 1
        if event.generation != generation:
            yield f"the event {event.id} is of generation {event.generation} where {generation} is right"
            generation = event.generation
        status = STATUS_AFTER.get(event.event_type, status)


def _is_possible(story: Story, event: EventFact, status: str | None) -> bool:
    """Tell whether an event may follow; where those before it may be pruned, its attempt must be there instead."""
    sources = _sources(event.event_type, is_automatic=event.is_automatic)
    if status in sources:
        return True
    if event.generation > story.pruned_to or status not in ACTIVE or not sources & ACTIVE:
        return False
    begun = {(attempt.generation, attempt.number) for attempt in story.attempts}
    return Status.PENDING in sources or (event.generation, event.attempt) in begun


def _sources(event_type: str, *, is_automatic: bool) -> frozenset[str | None]:
    """Return the statuses in which an event may happen; None stands for before the creation."""
    if event_type == EventType.CREATED:
        return frozenset({None})
    if event_type == EventType.PROGRESS:
        return frozenset({Status.PROCESSING.value})
    moves = [move for move in MOVES if move.event == event_type]
    if event_type == EventType.RETRIED:
        moves = [move for move in moves if (move.who != "person") == is_automatic]
    return frozenset(source.value for move in moves for source in move.sources)


# --- I8: what was told stays true ---
def find_broken_words(story: Story) -> Iterator[str]:
    """A client that was told of an end sees no other status without a retry of its own."""
    told = Counter(event.event_type for event in story.events)
    for status in {sight.status for sight in story.observations if sight.status in TERMINAL}:
        if told[str(status)] == 0:
            yield f"a client was told {status}, no event says so"
    yield from find_changed_endings(story)


# --- I9: no process outlives its attempt ---
def find_left_processes(story: Story) -> Iterator[str]:
    """Within three seconds of an attempt's end none of its processes lives."""
    ended_at = {attempt.number: attempt.ended_at for attempt in story.attempts}
    for process in story.processes:
        ends = [at for at in (ended_at.get(process.attempt), process.worker_died_at) if at is not None]
        over_seconds = (process.seen_at - min(ends)).total_seconds() if ends else 0.0
        if over_seconds > PROCESS_SECONDS:
            yield f"process {process.pid} lived {over_seconds:.1f} s after the end of attempt {process.attempt}"


# --- I10: fences grow ---
def find_wrong_fences(story: Story) -> Iterator[str]:
    """Every start has an attempt with a higher fence than the one before, and the row holds the last."""
    by_number = {attempt.number: attempt for attempt in story.attempts}
    fence = 0
    for number, generation in _list_starts(story):
        attempt = by_number.get(number)
        if attempt is None or attempt.generation != generation:
            yield f"an event started attempt {number} of generation {generation}, of which there is no record"
        elif attempt.fence <= fence:
            yield f"attempt {attempt.number} has fence {attempt.fence} after {fence}"
        fence = max(fence, attempt.fence if attempt else 0)
    if story.task.fence != fence:
        yield f"the row holds fence {story.task.fence}, the last start {fence}"


def _list_starts(story: Story) -> list[tuple[int, int]]:
    """Return number and generation of each start: as the events tell, and where they are gone the attempts."""
    told = [(event.attempt, event.generation) for event in story.events if event.event_type == EventType.STARTED]
    known = {number for number, _ in told}
    pruned = [
        (attempt.number, attempt.generation)
        for attempt in story.attempts
        if attempt.generation <= story.pruned_to and attempt.number not in known
    ]
    return sorted([*pruned, *told]) if pruned else told


INVARIANTS: Final[dict[str, Callable[[Story], Iterable[str]]]] = {
    "I1": find_unended,
    "I2": find_wrong_endings,
    "I3": find_wrong_results,
    "I4": find_early_outputs,
    "I5": find_wrong_progress,
    "I6": find_wrong_attempts,
    "I7": find_wrong_events,
    "I8": find_broken_words,
    "I9": find_left_processes,
    "I10": find_wrong_fences,
}


def check(history: History) -> list[Violation]:
    """Return every violation of an invariant; none means that the history is sound."""
    rows = {task.id for task in history.tasks}
    seen = dict.fromkeys(sight.task_id for sight in history.observations if sight.status is not None)
    violations = [
        Violation(invariant="I1", task_id=task_id, message="a client was told of it, and there is no row")
        for task_id in seen
        if task_id not in rows
    ]
    for story in tell_stories(history):
        for invariant, find in INVARIANTS.items():
            violations += [
                Violation(invariant=invariant, task_id=story.task.id, message=message) for message in find(story)
            ]
    return violations
