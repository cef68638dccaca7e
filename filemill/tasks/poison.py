"""Files that kill the cage: remembered by their content, so that no other task has to die of the same bytes.

Only a death of the cage while this very file was in it counts; a lost worker never does. Deaths are counted per
version of Filemill, since a new one may well read what an old one died of.
"""

import hashlib
import os
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
MOST_SIZES: Final = 1000

REMEMBER = """
    INSERT INTO tasks_cagedeath (file_size, sha256, version, task_id, attempt, created_at)
    VALUES (%s, %s, %s, %s, %s, statement_timestamp())"""
SIZES = "SELECT DISTINCT file_size FROM tasks_cagedeath WHERE version = %s LIMIT %s"
COUNT = "SELECT count(*) FROM tasks_cagedeath WHERE file_size = %s AND sha256 = %s AND version = %s"
PRUNE = "DELETE FROM tasks_cagedeath WHERE created_at < statement_timestamp() - %s * interval '1 day'"


def remember_death(task: TaskLog, opened: OpenedFile) -> None:
    """Record that the cage died on this content."""
    with connection.cursor() as cursor:
        cursor.execute(REMEMBER, [opened.size, content_hash(opened), __version__, str(task.pk), task.attempt])


@dataclass(frozen=True, kw_only=True)
class Suspects:
    """The sizes of files that have killed the cage: nothing of another size need be looked at."""

    sizes: frozenset[int]
    is_complete: bool

    def may_hold(self, size: int) -> bool:
        return not self.is_complete or size in self.sizes


def list_suspects() -> Suspects:
    """Ask once for several files, most of which are of no such size."""
    with connection.cursor() as cursor:
        cursor.execute(SIZES, [__version__, MOST_SIZES])
        sizes = frozenset(int(size) for (size,) in cursor.fetchall())
    return Suspects(sizes=sizes, is_complete=len(sizes) < MOST_SIZES)


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
