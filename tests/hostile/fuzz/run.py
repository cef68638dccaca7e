"""A whole run: as many hands as there are processors, watched, added up and reported."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.hostile.fuzz.hand import PATIENCE_SECONDS

ROOT: Final = Path(__file__).parents[3]
SILENCE_SECONDS: Final = PATIENCE_SECONDS + 30
"""A hand that says nothing for so long hangs: work is stopped well before."""


@dataclass(kw_only=True)
class Story:
    """What has come of a run so far."""

    ends: list[dict[str, Any]] = field(default_factory=list)
    hand_deaths: list[dict[str, Any]] = field(default_factory=list)
    """A hand does what a worker does: its death would be a worker's."""
    hung: list[int] = field(default_factory=list)


class Hand:
    """One process of the run, and the thread that listens to it; a dead or hanging one is replaced."""

    def __init__(self, *, seed: int, first: int, step: int, end: int, kept: Path, told: "queue.Queue[Hand]") -> None:
        self._fixed = {"seed": seed, "step": step, "end": end}
        self._kept = kept
        self._told = told
        self._first = first
        self.at = first
        self.heard_at = time.monotonic()
        self.ends: list[dict[str, Any]] = []
        self._start()

    def _start(self) -> None:
        given = [part for name, value in self._fixed.items() for part in (f"--{name}", str(value))]
        argv = [sys.executable, "-m", "tests.hostile.fuzz.hand", *given, "--first", str(self._first)]
        self.process = subprocess.Popen(
            [*argv, "--kept", str(self._kept)], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self.heard_at = time.monotonic()
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said = json.loads(line)
            self.heard_at = time.monotonic()
            if "begins" in said:
                self.at = int(said["begins"])
            else:
                self.ends.append(said)
        process.wait()
        self._told.put(self)

    def go_on(self) -> bool:
        """Begin again behind the mutant that ended the process; False when there is none left."""
        self._first = self.at + self._fixed["step"]
        if self._first >= self._fixed["end"]:
            return False
        self._start()
        return True

    def is_hanging(self) -> bool:
        return time.monotonic() - self.heard_at > SILENCE_SECONDS


def run(*, seed: int, count: int, kept: Path, processes: int = os.cpu_count() or 1) -> Story:
    """Work on `count` mutants of a seed, and tell what came of each."""
    story, told = Story(), queue.Queue[Hand]()
    hands = [Hand(seed=seed, first=n, step=processes, end=count, kept=kept, told=told) for n in range(processes)]
    working = len(hands)
    while working:
        try:
            hand = told.get(timeout=1.0)
        except queue.Empty:
            _end_hanging(hands, story)
            continue
        if hand.process.returncode == 0:
            working -= 1
            continue
        story.hand_deaths.append({"index": hand.at, "returncode": hand.process.returncode})
        working -= not hand.go_on()
    story.ends = sorted((end for hand in hands for end in hand.ends), key=lambda end: int(end["index"]))
    return story


def _end_hanging(hands: list[Hand], story: Story) -> None:
    for hand in hands:
        if hand.process.poll() is None and hand.is_hanging():
            story.hung.append(hand.at)
            hand.heard_at = time.monotonic()
            hand.process.kill()
