"""The checker itself: a clean history passes, and for each invariant a history that breaks exactly it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from uuid import UUID

import pytest

from filemill.tasks.history import (
    INVARIANTS,
    AttemptFact,
    DownloadFact,
    EventFact,
    FileFact,
    History,
    Kind,
    Observation,
    OutputFact,
    ProcessFact,
    ProgressFact,
    TaskFact,
    Violation,
    check,
)

TASK = UUID("01890000-0000-7000-8000-000000000001")
OTHER = UUID("01890000-0000-7000-8000-000000000002")
BEGAN_AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
SHA = "a" * 64
STORY = "created started progress retried! started failed retried started completed"
"""A task that lost a worker, then failed, was retried by a person and completed."""

Break = Callable[[History], History]


def at(seconds: float) -> datetime:
    return BEGAN_AT + timedelta(seconds=seconds)


def tell(story: str, *, task_id: UUID = TASK) -> list[EventFact]:
    """Write events from words; `!` marks an automatic retry."""
    events, generation, attempt = [], 1, 0
    for number, word in enumerate(story.split()):
        event_type, is_automatic = word.rstrip("!"), word.endswith("!")
        generation += event_type == "retried" and not is_automatic
        attempt += event_type == "started"
        events.append(
            EventFact(
                id=number,
                task_id=task_id,
                event_type=event_type,
                generation=generation,
                attempt=attempt,
                at=at(number),
                is_automatic=is_automatic,
            )
        )
    return events


def attempt(number: int, *, generation: int, outcome: str, error_code: str = "", started: float) -> AttemptFact:
    return AttemptFact(
        task_id=TASK,
        number=number,
        generation=generation,
        fence=number,
        outcome=outcome,
        error_code=error_code,
        started_at=at(started),
        ended_at=at(started + 1) if outcome else None,
    )


def see(kind: Kind, status: str | None, *, asked: float, progress: int | None = None) -> Observation:
    return Observation(
        task_id=TASK, kind=kind, status=status, progress=progress, asked_at=at(asked), at=at(asked + 0.1)
    )


def clean() -> History:
    events = tell(STORY)
    return History(
        read_at=at(20),
        settle_seconds=60,
        tasks=[
            TaskFact(
                id=TASK,
                status="completed",
                generation=2,
                attempt=3,
                fence=3,
                failures=0,
                max_retries=1,
                progress=100,
                created_at=at(0),
                deadline_at=at(10),
                has_result=True,
                outputs=(OutputFact(name="photo.webp", sha256=SHA),),
            )
        ],
        events=events,
        attempts=[
            attempt(1, generation=1, outcome="lost", error_code="worker_lost", started=1),
            attempt(2, generation=1, outcome="failed", error_code="corrupt_file", started=4),
            attempt(3, generation=2, outcome="completed", started=7),
        ],
        progress=[
            ProgressFact(id=number, task_id=TASK, attempt=attempt_number, progress=progress)
            for number, (attempt_number, progress) in enumerate([(1, 30), (1, 30), (1, 70), (3, 40), (3, 100)])
        ],
        files=[FileFact(task_id=TASK, fence=3, name="photo.webp", sha256=SHA)],
        observations=[
            see(Kind.CREATE, "pending", asked=0, progress=0),
            see(Kind.READ, "processing", asked=2, progress=70),
            see(Kind.READ, "processing", asked=4, progress=0),
            see(Kind.READ, "failed", asked=5, progress=0),
            see(Kind.RETRY, "retrying", asked=6),
            see(Kind.READ, "completed", asked=9, progress=100),
            see(Kind.CREATE, "pending", asked=10, progress=0),  # the same Idempotency-Key again
        ],
        downloads=[DownloadFact(task_id=TASK, name="photo.webp", sha256=SHA)],
        processes=[ProcessFact(task_id=TASK, attempt=2, pid=42, seen_at=at(6))],
        earlier_events=events[:4],
    )


def with_task(**changes: object) -> Break:
    return lambda history: replace(history, tasks=[replace(history.tasks[0], **changes)])  # type: ignore[arg-type]


def with_events(events: Sequence[EventFact]) -> Break:
    return lambda history: replace(history, events=events, earlier_events=[])


def with_attempt(number: int, **changes: object) -> Break:
    def change(history: History) -> History:
        changed = [
            replace(item, **changes) if item.number == number else item  # type: ignore[arg-type]
            for item in history.attempts
        ]
        return replace(history, attempts=changed)

    return change


def with_sights(*sights: Observation) -> Break:
    return lambda history: replace(history, observations=[*history.observations, *sights])


def with_progress(attempt_number: int, progress: int) -> Break:
    def change(history: History) -> History:
        more = ProgressFact(id=99, task_id=TASK, attempt=attempt_number, progress=progress)
        return replace(history, progress=[*history.progress, more])

    return change


def with_file(*, sha256: str | None = SHA, fence: int = 3) -> Break:
    stored = FileFact(task_id=TASK, fence=fence, name="photo.webp", sha256=sha256)
    return lambda history: replace(history, files=[stored])


def unended(status: str, **changes: object) -> Break:
    """Make it a young task that is still open."""

    def change(history: History) -> History:
        words = {"pending": "created", "processing": "created started"}[status]
        is_open = status == "processing"
        task = TaskFact(
            id=TASK,
            status=status,
            generation=1,
            attempt=int(is_open),
            fence=int(is_open),
            failures=0,
            max_retries=3,
            progress=0,
            created_at=at(0),
        )
        opened = [attempt(1, generation=1, outcome="", started=1)] if is_open else []
        return History(
            read_at=history.read_at,
            tasks=[replace(task, **changes)],  # type: ignore[arg-type]
            events=tell(words),
            attempts=opened,
        )

    return change


def cancelled_in_generation_two(history: History) -> History:
    """Make the second generation end by a cancel, with nothing left of its result."""
    row = replace(history.tasks[0], status="cancelled", progress=40, has_result=False, outputs=())
    events = tell(STORY.replace("completed", "cancelled"))
    ended = with_attempt(3, outcome="cancelled")(history).attempts
    seen = [sight for sight in history.observations if sight.status != "completed"]
    kept = [entry for entry in history.progress if entry.progress < 100]
    return replace(
        history, tasks=[row], events=events, attempts=ended, progress=kept, observations=seen, files=[], downloads=[]
    )


def both(*breaks: Break) -> Break:
    def change(history: History) -> History:
        for each in breaks:
            history = each(history)
        return history

    return change


def of_first_generation(history: History) -> History:
    """Make it the plain story of a task that completed at once."""
    row = replace(history.tasks[0], generation=1, attempt=1, fence=1)
    return History(
        read_at=history.read_at,
        tasks=[row],
        events=tell("created started completed"),
        attempts=[attempt(1, generation=1, outcome="completed", started=1)],
        files=[FileFact(task_id=TASK, fence=1, name="photo.webp", sha256=SHA)],
    )


BROKEN: list[tuple[str, str, Break]] = [
    ("I1", "a created task has no row", with_sights(replace(see(Kind.CREATE, "pending", asked=0), task_id=OTHER))),
    ("I1", "pending past its deadline", unended("pending", deadline_at=at(-61))),
    ("I1", "processing past its lease", unended("processing", lease_until=at(-61))),
    ("I1", "open past the bound", both(unended("processing"), lambda history: replace(history, settle_seconds=20))),
    ("I2", "the row and the last event disagree", both(unended("pending"), with_task(status="failed"))),
    ("I2", "no event at all", both(unended("pending"), with_events([]))),
    ("I2", "the row is of a later generation", both(unended("pending"), with_task(generation=2))),
    (
        "I3",
        "two results in a generation",
        both(with_attempt(1, outcome="completed"), with_attempt(2, outcome="completed")),
    ),
    ("I3", "completed without a result", with_task(has_result=False)),
    ("I3", "other bytes than were made", with_file(sha256="b" * 64)),
    ("I3", "an output is missing", with_file(sha256=None)),
    ("I3", "only an older attempt's file is there", with_file(fence=2)),
    ("I4", "a result without completion", both(cancelled_in_generation_two, with_task(has_result=True))),
    (
        "I4",
        "an output of a task that never completed",
        both(
            unended("pending"),
            lambda history: replace(history, downloads=[DownloadFact(task_id=TASK, name="photo.webp", sha256=SHA)]),
        ),
    ),
    (
        "I4",
        "a client got half a file",
        lambda history: replace(history, downloads=[DownloadFact(task_id=TASK, name="photo.webp", sha256="c" * 64)]),
    ),
    ("I5", "progress fell within an attempt", with_progress(1, 69)),
    ("I5", "100 without completion", with_progress(2, 100)),
    ("I5", "the row says 100 too early", both(unended("processing"), with_task(progress=100))),
    ("I5", "a client saw 100 too early", with_sights(see(Kind.READ, "processing", asked=3, progress=100))),
    (
        "I5",
        "clients saw more falls than beginnings",
        with_sights(
            *(see(Kind.READ, "processing", asked=2.2 + number / 5, progress=80 - number) for number in range(4))
        ),
    ),
    ("I6", "an attempt without a record", both(unended("pending"), with_task(attempt=1))),
    ("I6", "an attempt still open after the end", with_attempt(3, ended_at=None)),
    ("I6", "no attempt open while processing", both(unended("processing"), with_attempt(1, ended_at=at(2)))),
    (
        "I6",
        "more failures than allowed",
        both(with_task(max_retries=0), with_attempt(1, outcome="deferred", error_code="disk_full")),
    ),
    (
        "I7",
        "an event was changed",
        lambda history: replace(history, earlier_events=[replace(history.events[0], at=at(-1))]),
    ),
    (
        "I7",
        "an event was taken away",
        lambda history: replace(history, earlier_events=[replace(history.events[0], id=77)]),
    ),
    ("I7", "created twice", both(unended("pending"), with_events(tell("created created")))),
    (
        "I7",
        "an event after the end",
        with_events([*tell(STORY), replace(tell(STORY)[2], id=50, generation=2, attempt=3)]),
    ),
    ("I7", "rescued while pending", both(unended("pending"), with_events(tell("created retried!")))),
    (
        "I7",
        "an event of a wrong generation",
        with_events([replace(event, generation=2) if event.id == 2 else event for event in tell(STORY)]),
    ),
    (
        "I8",
        "completed was taken back",
        with_sights(
            see(Kind.READ, "processing", asked=9.2, progress=0), see(Kind.READ, "completed", asked=9.4, progress=100)
        ),
    ),
    (
        "I8",
        "a cancel was forgotten",
        both(
            cancelled_in_generation_two,
            with_sights(see(Kind.CANCEL, "cancelled", asked=8), see(Kind.READ, "failed", asked=9)),
        ),
    ),
    (
        "I8",
        "told of an end that no event knows",
        both(unended("pending"), with_sights(see(Kind.READ, "failed", asked=9))),
    ),
    (
        "I9",
        "a process outlived its attempt",
        lambda history: replace(history, processes=[replace(history.processes[0], seen_at=at(8.1))]),
    ),
    (
        "I9",
        "a process outlived its worker",
        lambda history: replace(
            history, processes=[replace(history.processes[0], seen_at=at(4.6), worker_died_at=at(1.5))]
        ),
    ),
    ("I10", "a fence twice", with_attempt(2, fence=1)),
    ("I10", "the row's fence fell", both(unended("processing"), with_task(fence=0))),
    ("I10", "a start without an attempt of its generation", with_attempt(3, generation=1)),
]


def broken_rules(history: History) -> set[str]:
    return {violation.invariant for violation in check(history)}


def test_a_clean_history_breaks_nothing() -> None:
    assert check(clean()) == []


@pytest.mark.parametrize(
    "make", [unended("pending"), unended("processing"), cancelled_in_generation_two, of_first_generation]
)
def test_other_clean_histories_break_nothing(make: Break) -> None:
    assert check(make(clean())) == []


@pytest.mark.parametrize(
    ("invariant", "change"), [(rule, change) for rule, _, change in BROKEN], ids=[what for _, what, _ in BROKEN]
)
def test_a_broken_history_breaks_exactly_its_invariant(invariant: str, change: Break) -> None:
    assert broken_rules(change(clean())) == {invariant}


def test_two_ends_in_a_generation_also_break_the_order_of_events() -> None:
    plain = of_first_generation(clean())
    ended_before = replace(plain, events=tell("created cancelled started completed"))
    # The first end lies before the start, so that attempts and fences are in order.

    assert broken_rules(ended_before) == {"I2", "I7"}


def test_each_invariant_has_a_history_that_breaks_it() -> None:
    assert {rule for rule, _, _ in BROKEN} == set(INVARIANTS)


def test_a_violation_names_its_rule_and_its_task() -> None:
    history = unended("pending", deadline_at=at(-61))(clean())

    assert check(history) == [
        Violation(invariant="I1", task_id=TASK, message=f"still pending although its deadline was {at(-61)}")
    ]
    assert str(check(history)[0]).startswith(f"I1 {TASK}: still pending")


# --- events that were pruned ---
BETWEEN = [event.id for event in tell(STORY) if event.is_prunable]
LATER = at(15)
"""After the end of both generations; the first one ended at 5, the second at 8."""


def pruned(*gone: int, until: datetime = LATER) -> Break:
    """Take events away by their numbers in the story, as pruning them up to a time would."""

    def change(history: History) -> History:
        left = [event for event in history.events if event.id not in gone]
        return replace(history, events=left, events_pruned_until=until)

    return change


def test_what_lies_between_is_told_apart_from_begins_and_ends() -> None:
    assert [STORY.split()[number] for number in BETWEEN] == ["started", "progress", "retried!", "started", "started"]


@pytest.mark.parametrize("count", range(len(BETWEEN) + 1))
def test_any_of_the_events_between_may_have_been_pruned(count: int) -> None:
    for gone in combinations(BETWEEN, count):
        assert check(pruned(*gone)(clean())) == [], gone


def test_a_cancelled_task_and_a_plain_one_may_have_been_pruned() -> None:
    assert check(pruned(*BETWEEN)(cancelled_in_generation_two(clean()))) == []
    assert check(pruned(1)(of_first_generation(clean()))) == []


def test_a_generation_that_ended_since_must_be_whole() -> None:
    until = at(6.5)

    assert check(pruned(*BETWEEN[:-1], until=until)(clean())) == []
    assert broken_rules(pruned(*BETWEEN, until=until)(clean())) == {"I7", "I10"}


@pytest.mark.parametrize(("gone", "rules"), [(1, {"I7"}), (3, {"I7"}), (7, {"I7", "I10"})])
def test_before_its_generation_ended_long_ago_no_such_event_may_be_missing(gone: int, rules: set[str]) -> None:
    left = replace(with_events([event for event in tell(STORY) if event.id != gone])(clean()), observations=[])

    assert broken_rules(left) == rules
    assert broken_rules(replace(left, events_pruned_until=at(4.5))) == rules


@pytest.mark.parametrize(
    ("what", "rules"),
    [("created", {"I7"}), ("failed", {"I2", "I7"}), ("retried", {"I7"}), ("completed", {"I2", "I4", "I8"})],
)
def test_how_a_generation_began_and_ended_is_never_pruned(what: str, rules: set[str]) -> None:
    gone = STORY.split().index(what)
    history = replace(pruned(*BETWEEN, gone)(clean()), earlier_events=[])

    assert broken_rules(history) >= rules


@pytest.mark.parametrize(
    ("rules", "change"),
    [
        ({"I10"}, with_attempt(2, fence=1)),
        ({"I10"}, both(with_task(fence=2), with_file(fence=2))),
        ({"I6", "I7", "I10"}, lambda history: replace(history, attempts=history.attempts[:2], progress=[])),
        ({"I7"}, lambda history: replace(history, earlier_events=[replace(history.events[0], at=at(-1))])),
        (
            {"I5"},
            with_sights(
                *(see(Kind.READ, "processing", asked=2.2 + number / 5, progress=80 - number) for number in range(4))
            ),
        ),
    ],
    ids=["a fence twice", "another fence in the row", "no attempt", "a changed event", "too many falls"],
)
def test_what_is_left_of_a_pruned_history_is_still_judged(rules: set[str], change: Break) -> None:
    assert broken_rules(both(change, pruned(*BETWEEN))(clean())) == rules


# --- what is allowed ---
def test_overlapping_reads_may_answer_out_of_order() -> None:
    slow = Observation(task_id=TASK, kind=Kind.READ, status="processing", progress=10, asked_at=at(2.05), at=at(9.9))

    assert check(with_sights(slow)(clean())) == []


def test_a_retry_whose_answer_was_lost_explains_a_change() -> None:
    def lose_answer(history: History) -> History:
        sights = [replace(sight, status=None) if sight.kind is Kind.RETRY else sight for sight in history.observations]
        return replace(history, observations=sights)

    assert check(lose_answer(clean())) == []


def test_a_change_without_any_retry_is_a_violation() -> None:
    def forget_retry(history: History) -> History:
        return replace(history, observations=[sight for sight in history.observations if sight.kind != Kind.RETRY])

    assert broken_rules(forget_retry(clean())) == {"I8"}


def test_a_create_without_an_answer_needs_no_row() -> None:
    unanswered = replace(see(Kind.CREATE, None, asked=0), task_id=OTHER)

    assert check(with_sights(unanswered)(clean())) == []


def test_an_attempt_handed_back_by_a_stopping_worker_uses_up_no_retry() -> None:
    handed_back = with_attempt(1, outcome="deferred", error_code="worker_stopped")

    assert check(both(with_task(max_retries=0), handed_back)(clean())) == []


def test_outputs_are_not_judged_when_the_storage_was_not_looked_at() -> None:
    assert check(replace(clean(), files=None)) == []


def test_each_task_is_judged_by_its_own_facts() -> None:
    one = clean()
    other = unended("pending", id=OTHER)(clean())
    together = replace(
        one,
        settle_seconds=None,
        tasks=[*one.tasks, *other.tasks],
        events=[*one.events, *tell("created", task_id=OTHER)],
    )

    assert check(together) == []
