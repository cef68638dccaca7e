"""When a task may and must be worked on, as a request says it: its priority, its earliest and its latest start."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.utils import timezone

from filemill.tasks.drafts import Asked
from filemill.tasks.models import MOST_URGENT
from filemill.tasks.refusals import Problem, Refused
from filemill.tasks.wishes import collect

MOST_DAYS_AHEAD: Final = 366
_PRIORITY_VALID: Final = f"a whole number from {-MOST_URGENT} to {MOST_URGENT}; higher ones go first"
_TIME_VALID: Final = (
    f"a time with its zone, up to {MOST_DAYS_AHEAD} days ahead, such as 2026-01-31T22:00:00Z or "
    "2026-01-31T23:00:00+01:00"
)


@dataclass(frozen=True, kw_only=True)
class Timing:
    """When a task may and must be worked on, checked."""

    priority: int = 0
    run_at: datetime | None = None
    expires_at: datetime | None = None


def check_timing(asked: Asked) -> Timing:
    """Return what a request says of the time; raise Refused naming every field at fault."""
    now = timezone.now()
    problems: list[Problem] = []
    priority = collect(problems, lambda: _check_priority(asked.priority)) or 0
    run_at = collect(problems, lambda: _check_time("run_at", asked.run_at, now))
    expires_at = collect(problems, lambda: _check_time("expires_at", asked.expires_at, now))
    if expires_at is not None and expires_at <= max(now, run_at or now):
        first = "run_at" if run_at is not None and run_at > now else "now"
        problems.append(_wrong("expires_at", f"a time after {first}, so that there is time to start"))
    if problems:
        raise Refused(problems)
    return Timing(priority=priority, run_at=run_at, expires_at=expires_at)


def _check_priority(given: object) -> int:
    if given is None:
        return 0
    if isinstance(given, int) and not isinstance(given, bool) and abs(given) <= MOST_URGENT:
        return given
    raise Refused([_wrong("priority", _PRIORITY_VALID)])


def _check_time(field: str, given: object, now: datetime) -> datetime | None:
    if given is None:
        return None
    found = _read_time(given)
    if found is None or found > now + timedelta(days=MOST_DAYS_AHEAD):
        raise Refused([_wrong(field, _TIME_VALID)])
    return found


def _read_time(given: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(given) if isinstance(given, str) else None
        return found.astimezone(UTC) if found is not None and found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _wrong(field: str, valid: str) -> Problem:
    return Problem(field=field, code="invalid_value", message=f"{field} must be {valid}.", valid=valid)
