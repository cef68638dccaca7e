"""Django's admin: everything about tasks to search and read, nothing to edit; moves go through the services."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

from filemill.tasks import services
from filemill.tasks.hiding import shown_metadata, shown_steps
from filemill.tasks.models import REQUESTED, Batch, TaskAttempt, TaskEventLog, TaskLog, TaskProgress, WorkerNode
from filemill.tasks.refusals import Conflict

if TYPE_CHECKING:  # generic in the stubs only
    ModelAdmin = admin.ModelAdmin[Any]
    AttemptTable = admin.TabularInline[TaskAttempt, TaskLog]
    QuerySetPaginator = Paginator[Any]
else:
    ModelAdmin, AttemptTable, QuerySetPaginator = admin.ModelAdmin, admin.TabularInline, Paginator

MAX_COUNTED = 10_000
"""Beyond it a list is narrowed by search and filters, not leafed through: counting ten million rows takes seconds."""
MAX_ACTED_ON = 1_000
"""Each task is moved in a transaction of its own, all within one request."""


class CappedPaginator(QuerySetPaginator):
    """Pages through the first rows and never counts all of them."""

    @cached_property
    def count(self) -> int:
        return int(self.object_list[:MAX_COUNTED].count())  # type: ignore[attr-defined]  # a queryset always


class ReadOnly:
    """Nobody adds, changes or deletes: the life cycle alone writes these rows."""

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, ModelAdmin):
    """A list and pages to read. A whole UUID in the search box finds the task by its id."""

    show_full_result_count = False
    paginator = CappedPaginator
    list_per_page = 50
    task_id_field = ""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        try:
            task_id = UUID(search_term.strip())
        except ValueError:
            return super().get_search_results(request, queryset, search_term.replace("\0", ""))
        return queryset.filter(**{self.task_id_field: task_id}), False


class AttemptInline(ReadOnly, AttemptTable):
    """The executions of a task."""

    model = TaskAttempt
    fields = ("number", "worker", "started_at", "ended_at", "outcome", "error_code", "error_message", "evidence")
    readonly_fields = fields
    ordering = ("number",)
    extra = 0


@admin.register(TaskLog)
class TaskLogAdmin(ReadOnlyAdmin):
    """Tasks, with the two moves that a person may make."""

    list_display = ("file_name", "user", "task_type", "status", "progress", "error_code", "retry_count", "created_at")
    list_filter = ("status", "task_type", "lane")
    list_select_related = ("user",)
    search_fields = ("file_name", "=celery_task_id", "=user__username", "=error_code")
    search_help_text = "A part of the file name, or a whole task id, Celery id, user name or error code."
    ordering = ("-created_at", "-id")
    exclude = ("metadata", "options", "steps")  # passwords may be among them; `asked` hides those
    readonly_fields = ("asked", "story")
    inlines = (AttemptInline,)
    actions = ("cancel_selected", "retry_selected")
    task_id_field = "id"

    def get_queryset(self, request: HttpRequest) -> QuerySet[TaskLog]:
        """Leave what can be long to the page of the one task."""
        tasks = TaskLog.objects.of_everyone().order_by(*self.get_ordering(request))
        is_list = request.resolver_match is not None and "object_id" not in request.resolver_match.kwargs
        return tasks.defer("result", *REQUESTED) if is_list else tasks

    @admin.display(description="Asked for")
    def asked(self, task: TaskLog) -> SafeString:
        shown = {"metadata": shown_metadata(task), "steps": shown_steps(task)}
        return format_html("<pre>{}</pre>", json.dumps(shown, indent=2, ensure_ascii=False))

    @admin.display(description="Events and progress")
    def story(self, task: TaskLog) -> SafeString:
        return format_html(
            '<a href="{}?task__id__exact={}">Events</a> · <a href="{}?task__id__exact={}">Progress</a> · '
            '<a href="{}">Page</a>',
            reverse("admin:tasks_taskeventlog_changelist"),
            task.pk,
            reverse("admin:tasks_taskprogress_changelist"),
            task.pk,
            f"/tasks/{task.pk}/",
        )

    def has_move_permission(self, request: HttpRequest) -> bool:
        """Who could change tasks, could they be changed, may make a person's moves with them."""
        return request.user.has_perm("tasks.change_tasklog")

    @admin.action(description="Cancel selected tasks", permissions=["move"])
    def cancel_selected(self, request: HttpRequest, tasks: QuerySet[TaskLog]) -> None:
        def cancel(task: TaskLog) -> object:
            return services.cancel(task, by=request.user, reason="from the admin")  # type: ignore[arg-type]

        self._move(request, tasks, cancel, done="cancelled")

    @admin.action(description="Retry selected tasks", permissions=["move"])
    def retry_selected(self, request: HttpRequest, tasks: QuerySet[TaskLog]) -> None:
        def retry(task: TaskLog) -> object:
            return services.retry(task, by=request.user)  # type: ignore[arg-type]

        self._move(request, tasks, retry, done="put back to pending")

    def _move(
        self, request: HttpRequest, tasks: QuerySet[TaskLog], move: Callable[[TaskLog], object], *, done: str
    ) -> None:
        """Move one task after the other and tell how many went, and why the others did not."""
        moved, refusals = 0, list[str]()
        selected = list(tasks[: MAX_ACTED_ON + 1])
        for task in selected[:MAX_ACTED_ON]:
            try:
                move(task)
                moved += 1
            except Conflict as conflict:
                refusals.append(f"{task.file_name}: {conflict.message}")
        self.message_user(request, f"{_say_tasks(moved)} {done}.", messages.SUCCESS if moved else messages.WARNING)
        if refusals:
            more = f" And {len(refusals) - 3} more." if len(refusals) > 3 else ""
            told = f"{_say_tasks(len(refusals))} refused. {' '.join(refusals[:3])}{more}"
            self.message_user(request, told, messages.WARNING)
        if len(selected) > MAX_ACTED_ON:
            self.message_user(request, f"Only the first {MAX_ACTED_ON} were looked at; do it again.", messages.WARNING)


class OfTaskAdmin(ReadOnlyAdmin):
    """Rows that belong to a task."""

    list_select_related = ("task",)
    search_fields = ("task__file_name", "message")
    search_help_text = "A part of the file name or of the message, or a whole task id."
    ordering = ("-id",)
    task_id_field = "task_id"

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "task__id__exact" or super().lookup_allowed(lookup, value, request)


@admin.register(TaskProgress)
class TaskProgressAdmin(OfTaskAdmin):
    """The history of progress."""

    list_display = ("task", "attempt", "progress", "message", "created_at")


@admin.register(TaskEventLog)
class TaskEventLogAdmin(OfTaskAdmin):
    """The audit trail."""

    list_display = ("task", "event_type", "attempt", "message", "created_at")
    list_filter = ("event_type",)


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    """The bulk requests."""

    list_display = ("celery_task_id", "user", "task_type", "files_count", "parallel", "created_at")
    list_filter = ("task_type", "parallel")
    list_select_related = ("user",)
    search_fields = ("=celery_task_id", "=user__username")
    ordering = ("-created_at", "-id")
    task_id_field = "id"


@admin.register(WorkerNode)
class WorkerNodeAdmin(ReadOnlyAdmin):
    """The workers, as they last reported themselves."""

    list_display = ("name", "concurrency", "started_at", "seen_at")
    search_fields = ("name",)
    ordering = ("name",)
    task_id_field = "id"


def _say_tasks(count: int) -> str:
    return f"{count} task{'' if count == 1 else 's'}"
