"""How every fault ends: all tasks have ended in time, and the history checker finds nothing."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.db import connections
from django.test import override_settings

from filemill.launch.home import DATABASE
from filemill.tasks.history import ProcessFact, check, collect
from filemill.tasks.statuses import Status
from tests.chaos.figures import FIGURES, Figure
from tests.chaos.mill import PACE, Mill
from tests.endtoend.seed import wait_until

SETTLE_SECONDS = 60.0
MOST_READ = 200
"""As many tasks are also looked at and downloaded by the client once all has ended; beyond it rows and files do."""
LEASE_SECONDS = float(PACE["FILEMILL_LEASE_SECONDS"])


def conclude(mill: Mill, fault: str, what: str, *, seconds: float = SETTLE_SECONDS, expects: str = "") -> float:
    """Wait until all tasks have ended, check the history, keep the figure; return the seconds since the strike.

    `expects` is a status in which every task must have ended.
    """
    mill.wait_until_ended(seconds=seconds)
    recovered_after = time.monotonic() - mill.struck_at
    tasks = mill.list_ids()
    for task_id in tasks[:MOST_READ]:
        mill.client.read(task_id)
        mill.client.download(task_id)
    with as_django_database(mill):
        history = collect(
            {*tasks, *(sight.task_id for sight in mill.client.observations)},
            with_files=True,
            settle_seconds=0.0,
            observations=mill.client.observations,
            downloads=mill.client.downloads,
            processes=list_left_processes(mill),
        )
    violations = check(history)
    FIGURES.add(
        Figure(
            fault=fault,
            what=what,
            tasks=len(tasks),
            attempts=mill.count_attempts(),
            recovered_after_seconds=recovered_after,
            violations=len(violations),
        )
    )
    assert violations == [], [str(violation) for violation in violations]
    if expects:
        others = mill.execute(
            "SELECT id, status, error_code, error_message FROM tasks_tasklog WHERE status <> %s", expects
        )
        assert others == [], f"{others}\n{mill.tail_logs()}"
    return recovered_after


def list_left_processes(mill: Mill) -> list[ProcessFact]:
    """Every process that still holds a file in a scratch directory although all tasks have ended."""
    ended_at = dict(mill.execute("SELECT task_id, max(ended_at) FROM tasks_taskattempt GROUP BY task_id"))
    found = find_processes_at_work(mill)
    if found:
        # Three seconds are allowed (I9): what is still there after them is told to the checker.
        time.sleep(3.2)
        found = [pid for pid in find_processes_at_work(mill) if pid in found]
    some_task = next(iter(ended_at), None)
    if some_task is None:
        return []
    attempt = int(mill.execute("SELECT attempt FROM tasks_tasklog WHERE id = %s", some_task)[0][0])
    return [ProcessFact(task_id=some_task, attempt=attempt, pid=pid, seen_at=datetime.now(UTC)) for pid in found]


def find_processes_at_work(mill: Mill) -> list[int]:
    """Return the processes that hold anything open below the scratch directory."""
    pids = [int(place.name) for place in Path("/proc").iterdir() if place.name.isdecimal()]
    return [pid for pid in pids if is_at_work(pid, below=f"{mill.home.work}/")]


def is_at_work(pid: int, *, below: str) -> bool:
    """Say whether a process holds a file in a directory open.

    Confined processes hide that from an ordinary user, even from the one who started them: of their tools it is then
    the name and the owner that tell.
    """
    place = Path("/proc") / str(pid)
    try:
        return any(str(link.readlink()).startswith(below) for link in (place / "fd").iterdir())
    except PermissionError:
        return "ffmpeg" in read_name(pid) and f"Uid:\t{os.getuid()}\t" in (place / "status").read_text()
    except OSError:
        return False


@contextlib.contextmanager
def held_tool(mill: Mill) -> Iterator[None]:
    """Wait until a tool runs and keep it from going on: so its task runs for as long as the test wants."""
    tools: list[int] = []

    def runs() -> bool:
        tools[:] = [pid for pid in find_processes_at_work(mill) if "ffmpeg" in read_name(pid)]
        return bool(tools)

    wait_until(runs, what="a tool runs")
    for pid in tools:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in tools:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def read_name(pid: int) -> str:
    """Return the name of a process, nothing when it is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


@contextlib.contextmanager
def as_django_database(mill: Mill) -> Iterator[None]:
    """Let Django of this process read the mill's database and storage, past all faults."""
    storages = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "outputs": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": mill.home.storage},
        },
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    connection = connections["default"]
    own = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(NAME=DATABASE, HOST=str(mill.home.postgres_socket_dir), PORT="")
    try:
        with override_settings(FILEMILL_HOME=mill.home.path, STORAGES=storages):
            yield
    finally:
        connection.close()
        connection.settings_dict.update(own)


def statuses(mill: Mill) -> dict[Status, int]:
    """Count the rows by status."""
    rows = mill.execute("SELECT status, count(*) FROM tasks_tasklog GROUP BY status")
    return {Status(status): int(count) for status, count in rows}
