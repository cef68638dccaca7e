"""One readable log of all parts on one terminal."""

import os
import sys
from collections.abc import Mapping
from typing import TextIO

WIDTH = 8
COLOURS = {"filemill": 1, "web": 36, "worker": 32, "beat": 35, "postgres": 34, "valkey": 33}
LONGEST_LINE_BYTES = 64 * 1024


class Terminal:
    """Writes whole lines, each with the name of the part it comes from, in colour where a person looks on."""

    def __init__(self, stream: TextIO | None = None, *, environ: Mapping[str, str] | None = None) -> None:
        self.stream = stream or sys.stdout
        self.is_coloured = self.stream.isatty() and "NO_COLOR" not in (environ or os.environ)
        self.is_gone = False
        """The reader of our output went away; the service ends, but not with a traceback."""

    def say(self, text: str, *, part: str = "filemill") -> None:
        """Write one line."""
        prefix = f"{part:<{WIDTH}} |"
        if self.is_coloured:
            prefix = f"\x1b[{COLOURS.get(part, 37)}m{prefix}\x1b[0m"
        self._write(f"{prefix} {text}\n")

    def show(self, text: str) -> None:
        """Write a block as it is, set off from the log."""
        self._write(f"\n{text.strip()}\n\n")

    def _write(self, text: str) -> None:
        if self.is_gone:
            return
        try:
            self.stream.write(text)
            self.stream.flush()
        except (BrokenPipeError, OSError):
            self.is_gone = True


class LineReader:
    """Cuts what comes from a pipe, in whatever pieces, into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[str]:
        """Return the lines that `chunk` completes; a line without end is cut so that it can't fill the memory."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > LONGEST_LINE_BYTES:
            lines.append(self._rest)
            self._rest = b""
        return [make_harmless(line) for line in lines]

    def finish(self) -> list[str]:
        """Return what came after the last line end."""
        rest, self._rest = self._rest, b""
        return [make_harmless(rest)] if rest else []


def make_harmless(line: bytes) -> str:
    """Decode a line, its control characters shown instead of obeyed: file names of strangers appear in logs."""
    text = line.decode("utf-8", errors="backslashreplace").rstrip("\r")
    return "".join(
        char if char.isprintable() or char == "\t" else char.encode("unicode_escape").decode() for char in text
    )
