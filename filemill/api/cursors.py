"""Pages that go on after a task, called `?cursor=…`: as quick at the end of a list as at its beginning.

A cursor names the last task of a page. What comes in meanwhile comes before it, so no task is seen twice or missed.
"""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, Field
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from filemill.api.pagination import Count, NumberedPages, PageQuery, count_rows
from filemill.api.queries import read_query
from filemill.api.refusing import refuse_field
from filemill.tasks.querysets import TaskQuerySet

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST: Final = 64
_VALID: Final = "what `next_cursor` of a page said"


class CursorQuery(BaseModel):
    """After which task a page begins."""

    cursor: str | None = Field(
        None,
        max_length=_LONGEST,
        description="Where to go on: `next_cursor` of the page before. Takes the place of `page`.",
        json_schema_extra={"x-valid": _VALID},
    )


def write_cursor(created_at: datetime, task_id: UUID) -> str:
    """Return the cursor of a task."""
    moment = (created_at - _EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(moment.to_bytes(8, "big") + task_id.bytes).decode()


def read_cursor(text: str) -> tuple[datetime, UUID]:
    """Return when a cursor's task was created, and its id; raises Refused for what is no cursor.

    It opens nothing: whoever makes one up sees the tasks that they may see, from another place on.
    """
    try:
        packed = base64.b64decode(text, altchars=b"-_", validate=True)
        moment, task_id = int.from_bytes(packed[:8], "big"), UUID(bytes=packed[8:])
        return _EPOCH + timedelta(microseconds=moment), task_id
    except (binascii.Error, ValueError, OverflowError):
        message = "cursor is none of this list: take it from `next_cursor` of a page."
        raise refuse_field("cursor", message, code="invalid_value", valid=_VALID) from None


class TaskPages(NumberedPages):
    """Numbered pages that also tell the cursor to go on from."""

    next_cursor: str | None = None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        rows = super().paginate_queryset(queryset, request, view)
        if self._has_next:
            self.next_cursor = write_cursor(rows[-1]["created_at"], rows[-1]["id"])
        return rows

    def get_paginated_response(self, data: list[Any]) -> Response:
        response = super().get_paginated_response(data)
        response.data["next_cursor"] = self.next_cursor
        return response


class CursorPages(TaskPages):
    """Pages called `?cursor=…&page_size=50`."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:  # noqa: ARG002
        """Return the rows after the cursor; raises Refused for a bad one, or one beside a number."""
        if request.query_params.get("page"):
            raise refuse_field("page", "Give either page or cursor: both say where to begin.", code="invalid_value")
        asked, cursor = read_query(PageQuery, request), request.query_params["cursor"]
        read_query(CursorQuery, request)
        self._request = request
        tasks: TaskQuerySet = queryset
        rows: list[Any] = list(tasks.older_than(*read_cursor(cursor))[: asked.page_size + 1])
        self._has_next = len(rows) > asked.page_size
        rows = rows[: asked.page_size]
        self._count, self._is_exact = (self._kept_count or count_rows)(tasks)
        if self._has_next:
            self.next_cursor = write_cursor(rows[-1]["created_at"], rows[-1]["id"])
        return rows

    def _link_after(self, url: str) -> str | None:
        return None if self.next_cursor is None else replace_query_param(url, "cursor", self.next_cursor)

    def _link_before(self, url: str) -> str | None:  # noqa: ARG002  the way back is the client's own to remember
        return None


def choose_pages(request: Request, *, count: Count) -> TaskPages:
    """Return the kind of pages that a request asks for."""
    return CursorPages(count=count) if request.query_params.get("cursor") else TaskPages(count=count)
