"""How templates say sizes, times and states."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import template
from django.utils import timezone

from filemill.dashboard import facts, wording
from filemill.processing.error_codes import ERROR_CODES, ErrorCode
from filemill.tasks.models import TaskLog

register = template.Library()


@register.filter
def size(size_bytes: int) -> str:
    return wording.say_size(size_bytes)


@register.filter
def age(at: datetime) -> str:
    return wording.say_age((timezone.now() - at).total_seconds())


@register.filter
def dimensions(output: dict[str, Any]) -> str:
    return wording.say_dimensions(output)


@register.filter
def error_code(code: str | None) -> ErrorCode | None:
    return ERROR_CODES.get(code or "")


@register.filter
def thumbnail(task: TaskLog) -> str:
    """Return the address of the picture that stands for a task in a list, or nothing."""
    name = facts.thumbnail_name(task)
    return wording.output_address(task.pk, name, inline=True) if name else ""


@register.filter
def took(task: TaskLog) -> str:
    """Say how long the last attempt worked, or works by now; nothing before it has begun."""
    if task.started_at is None:
        return ""
    return wording.say_duration(((task.finished_at or timezone.now()) - task.started_at).total_seconds())


@register.simple_tag
def output_address(task_id: UUID, name: str) -> str:
    return wording.output_address(task_id, name)


@register.simple_tag
def shown_address(task_id: UUID, name: str) -> str:
    return wording.output_address(task_id, name, inline=True)
