"""Which tasks the list shows: filtered, newest first, a page at a time, paged by key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import F

from filemill.tasks.models import REQUESTED, TaskLog
from filemill.tasks.querysets import TaskQuerySet
from filemill.tasks.statuses import ACTIVE, Status

PAGE_SIZE = 25
MAX_SEARCH_LENGTH = 200


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What the reader has narrowed the list to."""

    status: str = ""
    search: str = ""

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Self:
        """Read the filters of an address; a status that does not exist is no filter."""
        status = query.get("status", "")
        search = query.get("search", "").replace("\0", "").strip()[:MAX_SEARCH_LENGTH]
        return cls(status=status if status in Status.values else "", search=search)

    def query(self, **more: str) -> str:
        """Write the filters, and more, as an address's query; empty ones are left out."""
        values = {"status": self.status, "search": self.search, **more}
        return urlencode({name: value for name, value in values.items() if value})

    def __bool__(self) -> bool:
        return bool(self.status or self.search)


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of the list; `newer` and `older` are the tasks to page on from, None where there is nothing more."""

    tasks: list[TaskLog]
    newer: TaskLog | None = None
    older: TaskLog | None = None

    @property
    def active(self) -> list[TaskLog]:
        return [task for task in self.tasks if task.status in ACTIVE]


def rows(user: User) -> TaskQuerySet:
    """Return the user's tasks with what a row shows and nothing heavier: results can be long."""
    tasks = TaskLog.objects.visible_to(user).defer("result", *REQUESTED)
    return tasks.annotate(made=F("result__outputs"))


def read_page(user: User, filters: Filters, *, before: str = "", after: str = "") -> Page:
    """Read the page that ends or begins at a task; without one, or when it is gone, the newest."""
    tasks = _narrow(rows(user), filters)
    if anchor := _find_anchor(user, before):
        found = list(_older_than(tasks, anchor).newest_first()[: PAGE_SIZE + 1])
        return Page(tasks=found[:PAGE_SIZE], newer=found[0] if found else anchor, older=_last_of_more(found))
    if anchor := _find_anchor(user, after):
        found = list(_newer_than(tasks, anchor).order_by("created_at", "id")[: PAGE_SIZE + 1])
        if len(found) > PAGE_SIZE:
            shown = found[:PAGE_SIZE][::-1]
            return Page(tasks=shown, newer=shown[0], older=shown[-1])
    found = list(tasks.newest_first()[: PAGE_SIZE + 1])
    return Page(tasks=found[:PAGE_SIZE], older=_last_of_more(found))


def has_newer(user: User, filters: Filters, *, newest: str) -> bool:
    """Tell whether the list would begin with another task by now."""
    tasks = _narrow(TaskLog.objects.visible_to(user), filters)
    anchor = _find_anchor(user, newest)
    return (_newer_than(tasks, anchor) if anchor else tasks).exists()


def parse_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _narrow(tasks: TaskQuerySet, filters: Filters) -> TaskQuerySet:
    if filters.status:
        tasks = tasks.filter(status=filters.status)
    return tasks.named_like(filters.search) if filters.search else tasks


def _last_of_more(found: list[TaskLog]) -> TaskLog | None:
    return found[PAGE_SIZE - 1] if len(found) > PAGE_SIZE else None


def _find_anchor(user: User, text: str) -> TaskLog | None:
    task_id = parse_uuid(text)
    if task_id is None:
        return None
    return TaskLog.objects.visible_to(user).filter(pk=task_id).only("id", "created_at").first()


def _older_than(tasks: TaskQuerySet, anchor: TaskLog) -> TaskQuerySet:
    # The range lets the index be used; what shares the anchor's moment is told apart by id.
    older = tasks.filter(created_at__lte=anchor.created_at)
    return older.exclude(created_at=anchor.created_at, id__gte=anchor.pk)


def _newer_than(tasks: TaskQuerySet, anchor: TaskLog) -> TaskQuerySet:
    newer = tasks.filter(created_at__gte=anchor.created_at)
    return newer.exclude(created_at=anchor.created_at, id__lte=anchor.pk)
