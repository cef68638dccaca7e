"""Identifiers that sort by time."""

import os
import time
import uuid


def uuid7() -> uuid.UUID:
    """Return a UUID of version 7 (RFC 9562): 48 bits of Unix milliseconds, then random bits.

    Made here because PostgreSQL has uuidv7() only from version 18 on and Python from 3.14 on; rows that arrive
    together lie together in the index.
    """
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10))
    value = (milliseconds & (1 << 48) - 1) << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


def celery_id() -> str:
    """Return a new id for Celery; a task keeps it for life."""
    return str(uuid.uuid4())
