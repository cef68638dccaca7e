"""Idempotency keys: a request that is sent twice is done once, and answered twice alike.

The key's row is written in the transaction that does the work. Of two requests with one key, the second waits in
PostgreSQL's unique index until the first has committed or rolled back; then it finds the answer, or does the work.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction

KEPT_HOURS = 24

RESERVE = """
    INSERT INTO tasks_idempotencykey (user_id, key, fingerprint, answer, created_at)
    VALUES (%(user_id)s, %(key)s, %(fingerprint)s, NULL, statement_timestamp())
    ON CONFLICT (user_id, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, answer = NULL, created_at = excluded.created_at
    WHERE tasks_idempotencykey.created_at < statement_timestamp() - %(kept_hours)s * interval '1 hour'
    RETURNING id"""
FIND = "SELECT fingerprint, answer FROM tasks_idempotencykey WHERE user_id = %s AND key = %s"
KEEP = "UPDATE tasks_idempotencykey SET answer = %s::jsonb WHERE id = %s"
PRUNE = """
    DELETE FROM tasks_idempotencykey WHERE id IN (
        SELECT id FROM tasks_idempotencykey
        WHERE created_at < statement_timestamp() - %s * interval '1 hour' LIMIT %s)"""
BITE = 5000


class KeyReused(Exception):
    """The key was used for another request."""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What was answered, now or the first time."""

    answer: dict[str, Any]
    is_replay: bool


def do_once(*, user: User, key: str, fingerprint: str, work: Callable[[], dict[str, Any]]) -> Answered:
    """Do the work unless this user's key has done it; return its answer, which is JSON-able.

    Work that raises leaves no trace of the key. Raises KeyReused when the key belongs to another `fingerprint`.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(RESERVE, {"user_id": user.pk, "key": key, "fingerprint": fingerprint, "kept_hours": KEPT_HOURS})
        reserved = cursor.fetchone()
        if reserved is None:
            return _replay(user, key, fingerprint)
        answer = work()
        cursor.execute(KEEP, [json.dumps(answer), reserved[0]])
    return Answered(answer=answer, is_replay=False)


def _replay(user: User, key: str, fingerprint: str) -> Answered:
    with connection.cursor() as cursor:
        cursor.execute(FIND, [user.pk, key])
        found = cursor.fetchone()
    if found is None or found[0] != fingerprint:
        raise KeyReused
    return Answered(answer=json.loads(found[1]) if isinstance(found[1], str) else found[1], is_replay=True)


def prune() -> int:
    """Delete the keys whose time is over, in bites; return how many went."""
    pruned = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(PRUNE, [KEPT_HOURS, BITE])
            bite = int(cursor.rowcount)
            pruned += bite
            if bite < BITE:
                return pruned
