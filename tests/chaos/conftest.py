"""One mill for all faults, made fit again before each."""

import subprocess
from collections.abc import Iterator

import imageio_ffmpeg
import pytest
from pytest_django import DjangoDbBlocker

from tests.chaos.mill import Mill
from tests.chaos.mode import IS_PREFETCHING, MODE, MODES
from tests.endtoend.seed import ROOT
from tests.servers import SERVERS

SAMPLES = ROOT / "samples"


@pytest.fixture(scope="session")
def _running_mill() -> Iterator[Mill]:
    running = Mill(SERVERS.home.path / "chaos")
    try:
        running.start()
        yield running
    finally:
        running.delete()


@pytest.fixture
def mill(_running_mill: Mill, django_db_blocker: DjangoDbBlocker) -> Iterator[Mill]:
    """Return the service, everything running, without tasks; a worker is started by who needs one."""
    _running_mill.reset()
    with django_db_blocker.unblock():  # the checker reads the mill's own database, not the tests' (see verdict.py)
        yield _running_mill


@pytest.fixture
def photo() -> str:
    return str(SAMPLES / "photo.jpg")


@pytest.fixture
def story() -> str:
    return str(SAMPLES / "story.txt")


@pytest.fixture
def clip() -> str:
    return str(SAMPLES / "clip.mp4")


@pytest.fixture(scope="session")
def slow_clip(_running_mill: Mill) -> str:
    """A clip that takes some seconds to transcode to WebM."""
    path = _running_mill.home.inbox / "slow.mp4"
    source = "testsrc2=size=640x360:rate=30:duration=20"
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-f", "lavfi", "-i", source]
    subprocess.run([*argv, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path)], check=True)
    return str(path)


@pytest.fixture(scope="session")
def long_story(_running_mill: Mill) -> str:
    """A text of thousands of pages, which LibreOffice lays out for far longer than it takes to find and cancel it."""
    path = _running_mill.home.inbox / "long.txt"
    path.write_text("A sentence that fills a line, one of a great many that are all the same. " * 200_000)
    return str(path)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what has no meaning in this mode.

    With prefetching, only those faults are struck in which messages that a worker holds in reserve could matter; what
    is measured of the shipped settings is measured in their mode.
    """
    left_out = [item for item in items if item.get_closest_marker("shipped") is not None and MODES[0] != MODE]
    if IS_PREFETCHING:
        left_out += [item for item in items if item.get_closest_marker("prefetching") is None]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
