"""The API: create, list, create many."""

from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from benchmarks.peers.naive.models import Job, JobEvent
from benchmarks.peers.naive.serializers import BulkSerializer, JobSerializer
from benchmarks.peers.naive.tasks import process_image

BATCH_SIZE = 100


class JobsView(generics.ListCreateAPIView[Job]):
    """The user's jobs."""

    serializer_class = JobSerializer

    def get_queryset(self) -> QuerySet[Job]:
        return Job.objects.filter(user_id=self.request.user.pk or 0).order_by("-created_at")

    def perform_create(self, serializer: BaseSerializer[Job]) -> None:
        with transaction.atomic():
            job = serializer.save(user=self.request.user)
            transaction.on_commit(lambda: process_image.delay(job.pk))


class BulkView(APIView):
    """Many jobs at once."""

    def post(self, request: Request) -> Response:
        asked = BulkSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wish: dict[str, Any] = asked.validated_data
        with transaction.atomic():
            jobs = Job.objects.bulk_create(
                [self._new_job(request, Path(path), wish) for path in wish["file_paths"]], batch_size=BATCH_SIZE
            )
            JobEvent.objects.bulk_create(
                [JobEvent(job=job, event_type="created", message="Created") for job in jobs], batch_size=BATCH_SIZE
            )
        for job in jobs:
            process_image.delay(job.pk)
        return Response({"files_count": len(jobs)}, status=201)

    @staticmethod
    def _new_job(request: Request, path: Path, wish: dict[str, Any]) -> Job:
        return Job(
            user_id=request.user.pk,
            task_type=wish["task_type"],
            file_name=path.name,
            file_path=str(path),
            file_size=path.stat().st_size,
            metadata=wish["metadata"],
        )
