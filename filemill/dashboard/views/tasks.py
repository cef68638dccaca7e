"""The list of tasks, kept up to date by one small request, and the form that adds a file to it."""

import json
from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from filemill.dashboard.access import SignedInRequest, signed_in
from filemill.dashboard.adding import AddForm, NotAdded, add_task, keep, problems_of
from filemill.dashboard.listing import PAGE_SIZE, Filters, Page, has_newer, parse_uuid, read_page, rows
from filemill.files.errors import FileRefused
from filemill.files.uploads import Upload
from filemill.tasks import counting
from filemill.tasks.models import TaskLog
from filemill.tasks.statuses import Status

UPLOAD_META_KEY: Final = "filemill.upload"
"""Where the door leaves an upload that it has taken in raw; the form's other fields then come as JSON."""
MAX_WATCHED: Final = 2 * PAGE_SIZE


@signed_in
@never_cache
@require_safe
def list_tasks(request: SignedInRequest) -> HttpResponseBase:
    """Show the user's tasks, newest first, and the form."""
    filters = Filters.from_query(request.GET)
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    page = read_page(request.user, filters, before=before, after=after)
    context = {"form": AddForm(), **_list_context(filters, page), "counts": _counts(request, filters)}
    return render(request, "dashboard/tasks.html", context)


@signed_in
@never_cache
@require_safe
def live(request: SignedInRequest) -> HttpResponseBase:
    """Send what has changed since the page was made: rows, and the whole list when it begins with another task.

    Nothing new is a 204, which leaves the page as it is.
    """
    filters = Filters.from_query(request.GET)
    watched = _watched(request.GET)
    newest = request.GET.get("newest")
    if newest is not None and has_newer(request.user, filters, newest=newest):
        page = read_page(request.user, filters)
        context = {**_list_context(filters, page), "is_new": True, "counts": _counts(request, filters)}
        return render(request, "dashboard/live.html", context)
    seen = list(rows(request.user).filter(pk__in=watched))
    moved = [task for task in seen if task.status != watched[str(task.pk)]]
    changed = [task for task in seen if task in moved or task.status == Status.PROCESSING]
    if not changed:
        return HttpResponse(status=204)
    context = {"changed": changed, "moved": moved, "pulse": _pulse(filters, seen, newest=newest)}
    if moved:
        context["counts"] = _counts(request, filters)
    return render(request, "dashboard/live.html", context)


@signed_in
@require_POST
def add(request: SignedInRequest) -> HttpResponseBase:
    """Take a file in; with htmx the list is brought up to date in the same answer."""
    try:
        upload, values = _read_form(request)
        add_task(user=request.user, upload=upload, values=values)
    except FileRefused as refused:
        return _show_problems(request, AddForm(values=request.POST.dict(), problems=problems_of(refused)))
    except NotAdded as refused:
        return _show_problems(request, refused.form)
    if not request.htmx:
        return HttpResponseRedirect(reverse("tasks"))
    filters = Filters()
    if request.htmx.current_url_abs_path not in {None, reverse("tasks")}:
        return HttpResponseClientRedirect(reverse("tasks"))  # a filtered or older page would not show the new task
    context = _list_context(filters, read_page(request.user, filters))
    context |= {"form": AddForm(), "is_new": True, "counts": _counts(request, filters)}
    return render(request, "dashboard/added.html", context)


@signed_in
@require_safe
def show_options(request: SignedInRequest) -> HttpResponseBase:
    """Show the options of the operation that was chosen in the form."""
    return render(request, "dashboard/option_sets.html", {"form": AddForm(values=request.GET.dict())})


def _show_problems(request: SignedInRequest, form: AddForm) -> HttpResponseBase:
    if request.htmx:
        return render(request, "dashboard/add_form.html", {"form": form}, status=422)
    filters = Filters()
    page = read_page(request.user, filters)
    context = {"form": form, **_list_context(filters, page), "counts": _counts(request, filters)}
    return render(request, "dashboard/tasks.html", context, status=422)


def _read_form(request: SignedInRequest) -> tuple[Upload | None, Mapping[str, str]]:
    """Read the form as a browser sends it, or as the door hands it on with the file already kept."""
    kept = request.META.get(UPLOAD_META_KEY)
    if isinstance(kept, Upload):
        fields = json.loads(request.body)
        return kept, {name: value for name, value in fields.items() if isinstance(value, str)}
    file = request.FILES.get("file")
    return keep(file) if file is not None else None, request.POST.dict()


def _list_context(filters: Filters, page: Page) -> dict[str, Any]:
    # Only the first page grows by itself: on the others everything would slide away under the reader.
    newest = (str(page.tasks[0].pk) if page.tasks else "") if page.newer is None else None
    return {
        "filters": filters,
        "page": page,
        "pulse": _pulse(filters, page.active, newest=newest),
        "older": filters.query(before=str(page.older.pk)) if page.older else "",
        "newer": filters.query(after=str(page.newer.pk)) if page.newer else "",
    }


def _counts(request: SignedInRequest, filters: Filters) -> list[dict[str, Any]]:
    """Count the user's tasks by status; each count is the link that narrows the list to it."""
    summary = counting.summarise(user_id=request.user.pk)
    chips = [("", "All", summary["total"])]
    chips += [(status.value, status.label, summary[status.value]) for status in Status]
    return [
        {
            "status": status,
            "label": label,
            "count": count,
            "query": Filters(status=status, search=filters.search).query(),
            "is_chosen": status == filters.status,
        }
        for status, label, count in chips
    ]


def _pulse(filters: Filters, tasks: list[TaskLog], *, newest: str | None) -> dict[str, Any]:
    """Say what the page asks for next, and how soon: often while a task moves, seldom to look out for new ones."""
    active = [task for task in tasks if task.status in {Status.PENDING, Status.PROCESSING}]
    query = QueryDict(filters.query(), mutable=True)
    for task in active:
        query.appendlist("watch", f"{task.pk}.{task.status}")
    if newest is not None:
        query["newest"] = newest
    every = "1500ms" if active else "10s"
    return {"query": query.urlencode(), "every": every if active or newest is not None else ""}


def _watched(query: QueryDict) -> dict[str, str]:
    """Read which tasks the page watches, and the status that it shows of each."""
    watched = {}
    for text in query.getlist("watch")[:MAX_WATCHED]:
        task_id, _, status = text.partition(".")
        if parsed := parse_uuid(task_id):
            watched[str(parsed)] = status
    return watched
