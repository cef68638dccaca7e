"""The endpoints of the queues: which are paused, pausing one, resuming it; for staff."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import Field
from rest_framework.exceptions import NotFound
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from filemill.api.accounts import user_of
from filemill.api.describing import READING, WRITING, answers
from filemill.api.representations import Representation, represent
from filemill.api.requests import MAX_REASON_CHARACTERS, Body, read_body
from filemill.tasks import queues
from filemill.tasks.models import QueuePause

QUEUE = OpenApiParameter(
    "queue",
    {"type": "string", "enum": list(queues.QUEUES)},
    OpenApiParameter.PATH,
    description="A lane (`interactive`, `bulk`), or every task of a type.",
)


class Queue(Representation):
    """A queue, and by whom, why and since when it is paused, if it is."""

    queue: str = Field(examples=["image"])
    is_paused: bool
    paused_by: str | None
    reason: str | None
    since: datetime | None


class QueueList(Representation):
    """All queues."""

    results: list[Queue]


class PauseQueue(Body):
    """Why a queue is paused."""

    reason: str = Field(
        "",
        pattern=r"^[^\x00]*$",
        max_length=MAX_REASON_CHARACTERS,
        description="Shown to those whose tasks wait.",
        examples=["the storage is being moved"],
        json_schema_extra={"x-valid": f"a text of up to {MAX_REASON_CHARACTERS} characters, without NUL"},
    )


def _show(queue: str, pause: QueuePause | None) -> dict[str, Any]:
    shown = {"queue": queue, "is_paused": pause is not None, "paused_by": None, "reason": None, "since": None}
    if pause is not None:
        shown |= {"paused_by": pause.paused_by, "reason": pause.reason, "since": pause.since}
    return represent(Queue, shown)


def _known(queue: str) -> str:
    if queue not in queues.QUEUES:
        raise NotFound(f"There is no such queue; they are {', '.join(queues.QUEUES)}.")
    return queue


class QueuesView(APIView):
    """All queues."""

    permission_classes = (IsAdminUser,)

    @extend_schema(
        operation_id="list_queues",
        summary="List the queues and whether they are paused",
        description="For staff.",
        tags=["queues"],
        responses=answers({200: QueueList}, 403, *READING),
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002  the framework's signature
        """Answer the list."""
        pauses = queues.pauses()
        return Response({"results": [_show(queue, pauses.get(queue)) for queue in queues.QUEUES]})


class PauseView(APIView):
    """Pausing a queue."""

    permission_classes = (IsAdminUser,)

    @extend_schema(
        operation_id="pause_queue",
        summary="Pause a queue",
        description="Nothing more is sent or begun out of it; what is at work goes on, and tasks can be created. "
        "For staff.",
        tags=["queues"],
        parameters=[QUEUE],
        request={"application/json": PauseQueue},
        responses=answers({200: Queue}, 404, *WRITING),
    )
    def post(self, request: Request, queue: str) -> Response:
        """Pause it."""
        pause = queues.pause(
            _known(queue), by=user_of(request).get_username(), reason=read_body(PauseQueue, request.data).reason
        )
        return Response(_show(queue, pause))


class ResumeView(APIView):
    """Resuming a queue."""

    permission_classes = (IsAdminUser,)

    @extend_schema(
        operation_id="resume_queue",
        summary="Resume a queue",
        description="What is due is sent at once. For staff.",
        tags=["queues"],
        parameters=[QUEUE],
        request=None,
        responses=answers({200: Queue}, 404, *WRITING),
    )
    def post(self, request: Request, queue: str) -> Response:  # noqa: ARG002  the framework's signature
        """Resume it."""
        queues.resume(_known(queue))
        return Response(_show(queue, None))
