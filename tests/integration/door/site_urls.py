"""Views that show what reaches Django through the door."""

import hashlib
import itertools
import json
import os
import threading
from collections.abc import Iterator
from typing import Any, cast

from django.db import connection
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config import health
from filemill.api.outputs import OutputView


def hello(request: HttpRequest) -> HttpResponse:
    response = HttpResponse("hello")
    response.set_cookie("crumb", "1")
    return response


@csrf_exempt
def echo(request: HttpRequest) -> HttpResponse:
    body = request.body
    return JsonResponse({"length": len(body), "sha256": hashlib.sha256(body).hexdigest()})


def describe(request: HttpRequest) -> HttpResponse:
    return JsonResponse(
        {
            "address": request.META["REMOTE_ADDR"],
            "secure": request.is_secure(),
            "query": request.GET.dict(),
            "upload": "filemill.upload" in request.META,
            "thread": threading.current_thread().name,
        }
    )


def show_backend(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    return JsonResponse({"pid": pid, "thread": threading.current_thread().name})


def wait_for_gate(request: HttpRequest) -> HttpResponse:
    """Hold this thread until somebody opens the FIFO for writing."""
    with open(os.environ["DOOR_GATE"], "rb"):
        return HttpResponse("opened")


def stream_numbers(request: HttpRequest) -> HttpResponseBase:
    def numbers() -> Iterator[str]:
        for number in range(1000):
            with connection.cursor() as cursor:
                cursor.execute("SELECT %s::int", [number])
                yield f"{cursor.fetchone()[0]}\n"

    return StreamingHttpResponse(numbers(), content_type="text/plain")


def stream_endlessly(request: HttpRequest) -> HttpResponseBase:
    return StreamingHttpResponse(itertools.repeat(b"on and on\n" * 1000), content_type="text/plain")


def send_file(request: HttpRequest) -> HttpResponseBase:
    return FileResponse(open(os.environ["DOOR_FILE"], "rb"), content_type="application/octet-stream")


def fail(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("on purpose")


class CreateTask(APIView):
    """Stands for the view that makes a task of an upload."""

    def post(self, request: Request) -> Response:
        upload = request.META.get("filemill.upload")
        if cast("dict[str, Any]", request.data).get("task_type") not in {"image", "video", "document"}:
            return Response({"code": "invalid"}, status=400)
        uploaded = upload and {"id": upload.id, "name": upload.name, "size": upload.size, "sha256": upload.sha256}
        return Response({"upload": uploaded, "data": request.data, "user": request.user.username}, status=201)


def add(request: HttpRequest) -> HttpResponse:
    """Stands for the page's form, behind Django's CSRF check."""
    return JsonResponse({"name": request.META["filemill.upload"].name, "fields": json.loads(request.body)})


urlpatterns = [
    path("add/", add),
    path("hello", hello),
    path("echo", echo),
    path("describe", describe),
    path("backend", show_backend),
    path("wait", wait_for_gate),
    path("numbers", stream_numbers),
    path("endless", stream_endlessly),
    path("file", send_file),
    path("fail", fail),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("api/tasks/bulk_create/", csrf_exempt(wait_for_gate)),
    path("api/tasks/create_task/", CreateTask.as_view()),
    path("api/tasks/<uuid:task_id>/outputs/<str:name>", OutputView.as_view()),
    path("", include("filemill.dashboard.urls")),  # the pages of errors link to them
]
