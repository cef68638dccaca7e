"""A real worker on the tests' database and broker, and files worth working on."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
from django.contrib.auth.models import User
from django.db import connection
from redis import Redis

from filemill.files.sources import Source
from filemill.launch.home import Home
from filemill.launch.processes import spawn
from filemill.tasks import broker, services
from filemill.tasks.models import TaskLog
from filemill.tasks.statuses import TERMINAL
from tests.endtoend.seed import ROOT, wait_until

FAST = {
    "FILEMILL_LEASE_SECONDS": "3",
    "FILEMILL_HEARTBEAT_SECONDS": "0.5",
    "FILEMILL_SWEEP_SECONDS": "0.5",
    "FILEMILL_RETRY_BASE_SECONDS": "0.2",
    "FILEMILL_STOP_GRACE_SECONDS": "0.5",
}
"""Everything that waits, shortened: the tests are about what happens, not about how long an operator lets it."""


class RunningWorker:
    """`celery -A config worker` in a session of its own."""

    def __init__(self, directory: Path, *, concurrency: int, fault: str = "") -> None:
        self.log = directory / "worker.log"
        environ = {**os.environ, **FAST, "DB_NAME": connection.settings_dict["NAME"]}
        environ["FILEMILL_LOG_DIR"] = str(directory)
        environ["FILEMILL_FAULT"] = fault
        argv = [str(ROOT / ".venv/bin/python"), "-m", "celery", "-A", "config", "worker", "-l", "info"]
        with self.log.open("wb") as output:
            self.process = spawn(
                [*argv, f"--concurrency={concurrency}"],
                death_signal=signal.SIGKILL,
                environ=environ,
                directory=ROOT,
                output=output,
            )
        wait_until(self._is_ready, what="the worker is ready")

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, f"the worker died at start:\n{self.read_log()}"
        return " ready." in self.read_log()

    def read_log(self) -> str:
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """End the worker's main process at once, as the kernel or an operator in a hurry would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


StartWorker = Callable[..., RunningWorker]
Submit = Callable[..., TaskLog]


@pytest.fixture
def start_worker(transactional_db: None, tmp_path: Path, _empty_broker: None) -> Iterator[StartWorker]:
    started: list[RunningWorker] = []

    def start(*, concurrency: int = 2, fault: str = "") -> RunningWorker:
        directory = tmp_path / f"worker{len(started)}"
        directory.mkdir()
        started.append(RunningWorker(directory, concurrency=concurrency, fault=fault))
        return started[-1]

    yield start
    for worker in started:
        worker.stop()


@pytest.fixture
def _empty_broker(home: Home) -> None:
    flush_broker(home)
    broker.breaker._open_until = 0.0


def flush_broker(home: Home) -> None:
    Redis(unix_socket_path=str(home.valkey_socket)).flushall()


@pytest.fixture
def alice(transactional_db: None) -> User:
    return User.objects.create_user("alice", password="alice-s-password")


@pytest.fixture
def inbox(tmp_path: Path, home: Home) -> Path:
    """A directory under the worker's own root."""
    directory = home.inbox / tmp_path.name
    directory.mkdir(parents=True)
    return directory


@pytest.fixture
def submit(alice: User, inbox: Path) -> Submit:
    def do(path: Path, task_type: str, **given: Any) -> TaskLog:
        return services.submit(user=alice, task_type=task_type, source=Source.from_path(str(path)), **given)

    return do


@pytest.fixture
def photo(inbox: Path) -> Path:
    import pyvips  # noqa: PLC0415  only these tests need it

    path = inbox / "photo.jpg"
    pyvips.Image.gaussnoise(640, 480).cast("uchar").jpegsave(str(path))
    return path


@pytest.fixture
def long_video(inbox: Path) -> Path:
    """A clip that takes many seconds to transcode."""
    path = inbox / "long.mp4"
    source = "testsrc2=size=1280x720:rate=30:duration=60"
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-f", "lavfi", "-i", source]
    argv += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(argv, check=True)
    return path


def reload(task: TaskLog) -> TaskLog:
    return TaskLog.objects.get(pk=task.pk)


def wait_for_status(task: TaskLog, *statuses: str, seconds: float = 60) -> TaskLog:
    wanted = statuses or tuple(TERMINAL)
    wait_until(lambda: reload(task).status in wanted, seconds=seconds, what=f"the task becomes {wanted}")
    return reload(task)


def events_of(task: TaskLog) -> list[str]:
    return [event.event_type for event in task.events.order_by("id") if event.event_type != "progress"]
