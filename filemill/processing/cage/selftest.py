"""The self-test: canaries that a sealed child and a tool must not be able to touch on this very machine.

It starts them as every file's processes are started, so what holds here holds for files: a layer that fell away without
a word would show.
"""

import json
import os
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from filemill.processing.bench import Limits, Workspace
from filemill.processing.cage import tools
from filemill.processing.cage.cage import Cage
from filemill.processing.cage.canaries import SEALED_ATTEMPTS, TOOL_ATTEMPTS, Targets, try_canaries
from filemill.processing.cage.slice_bench import SliceBench
from filemill.processing.errors import ProcessingError

_LIMITS: Final = Limits(
    memory_bytes=512 * 1024**2, cpu_seconds=10, wall_seconds=20.0, output_bytes=1024**2, processes=4
)
_CANARY: Final = "a canary that nobody in the cage may read"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One canary: who tried what, whether the cage refused it, and how it answered."""

    who: str
    attempt: str
    is_refused: bool
    answer: str

    def __str__(self) -> str:
        return f"{self.who}: {self.attempt}: {self.answer}"


def run(cage: Cage) -> list[Finding]:
    """Try every canary from a sealed child, a tool and a tool with a workspace; each must be refused."""
    with (
        tempfile.TemporaryDirectory(prefix="filemill-selftest-") as scratch,
        tempfile.TemporaryFile() as source,
        _place_targets(Path(scratch)) as targets,
    ):
        source.write(b"nothing to see")
        source.flush()
        with (
            cage.open_slice() as work,
            work.open_bench(
                source_fd=source.fileno(),
                media_type="text/plain",
                file_name="canary",
                scratch=Path(scratch),
                limits=_LIMITS,
            ) as bench,
            bench.open_workspace() as workspace,
        ):
            findings = [
                *_try_sealed_child(bench, targets),
                *_try_tool(bench, targets, who="tool", workspace=None),
                *_try_tool(bench, targets, who="tool with a workspace", workspace=workspace),
            ]
        return [*findings, *_look_after(Path(targets.file))]


@contextmanager
def _place_targets(scratch: Path) -> Iterator[Targets]:
    """Give a file that its mode opens to everybody, where everybody may pass, and a port that answers."""
    scratch.chmod(0o777)
    canary = scratch / "canary.txt"
    canary.write_text(_CANARY)
    canary.chmod(0o666)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield Targets(file=str(canary), worker=os.getpid(), port=listening.getsockname()[1])


def _try_sealed_child(bench: SliceBench, targets: Targets) -> list[Finding]:
    try:
        told: Mapping[str, Any] = bench.call(try_canaries, asdict(targets))
    except ProcessingError as error:
        told = dict.fromkeys(SEALED_ATTEMPTS, f"could not be tried: {error}")
    return _judge("sealed child", SEALED_ATTEMPTS, told)


def _try_tool(bench: SliceBench, targets: Targets, *, who: str, workspace: Workspace | None) -> list[Finding]:
    """Execute the canaries under the lock that a tool gets which may neither fork nor use sockets."""
    arguments = [targets.file, str(targets.worker), str(targets.port)]
    try:
        ended = bench.run_tool(tools.CANARIES.name, arguments, workspace=workspace)
        told: Mapping[str, Any] = json.loads(ended.stderr_tail)
    except (ProcessingError, ValueError) as error:
        told = dict.fromkeys(TOOL_ATTEMPTS, f"could not be tried: {error}")
    return _judge(who, TOOL_ATTEMPTS, told)


def _judge(who: str, attempts: Mapping[str, Any], told: Mapping[str, Any]) -> list[Finding]:
    answers = {attempt: str(told.get(attempt, "was not tried")) for attempt in attempts}
    return [
        Finding(who=who, attempt=attempt, is_refused=answer.startswith("refused"), answer=answer)
        for attempt, answer in answers.items()
    ]


def _look_after(canary: Path) -> list[Finding]:
    """Look at the canary itself: what an answer says is one thing, what happened another."""
    is_whole = canary.is_file() and canary.read_text() == _CANARY and not Path(f"{canary}.made").exists()
    answer = "refused: it is as it was" if is_whole else "it was changed"
    return [Finding(who="anybody", attempt="change the canary", is_refused=is_whole, answer=answer)]
