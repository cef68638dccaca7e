"""The endpoints of batches: list them, look at one and at its tasks, cancel it, run its failed tasks again."""

from typing import Final
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from filemill.api.accounts import user_of
from filemill.api.batch_bodies import (
    BatchCancelled,
    BatchDetail,
    BatchPage,
    BatchRetrying,
    RetryFailed,
    TaskStatusQuery,
    represent_batch,
    represent_batch_detail,
)
from filemill.api.describing import READING, WRITING, answers
from filemill.api.pagination import NumberedPages, PageQuery, answer_page
from filemill.api.queries import describe_query, read_query
from filemill.api.representations import BatchTaskPage, TaskSummary, list_row
from filemill.api.requests import CancelTask, read_body
from filemill.tasks import batch_progress, batch_services
from filemill.tasks.models import Batch, TaskLog
from filemill.tasks.statuses import Status

BATCH_ID: Final = OpenApiParameter(
    "batch_id", {"type": "string", "format": "uuid"}, OpenApiParameter.PATH, description="The batch's `id`."
)


def find_batch(request: Request, batch_id: UUID) -> Batch:
    """Return a batch that the user may see; raises NotFound, also for somebody else's."""
    batch = Batch.objects.reachable_by(user_of(request)).filter(pk=batch_id).first()
    if batch is None:
        raise NotFound("There is no such batch.")
    return batch


class BatchesView(APIView):
    """Batches, the newest first."""

    @extend_schema(
        operation_id="list_batches",
        summary="List batches",
        tags=["batches"],
        parameters=describe_query(PageQuery),
        responses=answers({200: BatchPage}, 400, *READING),
    )
    def get(self, request: Request) -> Response:
        """Answer a page of the user's batches."""
        pages = NumberedPages()
        batches = pages.paginate_queryset(Batch.objects.visible_to(user_of(request)).newest_first(), request)
        counted = batch_progress.count_tasks([batch.pk for batch in batches])
        return pages.get_paginated_response([represent_batch(batch, counted[batch.pk], request) for batch in batches])


class BatchView(APIView):
    """One batch."""

    @extend_schema(
        operation_id="get_batch",
        summary="Look at a batch",
        description="How many of its tasks are in each status, how fast they end, and how long the rest will take.",
        tags=["batches"],
        parameters=[BATCH_ID],
        responses=answers({200: BatchDetail}, 404, *READING),
    )
    def get(self, request: Request, batch_id: UUID) -> Response:
        """Answer how far it is."""
        batch = find_batch(request, batch_id)
        return Response(represent_batch_detail(batch, batch_progress.read_progress(batch), request))


class BatchTasksView(APIView):
    """The tasks of a batch."""

    @extend_schema(
        operation_id="list_tasks_of_batch",
        summary="List the tasks of a batch",
        description=(
            "In the order of the request; with `status` completed, failed or cancelled, in the order in which they "
            "ended."
        ),
        tags=["batches"],
        parameters=[BATCH_ID, *describe_query(TaskStatusQuery, PageQuery)],
        responses=answers({200: BatchTaskPage}, 400, 404, *READING),
    )
    def get(self, request: Request, batch_id: UUID) -> Response:
        """Answer a page of them."""
        batch = find_batch(request, batch_id)
        asked = read_query(TaskStatusQuery, request)
        tasks = TaskLog.objects.of_batch(batch, asked.status).values(*TaskSummary.model_fields)
        return answer_page(tasks, request, list_row)


class BatchCancelView(APIView):
    """Stopping a batch."""

    @extend_schema(
        operation_id="cancel_batch",
        summary="Cancel a batch",
        description=(
            "Ends every pending and processing task of it; work on them is killed within a second. What has ended "
            "stays. A batch that has ended is no error: nothing is cancelled then."
        ),
        tags=["batches"],
        parameters=[BATCH_ID],
        request={"application/json": CancelTask},
        responses=answers({200: BatchCancelled}, 404, *WRITING),
    )
    def post(self, request: Request, batch_id: UUID) -> Response:
        """Cancel it."""
        batch = find_batch(request, batch_id)
        reason = read_body(CancelTask, request.data).reason
        cancelled = batch_services.cancel(batch, by=user_of(request), reason=reason)
        counts = batch_progress.count_tasks([batch.pk])[batch.pk].counts
        ended = {status.value: counts.get(status, 0) for status in (Status.COMPLETED, Status.FAILED)}
        return Response({"status": "cancelled", "cancelled": cancelled, **ended})


class BatchRetryFailedView(APIView):
    """Running the failed tasks of a batch again."""

    @extend_schema(
        operation_id="retry_failed_of_batch",
        summary="Retry the failed tasks of a batch",
        description="They run again within the batch; their events and attempts stay.",
        tags=["batches"],
        parameters=[BATCH_ID],
        request={"application/json": RetryFailed},
        responses=answers({200: BatchRetrying}, 404, *WRITING),
    )
    def post(self, request: Request, batch_id: UUID) -> Response:
        """Retry them."""
        batch = find_batch(request, batch_id)
        force = read_body(RetryFailed, request.data).force
        outcome = batch_services.retry_failed(batch, by=user_of(request), force=force)
        return Response({"status": "retrying", "retried": outcome.retried, "left": outcome.left})
