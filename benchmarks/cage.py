"""What the cage costs: a picture in bulk, a single picture and the start of a tool, against the same without it."""

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, Final, cast

import pyvips

from benchmarks import protocol
from benchmarks.protocol import Bar
from filemill.processing.bench import Bench, SealedFunction
from filemill.processing.cage import Cage, Slice, SliceBench
from filemill.processing.cage.tools import TOOLS, find_command
from filemill.processing.input_limits import InputLimits
from filemill.processing.operations import OPERATIONS

SAMPLE: Final = Path(__file__).parent.parent / "samples" / "photo.jpg"
SIZE: Final = (1920, 1080)
BULK_FILES: Final = 150
"""Files in a slice: what it has time for while nobody waits (`filemill.tasks.batches.SLICE_SECONDS`)."""
BULK_ROUNDS: Final = 8
SINGLE_ROUNDS: Final = 100
TOOL_ROUNDS: Final = 100
PAUSE_SECONDS: Final = 0.01
"""Less than a worker was seen to need (13 to 20 ms) between the last file of a slice and the first of the next."""
OPERATION: Final = OPERATIONS["image.transform"]
OPTIONS: Final = OPERATION.options.model_validate({"resize": [1280, 720]})


class PlainOutput:
    """An output in this very process."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self.facts: dict[str, Any] = {}


class PlainCall:
    """A sealed function's view of the same file, without a cage."""

    input_fds: Sequence[int] = ()
    input_sizes: Sequence[int] = ()

    def __init__(self, picture: Path, scratch: Path, arguments: Mapping[str, Any]) -> None:
        self.source_fd = os.open(picture, os.O_RDONLY)
        self.source_size = os.fstat(self.source_fd).st_size
        self.arguments = arguments
        self._scratch = scratch
        self._outputs: list[PlainOutput] = []

    def create_output(self, name: str, media_type: str) -> PlainOutput:
        """Make an output; its type is of no interest here."""
        del media_type
        self._outputs.append(PlainOutput(self._scratch / name))
        return self._outputs[-1]

    def progress(self, fraction: float, message: str = "") -> None:
        """Nobody listens."""

    def close(self) -> None:
        """Close all descriptors."""
        for descriptor in (self.source_fd, *(output.fd for output in self._outputs)):
            os.close(descriptor)


class PlainBench:
    """A bench that calls sealed functions in this process: what the operation would cost without a cage."""

    media_type = "image/jpeg"
    file_name = "picture.jpg"
    inputs = ()
    input_limits = InputLimits()

    def __init__(self, picture: Path, scratch: Path) -> None:
        self.source_size = picture.stat().st_size
        self._picture = picture
        self._scratch = scratch

    def call(self, function: SealedFunction, arguments: Mapping[str, Any], **_: object) -> dict[str, Any]:
        """Call a function here."""
        call = PlainCall(self._picture, self._scratch, arguments)
        try:
            return function(call)
        finally:
            call.close()

    def progress(self, percent: float, message: str = "") -> None:
        """Nobody listens."""


def resize_plainly(picture: Path) -> None:
    """Resize the picture in this process."""
    with make_scratch() as scratch:
        OPERATION.run(cast("Bench", PlainBench(picture, scratch)), OPTIONS)


def resize_in_slice(work: Slice, picture: Path) -> None:
    """Resize the picture in a slice of the cage, as a task does."""
    with open_bench(work, picture) as bench:
        OPERATION.run(bench, OPTIONS)


@contextmanager
def open_bench(work: Slice, picture: Path) -> Iterator[SliceBench]:
    """Open a bench on the picture, as a task does."""
    with (
        make_scratch() as scratch,
        picture.open("rb") as source,
        work.open_bench(
            source_fd=source.fileno(),
            media_type="image/jpeg",
            file_name="picture.jpg",
            scratch=scratch,
            limits=OPERATION.limits,
            input_limits=PlainBench.input_limits,
        ) as bench,
    ):
        yield bench


@contextmanager
def make_scratch() -> Iterator[Path]:
    """Give a directory in memory, so that the disk has no part in it."""
    directory = Path(tempfile.mkdtemp(dir="/dev/shm"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


def measure_bulk(cage: Cage, picture: Path) -> tuple[Bar, dict[str, Any]]:
    """Many pictures of one user, in slices: what each takes more, and what a slice's child costs it at both ends."""
    slices = [time_slice(cage, picture) for _ in range(BULK_ROUNDS)]
    plain, caged = (list(chain.from_iterable(each[name] for each in slices)) for name in ("plain", "caged"))
    first, end = ([each[name][0] for each in slices] for name in ("first", "end"))
    usual = statistics.median(plain)
    at_both_ends = statistics.median(first) - usual + statistics.median(end)
    added = protocol.find_median_difference(caged, plain) + at_both_ends / BULK_FILES
    percent = 100 * added / usual
    bar = Bar(name="2-megapixel resize in bulk, more than without a cage", unit="%", figure=percent, at_most=3.0)
    rivals = {"plain": plain, "caged": caged, "first_of_a_slice": first, "end_of_a_slice": end}
    means = {f"mean_{name}_ms": round(1000 * statistics.fmean(rivals[name]), 3) for name in ("plain", "caged")}
    return bar, {**{name: protocol.summarise(seconds) for name, seconds in rivals.items()}, **means}


def time_slice(cage: Cage, picture: Path) -> dict[str, list[float]]:
    """Time the first picture of a slice, those after it in turns with the same work done here, and the slice's end."""
    time.sleep(PAUSE_SECONDS)
    work = cage.open_slice()
    rivals = {"plain": lambda: resize_plainly(picture), "caged": lambda: resize_in_slice(work, picture)}
    first = protocol.time_it(rivals["caged"])
    taken = protocol.take_turns(rivals, rounds=BULK_FILES - 1, warm_up=0)
    return {**taken, "first": [first], "end": [protocol.time_it(work.close)]}


def measure_single(cage: Cage, picture: Path) -> tuple[Bar, dict[str, Any]]:
    """A single picture: a slice of its own against the same in this process."""

    def caged() -> None:
        with cage.open_slice() as work:
            resize_in_slice(work, picture)

    taken = protocol.take_turns(
        {"plain": lambda: resize_plainly(picture), "caged": caged}, rounds=SINGLE_ROUNDS, pause_seconds=PAUSE_SECONDS
    )
    added = 1000 * protocol.find_median_difference(taken["caged"], taken["plain"])
    bar = Bar(name="single 2-megapixel resize, more than without a cage", unit="ms", figure=added, at_most=10.0)
    return bar, {name: protocol.summarise(seconds) for name, seconds in taken.items()}


def measure_tool(cage: Cage, picture: Path) -> tuple[Bar, dict[str, Any]]:
    """A tool that ends at once: FFmpeg in the cage against FFmpeg started by this process."""
    argv = [*find_command(TOOLS["ffmpeg"]).argv, "-version"]

    def plain() -> None:
        subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=True)

    with cage.open_slice() as work, open_bench(work, picture) as bench:
        rivals = {"plain": plain, "caged": lambda: bench.run_tool("ffmpeg", ["-version"])}
        taken = protocol.take_turns(rivals, rounds=TOOL_ROUNDS, pause_seconds=PAUSE_SECONDS)
    added = 1000 * protocol.find_median_difference(taken["caged"], taken["plain"])
    bar = Bar(name="start of a tool, more than without a cage", unit="ms", figure=added, at_most=3.0)
    return bar, {name: protocol.summarise(seconds) for name, seconds in taken.items()}


def main() -> bool:
    """Measure all three, keep the result, and tell whether every bar holds."""
    pyvips.cache_set_max(0)
    with make_scratch() as scratch, Cage(mode="strict") as cage:
        picture = scratch / "picture.jpg"
        pyvips.Image.thumbnail(str(SAMPLE), SIZE[0], height=SIZE[1], size="force").write_to_file(str(picture), Q=90)
        measured = {
            "bulk": measure_bulk(cage, picture),
            "single": measure_single(cage, picture),
            "tool": measure_tool(cage, picture),
        }
        layers = str(cage.layers())
    bars = [bar for bar, _ in measured.values()]
    details = {name: detail for name, (_, detail) in measured.items()}
    protocol.keep("cage", bars=bars, details={**details, "layers": layers, "files_in_bulk": BULK_FILES})
    return all(bar.holds for bar in bars)
