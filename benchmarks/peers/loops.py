"""The bare loops: pictures resized by nothing but libvips, a process for each core, each taking the next file."""

import multiprocessing
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

import pyvips

PROCESSES: Final = 2
Job = tuple[str, str, int, int]
"""Source, target, and the box to fit into."""


def make_thumbnail(job: Job) -> None:
    """libvips's own way: `thumbnail`."""
    source, target, width, height = job
    pyvips.Image.thumbnail(source, width, height=height, size="down").jpegsave(target, Q=85, keep="none")


def shrink_on_load(job: Job) -> None:
    """The decode of the product: a JPEG that is to become less than half as large is decoded at a half."""
    source, target, width, height = job
    image = pyvips.Image.new_from_file(source, access="sequential")
    if 2 <= max(image.width / width, image.height / height) < 4:
        image = pyvips.Image.jpegload(source, shrink=2, access="sequential")
        image.thumbnail_image(width, height=height, size="down").jpegsave(target, Q=85, keep="none")
    else:
        make_thumbnail(job)


ENGINES: Final = {"thumbnail": make_thumbnail, "shrink": shrink_on_load}


def prepare() -> None:
    """Every file is another one: a cache of operations would only hold its pixels."""
    pyvips.cache_set_max(0)


class Loop:
    """Processes that wait for work, so that their start is not measured."""

    def __init__(self, scratch: Path, *, processes: int = PROCESSES) -> None:
        os.environ["VIPS_CONCURRENCY"] = "1"
        self._scratch = scratch
        self._pool: Any = multiprocessing.get_context("spawn").Pool(processes, initializer=prepare)

    def run(self, paths: Sequence[Path], *, box: tuple[int, int], engine: str = "thumbnail") -> None:
        """Make a picture of each file; return when the last is written."""
        jobs = [(str(path), str(self._scratch / f"bare-{number}.jpg"), *box) for number, path in enumerate(paths)]
        for _ in self._pool.imap_unordered(ENGINES[engine], jobs, chunksize=1):
            pass

    def close(self) -> None:
        self._pool.close()
        self._pool.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
