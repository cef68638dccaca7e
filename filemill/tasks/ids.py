"""Identifiers that sort by time."""

import os
import time
import uuid

NANOSECONDS_PER_MILLISECOND = 1_000_000


def uuid7() -> uuid.UUID:
    """Return a UUID of version 7 (RFC 9562): 48 bits of Unix milliseconds, 12 of their fraction, 62 random bits.

    Made here because PostgreSQL has uuidv7() only from version 18 on and Python from 3.14 on. Rows that arrive
    together lie together in the index, and in the order in which they arrived.
    """
    milliseconds, rest = divmod(time.time_ns(), NANOSECONDS_PER_MILLISECOND)
    fraction = rest * 4096 // NANOSECONDS_PER_MILLISECOND
    random = int.from_bytes(os.urandom(8)) & (1 << 62) - 1
    return uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | random)


def celery_id() -> str:
    """Return a new id for Celery; a task keeps it for life."""
    return str(uuid.uuid4())
