"""File locks that end with their holder, however it ends."""

import fcntl
import os
import time
from pathlib import Path

POLL_SECONDS = 0.05


def acquire_lock(path: Path, *, wait_seconds: float = 0.0) -> int | None:
    """Lock `path` and return the descriptor that holds the lock, or None when another holds it for longer than that.

    A child that inherits the descriptor holds the lock as well, so a lock can outlive the process that took it
    exactly as long as its servers do.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                return None
            time.sleep(POLL_SECONDS)
        else:
            return descriptor
