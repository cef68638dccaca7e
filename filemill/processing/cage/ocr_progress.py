"""A plugin of OCRmyPDF's that tells its progress on descriptor 4, a line for each step: `OCR 3/12`.

It is loaded by OCRmyPDF in the cage, and by nothing else.
"""

import os
from types import TracebackType
from typing import Any, Final, Self

from ocrmypdf import hookimpl

_LINES: Final = 4


class LineProgress:
    """What OCRmyPDF takes for a progress bar."""

    def __init__(self, *, total: float | None = None, desc: str | None = None, **_how: Any) -> None:
        self._total = total
        self._step = desc or ""
        self._done = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def update(self, count: float = 1, *, completed: float | None = None) -> None:
        """Tell how far the step is."""
        self._done = self._done + count if completed is None else completed
        if self._total:
            os.write(_LINES, f"{self._step} {self._done:g}/{self._total:g}\n".encode())


@hookimpl
def get_progressbar_class() -> type[LineProgress]:
    """Answer OCRmyPDF's question for a progress bar."""
    return LineProgress
