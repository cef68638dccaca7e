"""The use-cases: what a person or a program can do with tasks. The doors call these and nothing below them.

Sending after a commit is `robust`: what is committed is answered as done, and the sweeper sends what was not sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from filemill.faultpoints import faultpoint
from filemill.files.sources import Source
from filemill.tasks import dispatch, intake, lifecycle, results
from filemill.tasks.drafts import Asked
from filemill.tasks.intake import Intake
from filemill.tasks.models import Batch, TaskLog
from filemill.tasks.refusals import Conflict, Problem, Refused
from filemill.tasks.statuses import Lane, Status, TaskType
from filemill.tasks.taking import Rejected, take_paths
from filemill.tasks.timing import Timing, check_timing
from filemill.tasks.wishes import Wish, check_wish, collect, fit_wish


@dataclass(frozen=True, kw_only=True)
class BulkOutcome:
    """What became of a bulk request."""

    batch: Batch
    rejected: list[Rejected] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a request says of every file in it, checked."""

    user: User
    task_type: str
    wish: Wish
    inputs: list[dict[str, Any]]
    tags: list[str]
    timing: Timing

    @property
    def input_types(self) -> list[str]:
        """The media types of the further files."""
        return [str(found["media_type"]) for found in self.inputs]


def submit(
    *,
    user: User,
    task_type: object,
    source: Source,
    asked: Asked | None = None,
    inputs: object = None,
    tags: object = None,
    strict: bool = False,
) -> TaskLog:
    """Accept one file: check everything, store the task, and hand it to a worker after commit.

    Raises Refused with every problem that can be told at once. Works while the broker is down.
    """
    kind = intake.check_task_type(task_type)
    problems: list[Problem] = []
    order = check_order(problems, user, kind, asked or Asked(), inputs=inputs, tags=tags, strict=strict)
    field_name = "file" if source.kind == "upload" else "file_path"
    found = collect(problems, lambda: intake.examine(source, task_type=kind, field=field_name))
    if order is not None and found is not None:
        collect(problems, lambda: fit_wish(order.wish, found.media_type, order.input_types))
    if problems or order is None or found is None:
        raise Refused(problems)
    task = _new_task(order, source=source, found=found)
    faultpoint("create.before_commit")
    has_room = lifecycle.create_next(task, dispatch.turn_of(task))
    transaction.on_commit(lambda: faultpoint("create.after_commit"))
    transaction.on_commit(lambda: dispatch.send_new(task, has_room=has_room), robust=True)
    faultpoint("create.before_response")
    return task


def submit_bulk(
    *,
    user: User,
    task_type: object,
    file_paths: Sequence[str],
    asked: Asked | None = None,
    inputs: object = None,
    tags: object = None,
    parallel: bool = True,
    strict: bool = False,
    all_or_nothing: bool = False,
) -> BulkOutcome:
    """Accept many files at once; those that can't be taken are named by index, the others go on.

    Raises Refused when the request itself is wrong or not one file can be taken; with `all_or_nothing` already when
    one of them can't.
    """
    kind = intake.check_task_type(task_type)
    problems: list[Problem] = []
    order = check_order(problems, user, kind, asked or Asked(), inputs=inputs, tags=tags, strict=strict)
    if problems or order is None:
        raise Refused(problems)
    priority = order.timing.priority
    batch = Batch(user=user, task_type=kind, parallel=parallel, priority=priority, files_count=0)
    taken = take_paths(
        file_paths, task_type=kind, fit=lambda media_type: fit_wish(order.wish, media_type, order.input_types)
    )
    if taken.count == 0 or (all_or_nothing and taken.rejected):
        raise taken.refusal()
    batch.files_count = taken.count
    with transaction.atomic():
        batch.save(force_insert=True)
        lifecycle.create_alike(_new_task_of_batch(order, batch), taken.chunks)
        faultpoint("bulk.before_commit")
        transaction.on_commit(lambda: dispatch.send_batch(batch), robust=True)
    return BulkOutcome(batch=batch, rejected=taken.rejected)


def check_order(
    problems: list[Problem], user: User, task_type: str, asked: Asked, *, inputs: object, tags: object, strict: bool
) -> Order | None:
    """Check what a request says of every file in it; what is wrong joins the problems."""
    wish = collect(problems, lambda: check_wish(task_type, asked, strict=strict))
    readable = wish.readable_inputs if wish else frozenset()
    found = collect(problems, lambda: intake.examine_inputs(inputs, readable=readable))
    checked_tags = collect(problems, lambda: intake.check_tags(tags))
    timing = collect(problems, lambda: check_timing(asked))
    if wish is None or found is None or checked_tags is None or timing is None:
        return None
    return Order(user=user, task_type=task_type, wish=wish, inputs=found, tags=checked_tags, timing=timing)


def cancel(task: TaskLog, *, by: User, reason: str = "") -> TaskLog:
    """End a pending or processing task at once; raise Conflict when it has ended already."""
    moved = lifecycle.cancel(task.pk, reason=reason, by=by.get_username())
    if moved is None:
        task.refresh_from_db()
        message = f"The task is {task.status} and can't be cancelled any more; only pending and processing tasks can."
        raise Conflict(message, code="not_cancellable", status=task.status)
    transaction.on_commit(lambda: dispatch.refill(user_id=moved.user_id, lane=moved.lane), robust=True)
    return moved


def retry(task: TaskLog, *, by: User, force: bool = False) -> TaskLog:
    """Begin an ended task anew; raise Conflict when its state or its count of retries does not allow it."""
    with transaction.atomic():
        moved = lifecycle.retry(task, by=by.get_username(), force=force)
        if moved is not None:
            transaction.on_commit(lambda: dispatch.refill(user_id=moved.user_id, lane=moved.lane), robust=True)
    if moved is None:
        task.refresh_from_db()
        raise _retry_conflict(task, force=force)
    results.forget(task.pk)
    return moved


def _retry_conflict(task: TaskLog, *, force: bool) -> Conflict:
    if task.status == Status.COMPLETED and not force:
        message = "The task is completed; send force: true to run it again."
    elif task.retry_count >= task.max_retries and task.status in {Status.FAILED, Status.CANCELLED}:
        message = f"The task was re-run {task.retry_count} times, as often as allowed; send force: true to go on."
        return Conflict(message, code="retry_limit_reached", status=task.status)
    else:
        message = f"The task is {task.status}; only failed and cancelled tasks can be retried."
    return Conflict(message, code="not_retryable", status=task.status)


def _new_task_of_batch(order: Order, batch: Batch) -> TaskLog:
    """Return what the tasks of a batch have in common: one of them, but for its file."""
    nothing = Intake(file_name="", file_size=0, file_path="", media_type="")
    task = _new_task(order, source=Source.from_path(""), found=nothing)
    task.batch, task.lane = batch, _lane_of(order.task_type, parallel=batch.parallel)
    return task


def _lane_of(task_type: str, *, parallel: bool) -> Lane:
    """Large files travel alone: a video would hold up its slice; an ordered batch keeps to its one slice."""
    return Lane.BULK if parallel and task_type == TaskType.VIDEO else Lane.SLICE


def _new_task(order: Order, *, source: Source, found: Intake) -> TaskLog:
    return TaskLog(
        user_id=order.user.pk,
        task_type=order.task_type,
        status=Status.PENDING,
        source=source.to_json(),
        file_name=found.file_name,
        file_size=found.file_size,
        file_path=found.file_path,
        media_type=found.media_type,
        operation=order.wish.operation,
        options=order.wish.options,
        steps=order.wish.kept_steps,
        inputs=order.inputs,
        metadata=order.wish.metadata,
        warnings=order.wish.warnings,
        tags=order.tags,
        priority=order.timing.priority,
        run_at=order.timing.run_at,
        expires_at=order.timing.expires_at,
        max_retries=order.wish.max_retries,
    )
