"""The pulse of a worker process: it renews leases and kills work that is not the process's any more.

It has a database connection of its own, so that neither a long statement nor a lock of the work can make a lease run
out. Once a second it looks whether a watched task was cancelled or taken over; PostgreSQL's NOTIFY makes that look
happen at once.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import Error, connection

from filemill.tasks.models import TaskLog
from filemill.tasks.node import node
from filemill.tasks.sweeping import Sweeper
from filemill.tasks.transition import KILL_CHANNEL

logger = logging.getLogger(__name__)

DATABASE_ERRORS = (Error, psycopg.Error)
"""Waiting for a notice goes past Django, straight to psycopg, whose errors are not Django's."""
LOOK_SECONDS = 1.0
REPORT_SECONDS = 5.0

RENEW = """
    UPDATE tasks_tasklog t SET lease_until = statement_timestamp() + %s * interval '1 second'
    FROM unnest(%s::uuid[], %s::bigint[]) AS w(id, fence)
    WHERE t.id = w.id AND t.fence = w.fence AND t.status = 'processing'"""
GONE = """
    SELECT w.id, w.fence FROM unnest(%s::uuid[], %s::bigint[]) AS w(id, fence)
    LEFT JOIN tasks_tasklog t ON t.id = w.id AND t.fence = w.fence AND t.status = 'processing'
    WHERE t.id IS NULL"""
REPORT = """
    INSERT INTO tasks_workernode (id, name, concurrency, started_at, seen_at)
    VALUES (%s, %s, %s, statement_timestamp(), statement_timestamp())
    ON CONFLICT (id) DO UPDATE SET seen_at = statement_timestamp(), concurrency = excluded.concurrency"""


class KillReason(StrEnum):
    """Why a run was killed."""

    NOT_OURS = "not_ours"  # cancelled by a person, or rescued: its row has moved on without us
    LEASE_UNSURE = "lease_unsure"  # the database could not be reached for a whole lease
    STOPPING = "stopping"  # the worker shuts down and its grace is over


@dataclass(kw_only=True)
class Watched:
    """A run under watch; `reason` is set when it was killed."""

    fence: int
    renewed_at: float
    kill: Callable[[], None] | None = None
    reason: KillReason | None = None

    def hand_over(self, kill: Callable[[], None]) -> None:
        """Begin to run what `kill` ends; it is called from the pulse's threads, or here when it is too late already."""
        self.kill = kill
        if self.reason is not None:
            kill()


class Pulse(threading.Thread):
    """One per worker process."""

    def __init__(self) -> None:
        super().__init__(name="pulse", daemon=True)
        self._watched: dict[UUID, Watched] = {}
        self._lock = threading.Lock()
        self._renew_at = 0.0
        self._report_at = 0.0
        self._is_listening = False
        self._sweeper = Sweeper()

    def start(self) -> None:
        super().start()
        threading.Thread(target=self._guard_leases, name="lease-guard", daemon=True).start()

    def watch(self, task: TaskLog) -> Watched:
        """Keep the task's lease alive until `unwatch`; what is handed over is killed when its run must end."""
        watched = Watched(fence=task.fence, renewed_at=time.monotonic())
        with self._lock:
            self._watched[task.pk] = watched
        return watched

    def unwatch(self, task: TaskLog) -> None:
        """Let go of this claim of the task; this process may have claimed it anew meanwhile."""
        with self._lock:
            watched = self._watched.get(task.pk)
            if watched is not None and watched.fence == task.fence:
                del self._watched[task.pk]

    def run(self) -> None:
        """Beat for as long as the process lives: a pulse that ended would cost every lease of the process, unseen."""
        while True:
            try:
                self._beat()
            except DATABASE_ERRORS as error:
                logger.warning("the pulse can't reach the database: %s", error)
                self._lose_connection()
            except Exception:
                logger.exception("the pulse missed a beat")
                self._lose_connection()

    def _guard_leases(self) -> None:
        """Watch the leases on a thread of its own, which never asks the database.

        Over a link cut without a word, or before a server that is frozen, the pulse itself hangs in its statement for
        far longer than a lease.
        """
        pace_seconds = min(LOOK_SECONDS, settings.FILEMILL_HEARTBEAT_SECONDS) / 2
        while True:
            time.sleep(pace_seconds)
            try:
                self._kill_what_is_unsure(settings.FILEMILL_LEASE_SECONDS - pace_seconds)
            except Exception:  # A guard that ended would leave every lease of the process unwatched, unseen.
                logger.exception("the guard of the leases missed a look")

    def _kill_what_is_unsure(self, age_seconds: float) -> None:
        """Kill what was not renewed for so long: within a pace its lease will be over."""
        now = time.monotonic()
        for watched in self._all():
            if now - watched.renewed_at > age_seconds:
                self._kill(watched, KillReason.LEASE_UNSURE)

    def _beat(self) -> None:
        self._kill_what_must_stop()
        if not self._is_listening:
            self._listen()
        self._renew_when_due()
        self._report_when_due()
        self._sweeper.sweep_when_due()
        self._kill_what_is_gone()
        self._wait_for_notice()

    def _listen(self) -> None:
        # Far below the lease: a stuck statement must not cost us the leases of all that we watch.
        timeout_ms = max(500, int(settings.FILEMILL_LEASE_SECONDS * 1000 / 3))
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, false)", [f"{timeout_ms}ms"])
            cursor.execute(f"LISTEN {KILL_CHANNEL}")
        # Nor must one lost on the way: TCP tries a link that was cut ever more rarely, also once it is whole again,
        # and what this process claims meanwhile would find no pulse.
        with socket.socket(fileno=os.dup(connection.connection.fileno())) as link:
            if link.family != socket.AF_UNIX:
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, timeout_ms)
        self._is_listening = True

    def _lose_connection(self) -> None:
        self._is_listening = False
        connection.close()
        # Nothing can tell that the database is back but trying; this sets the pace of the tries.
        threading.Event().wait(min(LOOK_SECONDS, settings.FILEMILL_HEARTBEAT_SECONDS))

    def _renew_when_due(self) -> None:
        if time.monotonic() < self._renew_at:
            return
        watched = self._pairs()
        now = time.monotonic()
        if watched:
            ids, fences = zip(*watched, strict=True)
            with connection.cursor() as cursor:
                cursor.execute(RENEW, [settings.FILEMILL_LEASE_SECONDS, list(ids), list(fences)])
            for one in self._all():
                one.renewed_at = max(one.renewed_at, now)
        self._renew_at = now + settings.FILEMILL_HEARTBEAT_SECONDS

    def _report_when_due(self) -> None:
        if time.monotonic() < self._report_at:
            return
        with connection.cursor() as cursor:
            cursor.execute(REPORT, [str(node.id), node.name, node.concurrency])
        self._report_at = time.monotonic() + REPORT_SECONDS

    def _kill_what_is_gone(self) -> None:
        watched = self._pairs()
        if not watched:
            return
        ids, fences = zip(*watched, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(GONE, [list(ids), list(fences)])
            gone = cursor.fetchall()
        for task_id, fence in gone:
            with self._lock:
                found = self._watched.get(task_id)
            if found is not None and found.fence == fence:
                self._kill(found, KillReason.NOT_OURS)

    def _kill_what_must_stop(self) -> None:
        stopping = node.stopping_for_seconds()
        if stopping is not None and stopping > settings.FILEMILL_STOP_GRACE_SECONDS:
            for watched in self._all():
                self._kill(watched, KillReason.STOPPING)

    def _wait_for_notice(self) -> None:
        """Wait until somebody notifies or a look is due; what was said does not matter, the rows do."""
        timeout = min(LOOK_SECONDS, settings.FILEMILL_HEARTBEAT_SECONDS)
        connection.ensure_connection()
        for _ in connection.connection.notifies(timeout=timeout, stop_after=1):
            break

    @staticmethod
    def _kill(watched: Watched, reason: KillReason) -> None:
        if watched.reason is None:
            watched.reason = reason
            # Whatever is handed over from now on sees the reason.
            if watched.kill is not None:
                watched.kill()

    def _all(self) -> list[Watched]:
        with self._lock:
            return list(self._watched.values())

    def _pairs(self) -> list[tuple[UUID, int]]:
        with self._lock:
            return [(task_id, watched.fence) for task_id, watched in self._watched.items()]
