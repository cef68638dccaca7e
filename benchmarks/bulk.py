"""P1 to P3: many files handed in at once, from the request to the last row completed."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks import corpus, protocol
from benchmarks.peers.engines import EngineLoop, list_installed
from benchmarks.peers.loops import Loop
from benchmarks.peers.naive_service import run_naive_service
from benchmarks.protocol import Bar, Work
from benchmarks.service import Service, make_memory, run_service

FULL_HD: Final = (1920, 1080)
THUMBNAIL: Final = (320, 240)


def ask_for(box: tuple[int, int]) -> dict[str, Any]:
    """The options of a JPEG that fits into a box."""
    return {"resize": list(box), "format": "jpeg", "quality": 85}


class Bench:
    """The product, and the rivals that are asked for, all started and waiting for their turn."""

    def __init__(self, opened: ExitStack) -> None:
        self._opened = opened
        self.service: Service = opened.enter_context(run_service(corpus.find_place()))
        self._client = opened.enter_context(self.service.open_client())
        self._memory = opened.enter_context(make_memory())

    def product(self, paths: Sequence[Path], box: tuple[int, int]) -> Work:
        body = {"file_paths": [str(path) for path in paths], "task_type": "image", "metadata": ask_for(box)}
        return lambda: self.service.run_bulk(self._client, body)

    def loops(self, paths: Sequence[Path], box: tuple[int, int], *engines: str) -> dict[str, Work]:
        loop = self._opened.enter_context(Loop(self._memory))
        return {f"bare {engine}": partial(loop.run, paths, box=box, engine=engine) for engine in engines}

    def engines(self, paths: Sequence[Path], box: tuple[int, int]) -> dict[str, Work]:
        """Engines of other projects, where they are installed."""
        loops = {
            name: self._opened.enter_context(EngineLoop(argv, self._memory)) for name, argv in list_installed().items()
        }
        return {name: partial(loop.run, paths, box=box) for name, loop in loops.items()}

    def naive(self, paths: Sequence[Path], box: tuple[int, int]) -> Work:
        service = self._opened.enter_context(run_naive_service(self.service.servers, self._memory))
        return lambda: service.run_bulk(paths, box=box)


def measure_photos() -> bool:
    """P1: against the bare loops."""
    paths = corpus.make_photos(protocol.count_files(200))
    with ExitStack() as opened:
        bench = Bench(opened)
        rivals = {
            "filemill": bench.product(paths, FULL_HD),
            **bench.loops(paths, FULL_HD, "thumbnail", "shrink"),
            **bench.engines(paths, FULL_HD),
        }
        taken = protocol.take_turns(rivals, rounds=protocol.count_rounds(5))
    bars = [
        protocol.require_speed(
            "speed against a bare loop of `thumbnail`", taken["filemill"], taken["bare thumbnail"], at_least=1.15
        ),
        protocol.require_speed(
            "speed against a bare loop of the same decode", taken["filemill"], taken["bare shrink"], at_least=0.93
        ),
    ]
    return keep("P1", bars, taken, files=len(paths))


def measure_photos_against_naive() -> bool:
    """P2: against the usual project."""
    paths = corpus.make_photos(protocol.count_files(200))
    with ExitStack() as opened:
        bench = Bench(opened)
        rivals = {"filemill": bench.product(paths, FULL_HD), "usual project": bench.naive(paths, FULL_HD)}
        taken = protocol.take_turns(rivals, rounds=protocol.count_rounds(3))
    name = "speed against a usual project"
    bars = [protocol.require_speed(name, taken["filemill"], taken["usual project"], at_least=2.8)]
    return keep("P2", bars, taken, files=len(paths))


def measure_small() -> bool:
    """P3: small pictures, where what is around the work counts most."""
    paths = corpus.make_small_pictures(protocol.count_files(1500))
    with ExitStack() as opened:
        bench = Bench(opened)
        rivals = {
            "filemill": bench.product(paths, THUMBNAIL),
            **bench.loops(paths, THUMBNAIL, "thumbnail"),
            "usual project": bench.naive(paths, THUMBNAIL),
        }
        taken = protocol.take_turns(rivals, rounds=protocol.count_rounds(3))
    bars = [
        protocol.require_speed(
            "speed against a bare loop of `thumbnail`", taken["filemill"], taken["bare thumbnail"], at_least=0.70
        ),
        protocol.require_speed(
            "speed against a usual project", taken["filemill"], taken["usual project"], at_least=5.0
        ),
    ]
    return keep("P3", bars, taken, files=len(paths))


def keep(name: str, bars: Sequence[Bar], taken: Mapping[str, Sequence[float]], *, files: int) -> bool:
    """Keep the result, with how many files a second each rival did."""
    rates = {rival: round(files / protocol.find_percentile(seconds, 50), 1) for rival, seconds in taken.items()}
    protocol.keep(name, bars=bars, details={"files": files, "files_per_second": rates}, rivals=taken)
    return all(bar.holds for bar in bars)
