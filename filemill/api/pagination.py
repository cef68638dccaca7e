"""Numbered pages that stay affordable: an exact count up to a limit, an estimate beyond it."""

import json
from collections.abc import Callable
from typing import Any, Final

from django.db.models import QuerySet
from pydantic import BaseModel, Field
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from filemill.api.queries import read_query
from filemill.tasks.refusals import Problem, Refused

EXACT_LIMIT: Final = 10_000
"""Rows are counted one by one up to here (contract H2)."""
MAX_PAGE_SIZE: Final = 200
MAX_PAGE: Final = 10_000_000


Count = Callable[[QuerySet[Any]], tuple[int, bool]]
"""Tells how many rows a list has, and whether that is exact."""


class PageQuery(BaseModel):
    """Which page of a list."""

    page: int = Field(
        1, ge=1, le=MAX_PAGE, description="Which page, from 1.", json_schema_extra={"x-valid": "a whole number from 1"}
    )
    page_size: int = Field(
        20,
        ge=1,
        le=MAX_PAGE_SIZE,
        description="How many results a page holds.",
        json_schema_extra={"x-valid": f"a whole number from 1 to {MAX_PAGE_SIZE}"},
    )


class NumberedPages(BasePagination):
    """Pages called `?page=2&page_size=50`."""

    def __init__(self, *, count: Count | None = None) -> None:
        self._kept_count = count

    def paginate_queryset(  # type: ignore[override]  # of sequences there are none here
        self,
        queryset: QuerySet[Any],
        request: Request,
        view: Any = None,  # noqa: ARG002  DRF's signature
    ) -> list[Any]:
        """Return the rows of the page asked for; raises Refused for a page that there is not."""
        asked = read_query(PageQuery, request)
        self._request, self._page = request, asked.page
        start = (asked.page - 1) * asked.page_size
        rows = list(queryset[start : start + asked.page_size + 1])
        if not rows and asked.page > 1:
            message = f"There is no page {asked.page}: the list ends before it."
            raise Refused([Problem(field="page", code="no_such_page", message=message)])
        self._has_next = len(rows) > asked.page_size
        rows = rows[: asked.page_size]
        if self._has_next or asked.page > 1:
            self._count, self._is_exact = (self._kept_count or count_rows)(queryset)
        else:
            self._count, self._is_exact = len(rows), True
        return rows

    def get_paginated_response(self, data: list[Any]) -> Response:
        """Wrap the represented rows."""
        url = self._request.build_absolute_uri()
        return Response(
            {
                "count": self._count,
                "count_exact": self._is_exact,
                "next": self._link_after(url),
                "previous": self._link_before(url),
                "results": data,
            }
        )

    def _link_after(self, url: str) -> str | None:
        return replace_query_param(url, "page", self._page + 1) if self._has_next else None

    def _link_before(self, url: str) -> str | None:
        if self._page <= 1:
            return None
        if self._page == 2:
            return remove_query_param(url, "page")
        return replace_query_param(url, "page", self._page - 1)


def answer_page(queryset: QuerySet[Any], request: Request, represent: Callable[[Any], object]) -> Response:
    """Answer the page asked for, each of its rows as `represent` makes it."""
    pages = NumberedPages()
    return pages.get_paginated_response([represent(row) for row in pages.paginate_queryset(queryset, request)])


def count_rows(queryset: QuerySet[Any]) -> tuple[int, bool]:
    """Return how many rows there are, and whether that is exact or what the database's planner believes."""
    counted = queryset.order_by().values("pk")[: EXACT_LIMIT + 1].count()
    if counted <= EXACT_LIMIT:
        return counted, True
    return max(counted, estimate_rows(queryset)), False


def estimate_rows(queryset: QuerySet[Any]) -> int:
    """Return the planner's estimate; it reads no rows."""
    [plan] = json.loads(queryset.order_by().values("pk").explain(format="json"))
    return int(plan["Plan"]["Plan Rows"])
