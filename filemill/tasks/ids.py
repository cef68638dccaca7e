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


def uuid7_series(count: int) -> list[str]:
    """Return ids as `uuid7` makes them, in rising order: a counter stands where the first random bits would (RFC 9562).

    As texts, and with one look at the clock for all: of a hundred thousand files each is a task.
    """
    if count > 1 << 17:
        raise ValueError(f"{count} ids do not fit one moment: ask for at most {1 << 17}")
    first = uuid7().hex
    prefix = f"{first[:8]}-{first[8:12]}-{first[12:16]}"
    random = os.urandom(6 * count).hex()
    return [
        # The variant's two bits, seventeen of the counter and one that is always 0: five digits.
        f"{prefix}-{(0x80000 | number << 1) >> 4:04x}-{(number << 1) & 0xF:x}{random[12 * number : 12 * number + 11]}"
        for number in range(count)
    ]


def celery_id() -> str:
    """Return a new id for Celery; a task keeps it for life."""
    return str(uuid.uuid4())
