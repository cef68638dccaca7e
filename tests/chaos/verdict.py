"""How every fault ends: all tasks have ended in time, and the history checker finds nothing."""

import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from django.db import connections
from django.test import override_settings

from filemill.launch.home import DATABASE
from filemill.tasks.history import History, ProcessFact, Violation, check, collect
from filemill.tasks.statuses import TERMINAL_EVENTS, Status
from tests.chaos.figures import FIGURES, Figure
from tests.chaos.mill import PACE, USER, Mill
from tests.endtoend.seed import wait_until

SETTLE_SECONDS = 60.0
MOST_READ = 200
"""As many tasks are also looked at and downloaded by the client once all has ended; beyond it rows and files do."""
OWN_TASK = f"user_id = (SELECT id FROM auth_user WHERE username = '{USER}')"
LEASE_SECONDS = float(PACE["FILEMILL_LEASE_SECONDS"])


def conclude(mill: Mill, fault: str, what: str, *, seconds: float = SETTLE_SECONDS, expects: str = "") -> float:
    """Wait until all tasks have ended, check the history, keep the figure; return the seconds since the strike.

    `expects` is a status in which every task must have ended.
    """
    mill.wait_until_ended(seconds=seconds)
    recovered_after = time.monotonic() - mill.struck_at
    tasks = mill.list_ids()
    for task_id in mill.list_ids(OWN_TASK)[:MOST_READ]:
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
    measure_invariants(history, violations)
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


def measure_invariants(history: History, violations: Sequence[Violation]) -> None:
    """Keep what the checker found as far as it is what a bar speaks of."""
    found = Counter(violation.invariant for violation in violations)
    ends = sum(event.event_type in TERMINAL_EVENTS for event in history.events)
    given = len(history.files or ()) + len(history.downloads)
    FIGURES.counted("R1", "accepted tasks that did not end", found["I1"], of=len(history.tasks))
    FIGURES.counted(
        "R3", "ended generations of the runs with a wrong end or result", found["I2"] + found["I3"], of=ends
    )
    FIGURES.counted("R6", "tasks with a process left", found["I9"], of=len(history.tasks))
    FIGURES.counted("R9", "outputs stored or given out that were not whole", found["I3"] + found["I4"], of=given)


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
def held_tool(mill: Mill) -> Iterator[list[int]]:
    """Wait until a tool runs and keep it from going on: so its task runs for as long as the test wants; yield its id.

    A tool that ended before it was stopped (a film has several, one after the other) is not held: the next one is.
    """
    tools: list[int] = []

    def is_held() -> bool:
        tools[:] = [pid for pid in find_processes_at_work(mill) if "ffmpeg" in read_name(pid)]
        for pid in tools:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        return any(is_stopped(pid) for pid in tools)

    wait_until(is_held, what="a tool is held")
    try:
        yield tools
    finally:
        for pid in tools:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def is_stopped(pid: int) -> bool:
    try:
        return ") T " in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


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
