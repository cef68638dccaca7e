"""A task's page: what came of it, its story, and the buttons that stop it or begin it anew."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.html import escape
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from filemill.dashboard import facts, story
from filemill.dashboard.access import SignedInRequest, signed_in
from filemill.tasks import services, waiting
from filemill.tasks.models import TaskLog
from filemill.tasks.refusals import Conflict
from filemill.tasks.statuses import ACTIVE, Status

MAX_REASON_LENGTH = 200


@signed_in
@never_cache
@require_safe
def show(request: SignedInRequest, task_id: UUID) -> HttpResponseBase:
    """Show a task."""
    return render(request, "dashboard/task.html", _context(_find(request, task_id)))


@signed_in
@never_cache
@require_safe
def show_live(request: SignedInRequest, task_id: UUID) -> HttpResponseBase:
    """Send the parts of a task's page that may have changed since it showed the status `seen`."""
    task = _find(request, task_id)
    context = _context(task)
    seen, _, length = request.GET.get("seen", "").rpartition(".")
    now, _, length_now = context["seen"].rpartition(".")
    if task.status == Status.PENDING and (seen, length) == (now, length_now):
        return HttpResponse(status=204)
    context |= {"has_moved": seen != now, "has_grown": length != length_now}
    return render(request, "dashboard/task_live.html", context)


@signed_in
@never_cache
@require_safe
def show_waiting(request: SignedInRequest, task_id: UUID) -> HttpResponseBase:
    """Send the sentence that says why a task waits; nothing once it does not."""
    found = waiting.explain(_find(request, task_id))
    return HttpResponse(status=204) if found is None else HttpResponse(escape(found.reason.message))


@signed_in
@require_POST
def cancel(request: SignedInRequest, task_id: UUID) -> HttpResponseBase:
    """Stop a task at once."""
    task = _find(request, task_id)
    reason = request.POST.get("reason", "").replace("\0", "").strip()[:MAX_REASON_LENGTH]
    try:
        services.cancel(task, by=request.user, reason=reason)
        messages.success(request, "Cancelled.")
    except Conflict as conflict:
        messages.error(request, conflict.message)
    return redirect("task", task_id=task_id)


@signed_in
@require_POST
def retry(request: SignedInRequest, task_id: UUID) -> HttpResponseBase:
    """Begin an ended task anew; the page has said before what `force` means."""
    task = _find(request, task_id)
    try:
        services.retry(task, by=request.user, force=request.POST.get("force") == "true")
        messages.success(request, "Waiting to be processed again.")
    except Conflict as conflict:
        messages.error(request, conflict.message)
    return redirect("task", task_id=task_id)


def _find(request: SignedInRequest, task_id: UUID) -> TaskLog:
    task = TaskLog.objects.reachable_by(request.user).select_related("user").filter(pk=task_id).first()
    if task is None:
        raise Http404("There is no such task.")
    return task


def _context(task: TaskLog) -> dict[str, Any]:
    outputs, told = task.outputs, story.tell(task)
    return {
        "task": task,
        "seen": f"{task.status}.{task.generation}.{told.length}",
        "is_active": task.status in ACTIVE,
        "needs_force": not task.is_retryable and task.status not in ACTIVE,
        "is_completed": task.status == Status.COMPLETED,
        "image": facts.shown_image(outputs),
        "video": facts.shown_video(outputs),
        "text": facts.preview_text(task.result),
        "rows": facts.preview_table(task.result),
        "facts": facts.list_facts(task.result),
        "tables": facts.list_tables(task.result),
        "options": facts.list_options(task),
        "story": told,
    }
