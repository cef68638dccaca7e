"""The endpoints of all tasks: list, count, create one, create many."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from filemill.api.accounts import user_of
from filemill.api.batch_bodies import url_of
from filemill.api.cursors import CursorQuery, choose_pages
from filemill.api.describing import READING, WRITING, answers
from filemill.api.filters import Everyone, Strictness, TaskFilter
from filemill.api.idempotency import PARAMETER, answer_once, is_replay
from filemill.api.json_format import StrictJSONParser
from filemill.api.pagination import PageQuery, count_rows
from filemill.api.queries import describe_query, read_query
from filemill.api.refusing import refuse_field
from filemill.api.representations import (
    CreatedBatch,
    CreatedTask,
    ProgressSummary,
    TaskPage,
    TaskSummary,
    list_row,
    represent,
)
from filemill.api.requests import (
    MAX_BULK_PATHS,
    BulkCreate,
    CreateTask,
    CreateTaskOfUpload,
    read_body,
)
from filemill.api.uploading import received_file
from filemill.files.sources import Source
from filemill.files.uploads import Upload, delete_upload
from filemill.tasks import counting, intake, services
from filemill.tasks.models import TaskLog
from filemill.tasks.querysets import TaskQuerySet

_FORM = {
    "type": "object",
    "required": ["file", "task_type"],
    "additionalProperties": False,
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "The file itself."},
        "task_type": {"type": "string", "enum": ["image", "video", "document"]},
        "operation": {"type": "string", "description": "As in JSON."},
        **{
            name: {"type": "string", "contentMediaType": "application/json", "description": "As JSON."}
            for name in ("metadata", "outputs", "steps", "inputs", "priority")
        },
        **{
            name: {"type": "string", "format": "date-time", "description": "As in JSON."}
            for name in ("run_at", "expires_at")
        },
        "tags": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 128}, "maxItems": 10},
    },
}


class TaskListView(APIView):
    """Tasks, the newest first."""

    @extend_schema(
        operation_id="list_tasks",
        summary="List tasks",
        description="A wrong value is a 400 that names its parameter; parameters other than these are ignored.",
        tags=["tasks"],
        parameters=describe_query(TaskFilter, PageQuery, CursorQuery),
        responses=answers({200: TaskPage}, 400, *READING),
    )
    def get(self, request: Request) -> Response:
        """Answer a page of the user's tasks."""
        asked = read_query(TaskFilter, request)
        pages = choose_pages(request, count=lambda tasks: _count(request, asked, tasks))
        rows = pages.paginate_queryset(_select(request, asked).values(*TaskSummary.model_fields), request)
        return pages.get_paginated_response([list_row(row) for row in rows])


def _whose(request: Request, asked: Everyone) -> int | None:
    """The user whose tasks are meant; None means everyone's."""
    user = user_of(request)
    return None if asked.all and user.is_staff else user.pk


def _count(request: Request, asked: TaskFilter, tasks: QuerySet[Any]) -> tuple[int, bool]:
    if asked.search is not None or asked.tag is not None or asked.from_date or asked.to_date:
        return count_rows(tasks)
    counts = counting.count_tasks(user_id=_whose(request, asked), task_type=asked.task_type)
    return sum(counts.values()) if asked.status is None else counts[asked.status], True


def _select(request: Request, asked: TaskFilter) -> TaskQuerySet:
    tasks = TaskLog.objects.visible_to(user_of(request), everyone=asked.all)
    tasks = tasks.created_between(asked.from_date, asked.to_date).newest_first()
    if asked.status is not None:
        tasks = tasks.filter(status=asked.status)
    if asked.task_type is not None:
        tasks = tasks.filter(task_type=asked.task_type)
    if asked.search is not None:
        tasks = tasks.named_like(asked.search)
    if asked.tag is not None:
        tasks = tasks.tagged(asked.tag)
    return tasks


class ProgressView(APIView):
    """How far the user's tasks are."""

    @extend_schema(
        operation_id="count_tasks",
        summary="Count tasks by status",
        tags=["tasks"],
        parameters=describe_query(Everyone),
        responses=answers({200: ProgressSummary}, 400, *READING),
    )
    def get(self, request: Request) -> Response:
        """Answer the counts."""
        asked = read_query(Everyone, request)
        summary = counting.summarise(user_id=_whose(request, asked))
        return Response(ProgressSummary.model_validate(summary).model_dump())


class CreateTaskView(APIView):
    """The way in for one file."""

    parser_classes = (StrictJSONParser, MultiPartParser)

    @extend_schema(
        operation_id="create_task",
        summary="Create a task",
        description="Name a file under the service's roots in JSON, or send the file itself as a form.",
        tags=["tasks"],
        parameters=[*describe_query(Strictness), PARAMETER],
        request={"application/json": CreateTask, "multipart/form-data": _FORM},
        responses=answers({201: CreatedTask}, *WRITING, 422, 507),
        examples=[
            OpenApiExample(
                "a smaller picture",
                value={
                    "file_path": "photo.jpg",
                    "task_type": "image",
                    "metadata": {"quality": "high", "resize": [1920, 1080]},
                },
                request_only=True,
                media_type="application/json",
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Accept one file."""
        strict = read_query(Strictness, request).strict
        with received_file(request) as (upload, body):
            source, wish = _read_order(upload, body)
            response = answer_once(
                request,
                asked=wish,
                upload=upload,
                create=lambda: _create_task(request, source, wish, strict=strict),
            )
            if upload is not None and is_replay(response):
                delete_upload(upload.id)  # the first request's upload is the task's
        return response


def _create_task(request: Request, source: Source, wish: CreateTask | CreateTaskOfUpload, *, strict: bool) -> Response:
    task = services.submit(
        user=user_of(request),
        task_type=wish.task_type,
        source=source,
        asked=wish.asked,
        inputs=wish.inputs,
        tags=wish.tags,
        strict=strict,
    )
    location = reverse("api:task", kwargs={"task_id": task.pk}, request=request)
    return Response(represent(CreatedTask, task), status=201, headers={"Location": location})


def _read_order(upload: Upload | None, body: Any) -> tuple[Source, CreateTask | CreateTaskOfUpload]:
    if upload is not None:
        return Source.from_upload(upload), read_body(CreateTaskOfUpload, body)
    order = read_body(CreateTask, body)
    return Source.from_path(order.file_path), order


class BulkCreateView(APIView):
    """The way in for many files."""

    @extend_schema(
        operation_id="bulk_create_tasks",
        summary="Create many tasks",
        description="Files that can't be taken are named in `errors`; the others go on. None taken at all is a 400.",
        tags=["tasks"],
        parameters=[*describe_query(Strictness), PARAMETER],
        request={"application/json": BulkCreate},
        responses=answers({201: CreatedBatch}, *WRITING, 422),
        examples=[
            OpenApiExample(
                "pictures, one after the other",
                value={"file_paths": ["photo.jpg", "missing.jpg"], "task_type": "image", "parallel": False},
                request_only=True,
                media_type="application/json",
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Accept many files."""
        strict = read_query(Strictness, request).strict
        order = read_body(BulkCreate, request.data)
        return answer_once(request, asked=order, create=lambda: _create_batch(request, order, strict=strict))


def _list_paths(order: BulkCreate) -> list[str]:
    if order.file_paths is not None and order.folder is not None:
        message = "Give either file_paths or folder: each says which files are meant."
        raise refuse_field("folder", message, code="conflicting_fields")
    if order.folder is not None:
        return intake.list_folder(order.folder, pattern=order.pattern, most=MAX_BULK_PATHS)
    if order.file_paths is None:
        message = "file_paths is missing; give a list of paths, or a folder."
        raise refuse_field("file_paths", message, code="required")
    return order.file_paths


def _create_batch(request: Request, order: BulkCreate, *, strict: bool) -> Response:
    outcome = services.submit_bulk(
        user=user_of(request),
        task_type=order.task_type,
        file_paths=_list_paths(order),
        asked=order.asked,
        inputs=order.inputs,
        tags=order.tags,
        parallel=order.parallel,
        all_or_nothing=order.all_or_nothing,
        strict=strict,
    )
    url = url_of(outcome.batch, request)
    body = {
        "id": str(outcome.batch.pk),
        "url": url,
        "celery_task_id": outcome.batch.celery_task_id,
        "status": "processing",
        "files_count": outcome.batch.files_count,
        "errors": [
            {
                "index": rejected.index,
                "file_path": rejected.file_path,
                "code": rejected.problem.code,
                "message": rejected.problem.message,
            }
            for rejected in outcome.rejected
        ],
    }
    return Response(body, status=201, headers={"Location": url})
