"""`manage.py verify_history`: whether the tables and the files keep the ten invariants."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from filemill.tasks.history import Violation, check, collect
from filemill.tasks.models import TaskLog

BATCH_TASKS = 500
"""Tasks looked at together: their events and attempts fit in a few megabytes."""


@dataclass(kw_only=True)
class Verdict:
    """What was looked at, and how much of it was wrong."""

    tasks: int = 0
    violations: int = 0


class Command(BaseCommand):
    """Prints every violation; the exit status is 1 when there is one."""

    help = "Check rows, events and attempts (with --files the stored outputs too) against the ten invariants."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", type=parse_time, help="only tasks created since (2026-01-31 or a whole time)")
        parser.add_argument("--user", help="only tasks of this user")
        parser.add_argument("--files", action="store_true", help="read every stored output and compare its SHA-256")
        parser.add_argument("--json", action="store_true", help="print one JSON object per line, the verdict last")

    def handle(self, *args: object, **options: object) -> None:
        since, username = options["since"], options["user"]
        chosen = choose_tasks(since if isinstance(since, datetime) else None, str(username) if username else None)
        verdict = Verdict()
        for batch in split_by_key(chosen):
            violations = check(collect(batch, with_files=bool(options["files"])))
            verdict.tasks += len(batch)
            verdict.violations += len(violations)
            for violation in violations:
                self.stdout.write(describe(violation) if options["json"] else str(violation))
        if options["json"]:
            self.stdout.write(json.dumps({"tasks": verdict.tasks, "violations": verdict.violations}))
        summary = f"Tasks looked at: {verdict.tasks}; violations: {verdict.violations}."
        if verdict.violations:
            raise CommandError(summary, returncode=1)
        if not options["json"]:
            self.stdout.write(summary)


def parse_time(text: str) -> datetime:
    """Read a day or a time of ISO 8601; without an offset it is UTC."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no date or time of ISO 8601, such as 2026-01-31.") from error
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


def choose_tasks(since: datetime | None, username: str | None) -> QuerySet[TaskLog]:
    chosen = TaskLog.objects.all()
    if since is not None:
        chosen = chosen.filter(created_at__gte=since)
    if username is not None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user {username!r}.")
        chosen = chosen.filter(user=user)
    return chosen


def split_by_key(tasks: QuerySet[TaskLog], *, size: int = BATCH_TASKS) -> Iterator[list[UUID]]:
    """Yield the ids in batches by key: no cursor and no snapshot stays open while millions of rows are read."""
    last: UUID | None = None
    while True:
        rest = tasks if last is None else tasks.filter(pk__gt=last)
        batch = list(rest.order_by("pk").values_list("pk", flat=True)[:size])
        if not batch:
            return
        yield batch
        last = batch[-1]


def describe(violation: Violation) -> str:
    return json.dumps(
        {"invariant": violation.invariant, "task_id": str(violation.task_id), "message": violation.message}
    )
