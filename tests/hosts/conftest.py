"""One installation on five hosts for all tests here, healed before each; left out where namespaces are not allowed."""

import subprocess
from collections.abc import Iterator

import imageio_ffmpeg
import pytest
from pytest_django import DjangoDbBlocker

from tests.endtoend.seed import ROOT
from tests.hosts.mill import HostsMill
from tests.hosts.network import why_not
from tests.servers import SERVERS

REASON = why_not()
# Not skipped but not collected: in CI a skipped test is a failed one, and whether namespaces are allowed is no mistake
# of the run's.
collect_ignore_glob = ["test_*.py"] if REASON else []


def pytest_report_collectionfinish() -> str:
    """Say at the head of the run whether the several hosts are part of it."""
    return f"several hosts: left out: {REASON}" if REASON else "several hosts: in network namespaces"


@pytest.fixture(scope="session")
def _running_hosts() -> Iterator[HostsMill]:
    hosts = HostsMill(SERVERS.home.path / "hosts")
    try:
        hosts.start()
        yield hosts
    finally:
        hosts.delete()


@pytest.fixture
def mill(_running_hosts: HostsMill, django_db_blocker: DjangoDbBlocker) -> Iterator[HostsMill]:
    """Return the service on its hosts, every link whole, without tasks."""
    _running_hosts.reset()
    with django_db_blocker.unblock():  # the checker reads the hosts' own database, not the tests'
        yield _running_hosts
    _running_hosts.network.heal()


@pytest.fixture
def photo() -> str:
    return str(ROOT / "samples" / "photo.jpg")


@pytest.fixture(scope="session")
def slow_clip(_running_hosts: HostsMill) -> str:
    """A clip that takes some seconds to transcode to WebM."""
    path = _running_hosts.home.inbox / "slow.mp4"
    source = "testsrc2=size=640x360:rate=30:duration=60"
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-f", "lavfi", "-i", source]
    subprocess.run([*argv, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path)], check=True)
    return str(path)
