"""The self-test: canaries that a sealed child and a tool must not be able to touch on this very machine."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filemill.processing.bench import Limits
from filemill.processing.cage.cage import Cage
from filemill.processing.cage.canaries import ATTEMPTS, try_canaries
from filemill.processing.cage.slice_bench import SliceBench
from filemill.processing.errors import ProcessingError

_LIMITS: Final = Limits(memory_bytes=512 * 1024**2, cpu_seconds=10, wall_seconds=20.0, output_bytes=1024**2)
_CANARY: Final = "a canary that nobody in the cage may read"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One canary: who tried what, whether the cage refused it, and how it answered."""

    who: str
    attempt: str
    is_refused: bool
    answer: str


def run(cage: Cage) -> list[Finding]:
    """Try every canary from inside a sealed child and from a tool; each must be refused.

    The cage must preload `filemill.processing.cage.canaries`, as it does by default.
    """
    with tempfile.TemporaryDirectory(prefix="filemill-selftest-") as scratch, tempfile.TemporaryFile() as source:
        source.write(b"nothing to see")
        source.flush()
        canary = Path(scratch) / "canary.txt"
        canary.write_text(_CANARY)
        # World-readable on purpose: the cage has to refuse it, not the file's mode.
        Path(scratch).chmod(0o755)
        canary.chmod(0o644)
        with (
            cage.open_slice() as work,
            work.open_bench(
                source_fd=source.fileno(),
                media_type="text/plain",
                file_name="canary",
                scratch=Path(scratch),
                limits=_LIMITS,
            ) as bench,
        ):
            return [*_try_sealed_child(bench, canary), *_try_tool(bench, canary)]


def _try_sealed_child(bench: SliceBench, canary: Path) -> list[Finding]:
    told = bench.call(try_canaries, {"canary": str(canary), "worker": os.getpid()})
    return [
        Finding(
            who="sealed child",
            attempt=attempt,
            is_refused=str(told.get(attempt, "")).startswith("refused"),
            answer=str(told.get(attempt, "was not tried")),
        )
        for attempt in ATTEMPTS
    ]


def _try_tool(bench: SliceBench, canary: Path) -> list[Finding]:
    """Let FFmpeg, under the lock that every tool gets, copy the canary, write beside it, and connect."""
    to_output = ["-map", "0", "-c", "copy", "-f", "data", "-fd", "5", "fd:"]
    to_nothing = ["-f", "null", "-"]
    attempts = {
        "read a file": ["-f", "data", "-i", f"file:{canary}", *to_output],
        "read /etc/passwd": ["-f", "data", "-i", "file:/etc/passwd", *to_output],
        "write a file": ["-f", "lavfi", "-i", "color", "-frames:v", "1", "-f", "rawvideo", f"file:{canary}.written"],
        "open an INET socket": ["-f", "data", "-i", "tcp://127.0.0.1:9", *to_nothing],
        "open a Unix socket": ["-f", "data", "-i", f"unix:{canary}.socket", *to_nothing],
    }
    return [_try_tool_attempt(bench, attempt, arguments, canary) for attempt, arguments in attempts.items()]


def _try_tool_attempt(bench: SliceBench, attempt: str, arguments: list[str], canary: Path) -> Finding:
    output = bench.create_output("loot.txt", "text/plain")
    try:
        ended = bench.run_tool("ffmpeg", ["-nostdin", "-v", "error", *arguments], outputs=[output])
        answer = ended.stderr_tail.strip().splitlines()[0] if ended.stderr_tail.strip() else "it said nothing"
        has_loot = output.path.stat().st_size > 0 or Path(f"{canary}.written").exists()
        is_refused = ended.returncode != 0 and not has_loot and _names_a_refusal(ended.stderr_tail)
    except ProcessingError as error:
        is_refused, answer = False, f"it could not be tried: {error}"
    finally:
        bench.discard(output)
    return Finding(who="tool", attempt=attempt, is_refused=is_refused, answer=answer)


def _names_a_refusal(words: str) -> bool:
    """Tell a refusal from a failure for another reason, such as a connection that nobody answered."""
    return "Permission denied" in words or "Operation not permitted" in words
