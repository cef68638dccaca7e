"""The Celery tasks: thin doors into execution. Their names are public and pinned (contract S7)."""

import ctypes
import gc
import logging
import os
import signal
from functools import partial
from typing import Any

from celery import Task, shared_task, signals
from celery.exceptions import Ignore
from django.conf import settings
from django.db import close_old_connections

from filemill.faultpoints import faultpoint
from filemill.processing.errors import SystemFault
from filemill.tasks import batches, broker, cage_check, chores, dispatch, lifecycle, overdue_moves, passing_on, roster
from filemill.tasks.cages import make_cage, start_fork_server
from filemill.tasks.execution import execute, follow_up
from filemill.tasks.models import TaskLog
from filemill.tasks.node import node
from filemill.tasks.pulse import Pulse
from filemill.tasks.settler import Settler
from filemill.tasks.statuses import Status

logger = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1


class TaskFailed(Exception):
    """How a failed task shows in Celery's result backend; the truth is in the row."""


class Crew:
    """What a worker process works with: its cage and its pulse, made on first use and after the fork."""

    def __init__(self) -> None:
        self.cage = make_cage(node.fork_server)
        self.pulse = Pulse()
        self.pulse.start()
        self.settler = Settler(self.pulse)


_crews: dict[int, Crew] = {}


def crew() -> Crew:
    """Return this process's crew; a forked child never uses its parent's threads, sockets or cage."""
    pid = os.getpid()
    if pid not in _crews:
        _crews.clear()
        _crews[pid] = Crew()
    return _crews[pid]


@shared_task(name=broker.FILE_PROCESSING, bind=True)
def file_processing(self: Task[Any, Any], task_id: str) -> dict[str, Any] | None:
    """Work on one task, if it is still there to be claimed."""
    faultpoint("received")
    hands = crew()
    task = lifecycle.start(task_id, worker=node.as_worker())
    if task is None:
        let_go(task_id)
        return _report(self, task_id)
    _forget_earlier_result(self, task)
    with hands.cage.open_slice() as cage_slice:
        moved = execute([task], cage_slice=cage_slice, pulse=hands.pulse)
    hands.settler.send_afterwards(partial(follow_up, moved))
    passing_on.pass_on(user_id=task.user_id, task_type=task.task_type)
    return _report(self, task_id)


def let_go(task_id: str) -> None:
    """Put back a task that could not be claimed, if it may not begin yet; fail it if it may not begin any more.

    Put back, an overdue one would be sent again at once, and again, until the sweeper's next round.
    """
    if (expired := overdue_moves.expire_one(task_id)) is not None:
        logger.warning("expired: nobody started it before its deadline", extra={"task_id": task_id})
        follow_up([expired])
    else:
        logger.info("nothing to claim: another worker was first, it ended or must wait", extra={"task_id": task_id})
        dispatch.put_back(task_id)


@shared_task(name=broker.BULK_FILE_PROCESSING, ignore_result=True)
def bulk_file_processing(batch_id: str) -> int:
    """Work on a slice of a batch."""
    faultpoint("slice.received")
    hands = crew()
    return batches.run_slice(batch_id, cage=hands.cage, pulse=hands.pulse, settler=hands.settler)


@shared_task(name="tasks.chore", ignore_result=True)
def chore(name: str) -> None:
    """Do one of the scheduled chores."""
    chores.CHORES[name]()


def _report(celery_task: Task[Any, Any], task_id: str) -> dict[str, Any] | None:
    """Tell Celery's result backend, where there is one, how the row stands (contract S2).

    The row is asked, and not this hand: another may have gone on with the task, or have ended it, in the meantime.
    """
    if settings.CELERY_RESULT_BACKEND is None:
        return None
    task = TaskLog.objects.filter(pk=task_id).first()
    if task is None or task.status == Status.PROCESSING:
        raise Ignore
    if task.status == Status.COMPLETED:
        return {"id": str(task.pk), "status": task.status, "result": task.result}
    if task.status == Status.FAILED:
        failure = TaskFailed(f"{task.error_code}: {task.error_message}")
        celery_task.backend.mark_as_failure(str(celery_task.request.id), failure)
    elif task.status == Status.CANCELLED:
        celery_task.backend.mark_as_revoked(str(celery_task.request.id), "cancelled")
    else:
        celery_task.update_state(state="RETRY", meta=None)
    raise Ignore


def _forget_earlier_result(celery_task: Task[Any, Any], task: TaskLog) -> None:
    """Make room for the result of a retried task: the backend lets nothing replace a success."""
    if settings.CELERY_RESULT_BACKEND is not None and task.generation > 1:
        celery_task.backend.forget(str(celery_task.request.id))


@signals.task_prerun.connect
def _part_with_dead_connection(**_: Any) -> None:
    """Keep the connection from task to task unless it is dead, as Django does from request to request.

    A new one takes longer than a small picture does, and has none of the prepared statements.
    """
    close_old_connections()


@signals.task_failure.connect
def _log_breakdown(sender: Any = None, args: Any = (), exception: Any = None, **_: Any) -> None:
    """Tell of an attempt that broke off, in the process that broke or in the parent of one that died.

    Celery's own line knows no id but its own. The row is left to its lease.
    """
    if sender is not None and sender.name == broker.FILE_PROCESSING and args:
        logger.error("the attempt broke off: %r", exception, extra={"task_id": args[0]})


@signals.worker_init.connect
def _remember_main_process(sender: Any = None, **_: Any) -> None:
    node.pid = os.getpid()
    node.concurrency = int(getattr(sender, "concurrency", None) or 1)
    node.fork_server = start_fork_server()
    cage_check.refuse_open_cage(node.fork_server)
    roster.strike_out_dead()


@signals.worker_before_create_process.connect
def _keep_memory_shared(**_: Any) -> None:
    """Leave what the parent has loaded out of its children's collections, whose marks would copy every page of it."""
    gc.collect()
    gc.freeze()


@signals.worker_process_init.connect
def _prepare_process(**_: Any) -> None:
    if os.getpid() != node.pid:
        # kill -9 of the worker must not leave children that go on working unseen.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != node.pid:
            os._exit(1)  # the parent died before it could be watched
    _warm_up(crew())


def _warm_up(hands: Crew) -> None:
    """Start the cage before the first file comes, and tell the log what confines it here."""
    try:
        logger.info("the cage holds: %s", hands.cage.layers())
    except SystemFault:
        # The worker lives on and its tasks fail with this very error; `filemill doctor` tells what to mend.
        logger.exception("the cage does not start")


@signals.worker_process_shutdown.connect
def _finish(**_: Any) -> None:
    """Let nothing be cut off that goes on behind the last task."""
    if os.getpid() in _crews:
        crew().settler.close()


@signals.worker_shutting_down.connect
def _begin_stopping(**_: Any) -> None:
    node.begin_stopping()


@signals.worker_shutdown.connect
def _sign_off(**_: Any) -> None:
    if node.fork_server is not None:
        node.fork_server.close()
        node.fork_server = None
    roster.sign_off()
