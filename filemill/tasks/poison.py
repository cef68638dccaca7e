"""Files that kill the cage: remembered by their content, so that no other task has to die of the same bytes.

Only a death of the cage while this very file was in it counts; a lost worker never does. Deaths are counted per
version of Filemill, since a new one may well read what an old one died of.
"""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db import connection

from filemill import __version__
from filemill.files.opened import OpenedFile
from filemill.processing.errors import InputError
from filemill.tasks.models import TaskLog
from filemill.tasks.retries import POISON_DEATHS

KEPT_DAYS: Final = 30
READ_BYTES: Final = 1024 * 1024

REMEMBER = """
    INSERT INTO tasks_cagedeath (file_size, sha256, version, task_id, attempt, created_at)
    VALUES (%s, %s, %s, %s, %s, statement_timestamp())"""
SIZES = "SELECT DISTINCT file_size FROM tasks_cagedeath WHERE file_size = ANY(%s) AND version = %s"
COUNT = "SELECT count(*) FROM tasks_cagedeath WHERE file_size = %s AND sha256 = %s AND version = %s"
PRUNE = "DELETE FROM tasks_cagedeath WHERE created_at < statement_timestamp() - %s * interval '1 day'"


def remember_death(task: TaskLog, opened: OpenedFile) -> None:
    """Record that the cage died on this content."""
    with connection.cursor() as cursor:
        cursor.execute(REMEMBER, [opened.size, content_hash(opened), __version__, str(task.pk), task.attempt])


@dataclass(frozen=True, kw_only=True)
class Suspects:
    """Which sizes were asked for, and at which of them a file has killed the cage."""

    asked: frozenset[int]
    found: frozenset[int]

    def may_hold(self, size: int) -> bool:
        """Say whether a file of this size is to be looked at; one that has changed its size since was not asked for."""
        return size in self.found or size not in self.asked


def list_suspects(tasks: Iterable[TaskLog]) -> Suspects:
    """Ask once for several files, most of which are of no such size."""
    asked = frozenset(task.file_size for task in tasks)
    with connection.cursor() as cursor:
        cursor.execute(SIZES, [list(asked), __version__])
        return Suspects(asked=asked, found=frozenset(int(size) for (size,) in cursor.fetchall()))


def refuse_known(task: TaskLog, opened: OpenedFile, suspects: Suspects) -> None:
    """Raise InputError (`poison`) for content that has killed the cage often enough, in whichever task.

    Nothing is hashed unless a file of this very size has killed before. A task that a person has retried runs all the
    same: they decided to try again, and its own deaths still count.
    """
    if task.generation > 1 or not suspects.may_hold(opened.size):
        return
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [opened.size, content_hash(opened), __version__])
        deaths = int(cursor.fetchone()[0])
    if deaths >= POISON_DEATHS:
        raise InputError(
            f"The confined process died {deaths} times on a file with this very content; it is not tried again.",
            code="poison",
            evidence={"deaths_of_this_content": deaths},
        )


def content_hash(opened: OpenedFile) -> str:
    """Return the SHA-256 of the file, without moving its offset."""
    digest = hashlib.sha256()
    offset = 0
    while piece := os.pread(opened.fd, READ_BYTES, offset):
        digest.update(piece)
        offset += len(piece)
    return digest.hexdigest()


def prune() -> None:
    """Forget deaths that are long past."""
    with connection.cursor() as cursor:
        cursor.execute(PRUNE, [KEPT_DAYS])
