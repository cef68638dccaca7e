"""The work: a picture made smaller by Pillow, its steps reported as they are reached."""

from pathlib import Path
from typing import Any

from celery import Task, shared_task
from celery.exceptions import MaxRetriesExceededError
from django.conf import settings
from PIL import Image, ImageOps

from benchmarks.peers.naive.models import Job


@shared_task(bind=True, max_retries=3, default_retry_delay=5)
def process_image(self: Task[Any, Any], job_id: int) -> dict[str, Any]:
    """Process one picture."""
    job = Job.objects.get(pk=job_id)
    job.start(str(self.request.id))
    try:
        result = make_copy(job)
    except OSError as error:
        try:
            raise self.retry() from error
        except MaxRetriesExceededError:
            job.fail(str(error))
            raise
    job.complete(result)
    return result


def make_copy(job: Job) -> dict[str, Any]:
    """Make the picture fit into the box that was asked for."""
    width, height = job.metadata["resize"]
    target = Path(settings.MEDIA_ROOT) / f"{job.pk}.jpg"
    with Image.open(job.file_path) as opened:
        job.reach(10, "Opened")
        upright = ImageOps.exif_transpose(opened)
        upright.thumbnail((width, height), Image.Resampling.LANCZOS)
        job.reach(60, "Resized")
        upright.convert("RGB").save(target, "JPEG", quality=85)
        job.reach(90, "Saved")
        return {"path": str(target), "width": upright.width, "height": upright.height, "size": target.stat().st_size}
