"""A cage with the tests' own sealed functions, and a bench on a small text."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypedDict

import pytest

from filemill.processing.bench import Limits
from filemill.processing.cage import Cage, ForkServer, Slice, SliceBench, describe_preload

TEXT = b"the mill turns"
LIMITS = Limits(memory_bytes=256 * 1024**2, cpu_seconds=10, wall_seconds=10.0, output_bytes=4 * 1024**2, open_files=32)
SEALED_FUNCTIONS = "tests.integration.cage.sealed_functions"


class Loaded(TypedDict):
    """What a zygote of the tests loads."""

    libraries: tuple[str, ...]
    packages: tuple[str, ...]
    preload: list[str]


LOADED: Loaded = {"libraries": (), "packages": (), "preload": [SEALED_FUNCTIONS]}
OpenBench = Callable[..., SliceBench]


@pytest.fixture(scope="session", params=["spawned", "forked"])
def cage(request: pytest.FixtureRequest) -> Iterator[Cage]:
    """One cage for all tests, with a zygote of its own, and once more with one from a fork server.

    It loads the tests' sealed functions and no heavy library.
    """
    with ExitStack() as opened:
        server = None
        if request.param == "forked":
            server = ForkServer(describe_preload(**LOADED))
            opened.callback(server.close)
        yield opened.enter_context(Cage(**LOADED, fork_server=server))


@pytest.fixture
def work(cage: Cage) -> Iterator[Slice]:
    with cage.open_slice() as opened:
        yield opened


@pytest.fixture
def source_fd(tmp_path: Path) -> Iterator[int]:
    path = tmp_path / "source.txt"
    path.write_bytes(TEXT)
    descriptor = os.open(path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    made = tmp_path / "scratch"
    made.mkdir()
    return made


@pytest.fixture
def open_bench(work: Slice, source_fd: int, scratch: Path) -> OpenBench:
    """Opens a bench on the text; keywords replace what `Slice.open_bench` is given."""

    def open_one(**changes: Any) -> SliceBench:
        given: dict[str, Any] = {
            "source_fd": source_fd,
            "media_type": "text/plain",
            "file_name": "source.txt",
            "scratch": scratch,
            "limits": LIMITS,
            **changes,
        }
        return work.open_bench(**given)

    return open_one


@pytest.fixture
def bench(open_bench: OpenBench) -> Iterator[SliceBench]:
    with open_bench() as opened:
        yield opened
