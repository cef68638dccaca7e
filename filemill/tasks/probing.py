"""Probing a file for a plan: in a cage beside the web process, since no byte is parsed in it.

The cage starts with the first plan and ends after a quiet minute: most services never need it.
"""

import atexit
import tempfile
import threading
from pathlib import Path
from typing import Final

from django.conf import settings

from filemill.files.opened import OpenedFile
from filemill.processing.bench import Limits
from filemill.processing.cage import Cage
from filemill.processing.operations.planning import Facts
from filemill.processing.operations.probing import probe
from filemill.tasks.cages import make_cage

QUIET_SECONDS: Final = 60.0
_LIMITS: Final = Limits(
    memory_bytes=512 * 1024**2, cpu_seconds=10, wall_seconds=15.0, output_bytes=1024**2, open_files=64
)


class ProbeRoom:
    """One cage for the plans of this process; one probe at a time, since each takes milliseconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cage: Cage | None = None
        self._closing: threading.Timer | None = None

    def probe(self, opened: OpenedFile, media_type: str) -> Facts:
        """Return what the file's headers tell; raises ProcessingError."""
        with self._lock, tempfile.TemporaryDirectory(prefix="filemill-probe-") as scratch:
            self._stay_open()
            with (
                self._open_cage().open_slice() as cage_slice,
                cage_slice.open_bench(
                    source_fd=opened.fd,
                    media_type=media_type,
                    file_name=opened.name,
                    scratch=Path(scratch),
                    limits=_LIMITS,
                    input_limits=settings.FILEMILL_INPUT_LIMITS,
                ) as bench,
            ):
                return probe(bench)

    def close(self) -> None:
        """End the cage; the next probe starts another."""
        with self._lock:
            if self._cage is not None:
                self._cage.close()
                self._cage = None

    def _open_cage(self) -> Cage:
        if self._cage is None:
            self._cage = make_cage()
        return self._cage

    def _stay_open(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
        self._closing = threading.Timer(QUIET_SECONDS, self.close)
        self._closing.daemon = True
        self._closing.start()


ROOM: Final = ProbeRoom()
atexit.register(ROOM.close)
