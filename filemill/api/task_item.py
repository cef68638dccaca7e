"""The endpoints of one task: look at it, cancel it, retry it, read its story, list its outputs."""

from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from filemill.api.accounts import user_of
from filemill.api.describing import READING, TASK_ID, WRITING, answers
from filemill.api.pagination import PageQuery, answer_page
from filemill.api.queries import describe_query
from filemill.api.representations import (
    Attempt,
    AttemptPage,
    Cancelled,
    EventPage,
    OutputList,
    ProgressPage,
    ProgressPoint,
    Representation,
    Retrying,
    TaskDetail,
    TaskEvent,
    elapsed_seconds,
    represent,
)
from filemill.api.requests import CancelTask, RetryTask, read_body
from filemill.tasks import results, services, waiting
from filemill.tasks.hiding import shown_metadata, shown_steps
from filemill.tasks.models import TaskLog


def find_task(request: Request, task_id: UUID) -> TaskLog:
    """Return a task that the user may see, without its result; raises NotFound, also for somebody else's."""
    task = TaskLog.objects.reachable_by(user_of(request)).defer("result").filter(pk=task_id).first()
    if task is None:
        raise NotFound("There is no such task.")
    return task


_COMPUTED = frozenset({"result", "elapsed_time", "waiting_reason", "ahead", "ahead_exact"})


def _tell_waiting(task: TaskLog) -> dict[str, Any]:
    found = waiting.explain(task)
    return {
        "waiting_reason": found.reason if found else None,
        "ahead": found.ahead if found else None,
        "ahead_exact": found.ahead_exact if found and found.ahead is not None else None,
    }


def _with_urls(result: dict[str, Any] | None, task: TaskLog, request: Request) -> dict[str, Any] | None:
    if result is None:
        return None
    outputs = [
        {**output, "url": reverse("api:output", kwargs={"task_id": task.pk, "name": output["name"]}, request=request)}
        for output in result.get("outputs", [])
    ]
    return {**result, "outputs": outputs}


class TaskView(APIView):
    """One task."""

    @extend_schema(
        operation_id="get_task",
        summary="Look at a task",
        tags=["tasks"],
        parameters=[TASK_ID],
        responses=answers({200: TaskDetail}, 404, *READING),
    )
    def get(self, request: Request, task_id: UUID) -> Response:
        """Answer all of a task."""
        task = find_task(request, task_id)
        facts = {name: getattr(task, name) for name in TaskDetail.model_fields if name not in _COMPUTED}
        facts.update(metadata=shown_metadata(task), steps=shown_steps(task), **_tell_waiting(task))
        result = _with_urls(results.read(task), task, request)
        return Response(represent(TaskDetail, {**facts, "result": result, "elapsed_time": elapsed_seconds(task)}))


class CancelView(APIView):
    """Stopping a task."""

    @extend_schema(
        operation_id="cancel_task",
        summary="Cancel a task",
        description="Ends a pending or processing task at once; work on it is killed within a second.",
        tags=["tasks"],
        parameters=[TASK_ID],
        request={"application/json": CancelTask},
        responses=answers({200: Cancelled}, 404, 409, *WRITING),
    )
    def post(self, request: Request, task_id: UUID) -> Response:
        """Cancel it."""
        task = find_task(request, task_id)
        reason = read_body(CancelTask, request.data).reason
        services.cancel(task, by=user_of(request), reason=reason)
        return Response({"status": "cancelled"})


class RetryView(APIView):
    """Running a task again."""

    @extend_schema(
        operation_id="retry_task",
        summary="Retry a task",
        description="Runs a failed or cancelled task again; its events and attempts stay.",
        tags=["tasks"],
        parameters=[TASK_ID],
        request={"application/json": RetryTask},
        responses=answers({200: Retrying}, 404, 409, *WRITING),
    )
    def post(self, request: Request, task_id: UUID) -> Response:
        """Retry it."""
        task = find_task(request, task_id)
        force = read_body(RetryTask, request.data).force
        services.retry(task, by=user_of(request), force=force)
        return Response({"status": "retrying"})


class StoryView(APIView):
    """A list that belongs to a task; the classes below say which."""

    row: ClassVar[type[Representation]]

    def get(self, request: Request, task_id: UUID) -> Response:
        """Answer a page of it."""
        return answer_page(self.rows_of(find_task(request, task_id)), request, partial(represent, self.row))

    def rows_of(self, task: TaskLog) -> QuerySet[Any]:
        """Return the rows, the oldest first."""
        raise NotImplementedError


def _describe_story(operation_id: str, summary: str, page: type[Representation]) -> Any:
    return extend_schema_view(
        get=extend_schema(
            operation_id=operation_id,
            summary=summary,
            tags=["story of a task"],
            parameters=[TASK_ID, *describe_query(PageQuery)],
            responses=answers({200: page}, 400, 404, *READING),
        )
    )


@_describe_story("list_events", "List what happened to a task", EventPage)
class EventsView(StoryView):
    """What happened to a task."""

    row = TaskEvent

    def rows_of(self, task: TaskLog) -> QuerySet[Any]:
        """Return the events."""
        return task.events.order_by("id")


@_describe_story("list_attempts", "List the executions of a task", AttemptPage)
class AttemptsView(StoryView):
    """Every execution of a task, with its evidence."""

    row = Attempt

    def rows_of(self, task: TaskLog) -> QuerySet[Any]:
        """Return the attempts."""
        return task.attempts.order_by("number")


@_describe_story("list_progress", "List the progress of a task over time", ProgressPage)
class ProgressHistoryView(StoryView):
    """The progress of a task over time."""

    row = ProgressPoint

    def rows_of(self, task: TaskLog) -> QuerySet[Any]:
        """Return the points."""
        return task.progress_history.order_by("id")


class OutputsView(APIView):
    """The files that a task made."""

    @extend_schema(
        operation_id="list_outputs",
        summary="List the outputs of a task",
        description="All of them; empty until the task is completed.",
        tags=["outputs"],
        parameters=[TASK_ID],
        responses=answers({200: OutputList}, 404, *READING),
    )
    def get(self, request: Request, task_id: UUID) -> Response:
        """Answer the list."""
        task = find_task(request, task_id)
        result = _with_urls(results.read(task), task, request) or {}
        return Response({"results": result.get("outputs", [])})
