"""Engines of other projects as bare loops: a process for each core, each taking the next file when it is done."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import Final, Self

from benchmarks.peers.loops import PROCESSES
from benchmarks.processes import BenchmarkError

HERE: Final = Path(__file__).parent
PLACE: Final = HERE.parents[1] / "var" / "peers"
"""Where `make bench-peers` installs them."""


def list_installed() -> Mapping[str, Sequence[str]]:
    """Return the engines that are installed here, each with the command that starts a process of it."""
    found: dict[str, Sequence[str]] = {}
    thumbor = PLACE / "thumbor" / "bin" / "python"
    if thumbor.exists():
        found["thumbor's engine"] = [str(thumbor), str(HERE / "thumbor_loop.py")]
    node = shutil.which("node")
    if node is not None and (PLACE / "sharp" / "node_modules" / "sharp").is_dir():
        found["sharp"] = [node, str(HERE / "sharp_loop.js")]
    return found


class EngineLoop:
    """Processes of one engine that wait for work, so that their start is not measured."""

    def __init__(self, argv: Sequence[str], scratch: Path) -> None:
        self._argv = argv
        self._scratch = scratch
        self._opened = ExitStack()
        self._idle: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()
        self._threads = self._opened.enter_context(ThreadPoolExecutor(PROCESSES))

    def __enter__(self) -> Self:
        environ = {**os.environ, "NODE_PATH": str(PLACE / "sharp" / "node_modules")}
        for _ in range(PROCESSES):
            process = subprocess.Popen(
                self._argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
            )
            self._opened.enter_context(process)  # closes its input, at whose end it leaves
            self._idle.put(process)
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def run(self, paths: Sequence[Path], *, box: tuple[int, int]) -> None:
        """Make a picture of each file; return when the last is written."""
        for _ in self._threads.map(self._make, self._list_jobs(paths, box)):
            pass

    def _list_jobs(self, paths: Sequence[Path], box: tuple[int, int]) -> Iterator[str]:
        for number, path in enumerate(paths):
            yield json.dumps([str(path), str(self._scratch / f"engine-{number}.jpg"), *box])

    def _make(self, job: str) -> None:
        process = self._idle.get()
        if process.stdin is None or process.stdout is None:
            raise BenchmarkError("A process of an engine was started without pipes.")
        process.stdin.write(job + "\n")
        process.stdin.flush()
        if not process.stdout.readline():
            raise BenchmarkError(f"{self._argv[-1]} ended before {job} was done")
        self._idle.put(process)
