"""Directories of the service's own: made private, made durable."""

import os
from pathlib import Path


def make_private_directory(path: Path) -> Path:
    """Make a directory, and those above it, readable by the service alone; one that exists is left as it is."""
    while not path.is_dir():
        try:
            path.mkdir(mode=0o700, exist_ok=True)
        except FileNotFoundError:
            # Also when another process removed the empty parent in between: then it is made anew.
            make_private_directory(path.parent)
    return path


def sync_directory(path: Path) -> None:
    """Make the names in a directory survive a power cut; syncing the files alone does not."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
