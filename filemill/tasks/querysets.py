"""Named reads of tasks."""

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan

from filemill.tasks.statuses import ACTIVE, Status

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from filemill.tasks import models


UTC = ZoneInfo("UTC")


def _write_out(value: UUID | int | datetime) -> RawSQL:
    """Let a value stand in the statement itself, where a prepared statement is planned for it; never a text."""
    return RawSQL(f"'{value}'", ())  # noqa: S611  none of these types can end the literal


class TaskQuerySet(QuerySet["models.TaskLog"]):
    """Tasks, narrowed by who may see them and by what a client asks for."""

    def visible_to(self, user: "AbstractBaseUser", *, everyone: bool = False) -> Self:
        """Return the user's own tasks; all of them for staff who ask for everyone's."""
        if everyone and getattr(user, "is_staff", False):
            return self.of_everyone()
        return self.filter(user_id=user.pk)

    def of_everyone(self) -> Self:
        """Say what is true of every task, by which the planner finds the index of everyone's newest tasks."""
        # Written out: of a parameter the planner would not know that it fits the index.
        return self.filter(max_retries__gte=_write_out(0))

    def reachable_by(self, user: "AbstractBaseUser") -> Self:
        """Return the tasks whose pages a user may open: their own, and for staff everyone's."""
        return self.visible_to(user, everyone=True)

    def created_between(self, first: date | None, last: date | None) -> Self:
        """Narrow to tasks created from the first day to the last, both whole days in UTC."""
        days = self
        if first is not None:
            days = days.filter(created_at__gte=datetime.combine(first, time(), UTC))
        if last is not None:
            days = days.filter(created_at__lt=datetime.combine(last, time(), UTC) + timedelta(days=1))
        return days

    def named_like(self, text: str) -> Self:
        return self.filter(file_name__icontains=text)

    def tagged(self, tag: str) -> Self:
        return self.filter(tags__contains=[tag])

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-id")

    def of_batch(self, batch: "models.Batch", status: Status | None = None) -> Self:
        """Return a batch's tasks in the order of the request; those of a final status in the order in which they ended.

        Each order is that of an index: a page of a long batch reads no more than it shows.
        """
        if status is None:
            # The user and the time lead to an index in which the tasks of a batch lie together. Written out, for as
            # parameters they are planned for an average batch, and all of a long one is read and sorted for each page.
            mine = self.filter(
                batch_id=_write_out(batch.pk),
                user_id=_write_out(batch.user_id),
                created_at__gte=_write_out(batch.created_at),
            )
            return mine.order_by("created_at", "id")
        tasks = self.filter(batch=batch, status=status)
        return tasks.order_by("batch_index") if status in ACTIVE else tasks.order_by("finished_at", "id")

    def older_than(self, created_at: datetime, task_id: UUID) -> Self:
        """Narrow to what comes after a task in the order of `newest_first`."""
        # As one comparison of rows, which the index answers: the tasks of a batch share their moment by thousands.
        return self.filter(TupleLessThan(Tuple("created_at", "id"), (created_at, task_id)))


class BatchQuerySet(QuerySet["models.Batch"]):
    """Batches, narrowed by who may see them."""

    def visible_to(self, user: "AbstractBaseUser") -> Self:
        return self.filter(user_id=user.pk)

    def reachable_by(self, user: "AbstractBaseUser") -> Self:
        """Return the batches that a user may open: their own, and for staff everyone's."""
        return self.all() if getattr(user, "is_staff", False) else self.visible_to(user)

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-id")
