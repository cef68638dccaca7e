"""Hostile files handed in over the API of the whole service, among good ones, to a single worker process."""

import contextlib
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from filemill.processing.cage.families import list_children, list_descendants
from filemill.processing.media import HEAD_BYTES, SVG_TYPE, sniff
from filemill.processing.operations import DEFAULTS
from tests.endtoend.launched import Launched, read_parent
from tests.endtoend.seed import wait_until
from tests.hostile import seeds
from tests.hostile.corpus import list_all
from tests.hostile.corpus.pdfs import tile_page
from tests.hostile.hostile import Hostile, Outcome, TaskType
from tests.hostile.staging import Stage
from tests.hostile.trial import MOST_WAITING

pytestmark = pytest.mark.timeout(300)

EVERY: Final = 7
"""One of so many of the corpus goes through the whole service; all of it goes through the cage in test_corpus.py."""
GOOD: Final = ("png", "jpeg", "animated.gif", "webp", "mp4", "webm", "pdf", "txt", "csv", "json")
FAST: Final = {"FILEMILL_RETRY_BASE_SECONDS": "0.1", "FILEMILL_SWEEP_SECONDS": "0.5", "CELERYD_CONCURRENCY": "1"}


BROKER_CONNECTION: "Final[Counter[str]]" = Counter({"anon_inode:[eventpoll]": 1, "socket": 2})
"""What one more connection of kombu's pool holds: it opens one when two threads of a process first send at once."""


@dataclass(frozen=True)
class Worker:
    """The worker's processes as they are now, and what each holds open."""

    processes: dict[int, "Counter[str]"]
    """What they hold open, by process id; connections and pipes are not told apart."""
    waiting: int
    """How many processes the cage keeps for files to come: each is used once, so they are others every time."""

    def tell_change(self, now: "Worker") -> list[str]:
        """Say which processes came or went, what is held open that was not, and whether more children wait."""
        changed = [f"process {pid}" for pid in self.processes.keys() ^ now.processes.keys()]
        for pid in self.processes.keys() & now.processes.keys():
            more = now.processes[pid] - self.processes[pid] - BROKER_CONNECTION
            changed += [f"{pid} holds {target}" for target in more.elements()]
        if now.waiting > max(self.waiting, MOST_WAITING):
            changed.append(f"{now.waiting} processes wait in the cage")
        return changed


class Service:
    """The running service and the files handed in to it."""

    def __init__(self, launched: Launched) -> None:
        self.launched = launched
        self.inbox = launched.home / "inbox"
        self.expected: dict[Path, Outcome] = {}
        self.rejected: dict[Path, str] = {}

    def write(self, hostile: Hostile, stage: Stage) -> Path:
        """Write a file, numbered, since the API tells of a file's name and nothing of its place."""
        self.inbox.mkdir(exist_ok=True)
        path = self.inbox / f"{len(self.expected)}-{hostile.file_name}"
        path.write_bytes(hostile.content(stage))
        self.expected[path] = hostile.outcome
        return path

    def find_path(self, task: dict[str, Any]) -> Path:
        """Give the file of a task by the number in its name."""
        return list(self.expected)[int(str(task["file_name"]).partition("-")[0])]

    def hand_in(self, paths: list[Path], task_type: TaskType, operation: str | None = None) -> str:
        body: dict[str, Any] = {"file_paths": [str(path) for path in paths], "task_type": task_type}
        body |= {"tags": [f"batch-{task_type}"], **({"operation": operation} if operation else {})}
        answer = self.launched.ask("POST", "/api/tasks/bulk_create/", json=body)
        assert answer.status_code == 201, answer.text
        for error in answer.json()["errors"]:
            self.rejected[paths[error["index"]]] = error["code"]
        return str(answer.json()["celery_task_id"])

    def list_tasks(self, tag: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        page = f"/api/tasks/?tag={tag}&page_size=100"
        while page:
            answer = self.launched.ask("GET", page).json()
            found += answer["results"]
            page = str(answer["next"] or "").removeprefix(self.launched.url)
        return found

    def wait_for_end(self, tag: str, *, seconds: float = 240.0) -> list[dict[str, Any]]:
        def has_ended() -> bool:
            return all(task["status"] in ("completed", "failed", "cancelled") for task in self.list_tasks(tag))

        wait_until(has_ended, seconds=seconds, what=f"every task of {tag} has ended")
        tasks = self.list_tasks(tag)
        return [self.launched.ask("GET", f"/api/tasks/{task['id']}/").json() for task in tasks]

    def look_at_worker(self) -> Worker:
        main = self.launched.find_part("celery", "worker")
        workers = [main, *list_children(main)]
        zygotes = [zygote for worker in workers[1:] for zygote in list_children(worker)]
        waiting = sum(len(list_descendants(zygote)) - 1 for zygote in zygotes)
        return Worker({pid: list_open(pid) for pid in (*workers, *zygotes)}, waiting)

    def wait_for_worker(self, before: Worker) -> None:
        """Wait until the worker is as it was: the same processes, and nothing more held open."""
        with contextlib.suppress(AssertionError):
            wait_until(lambda: not before.tell_change(self.look_at_worker()), seconds=15, what="nothing has changed")
        assert before.tell_change(self.look_at_worker()) == []


def list_processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def list_open(pid: int) -> "Counter[str]":
    """Give the targets of a process's descriptors, without the numbers of sockets and pipes."""
    found = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
    return Counter(target if target.startswith("anon_inode") else target.partition(":[")[0] for target in found)


@pytest.fixture(scope="module")
def service(stage: Stage) -> Iterator[Service]:
    launched = Launched(FILEMILL_SAMPLES="off", FILEMILL_SVG="on", **FAST)
    try:
        launched.start_until_ready()
        started = Service(launched)
        warm_up(started, stage)
        yield started
    finally:
        launched.delete()


def good(name: str) -> Hostile:
    return Hostile(
        name=f"good: {name}",
        file_name=f"good.{name}",
        task_type=seeds.task_type_of(name),
        outcome=Outcome(may_complete=True),
        content=lambda stage: stage.seed(name),
    )


def choose(stage: Stage) -> dict[tuple[TaskType, str | None], list[Hostile]]:
    """Choose from every family, with good files between them, by task type and what is asked of them."""
    hostile = [one for number, one in enumerate(list_all()) if number % EVERY == 0 and can_be_named(one.file_name)]
    chosen: dict[tuple[TaskType, str | None], list[Hostile]] = {}
    for number, one in enumerate(one for one in hostile if is_for_service(one, stage)):
        asked = None if one.operation == DEFAULTS[one.task_type] else one.operation
        chosen.setdefault((one.task_type, asked), []).append(one)
        neighbour = good(GOOD[number % len(GOOD)])
        chosen.setdefault((neighbour.task_type, None), []).append(neighbour)
    return chosen


def is_for_service(hostile: Hostile, stage: Stage) -> bool:
    """Leave out what is for an installation that does not read SVG: this one does."""
    media_type = sniff(hostile.content(stage)[:HEAD_BYTES], hostile.file_name)
    return hostile.reads_svg or media_type != SVG_TYPE


def can_be_named(name: str) -> bool:
    """Tell whether a name can stand in a request, with a number before it."""
    with contextlib.suppress(UnicodeEncodeError):
        return len(name.encode()) < 250
    return False


def test_a_batch_of_hostile_and_good_files_ends_as_it_must_and_leaves_the_worker_as_it_was(
    service: Service, stage: Stage
) -> None:
    before = service.look_at_worker()
    for (task_type, operation), files in choose(stage).items():
        service.hand_in([service.write(one, stage) for one in files], task_type, operation)

    ended = {service.find_path(task): task for tag in TAGS for task in service.wait_for_end(tag)}
    ends = {path: ("refused", code) for path, code in service.rejected.items()}
    ends |= {path: (str(task["status"]), str(task["error_code"] or "")) for path, task in ended.items()}
    assert ends.keys() >= service.expected.keys()
    wrong = {path.name: ends[path] for path, outcome in service.expected.items() if not outcome.allows(*ends[path])}
    assert wrong == {}
    service.wait_for_worker(before)
    assert list((service.launched.home / "work").rglob("*.*")) == []
    assert stage.asked == []


TAGS: Final = ("batch-image", "batch-video", "batch-document")


def warm_up(service: Service, stage: Stage) -> None:
    """Let the worker open all that it keeps open, which batches of several files need more of."""
    for name in ("png", "mp4", "mp3", "pdf"):
        asked = seeds.operation_of(name)
        service.hand_in([service.write(good(name), stage) for _ in range(6)], seeds.task_type_of(name), asked)
    for tag in TAGS:
        service.wait_for_end(tag)


def test_a_file_that_kills_its_cage_each_time_is_poison_and_stops_nothing_else(service: Service, stage: Stage) -> None:
    killer = Hostile(
        name="killer",
        file_name="killer.pdf",
        task_type="document",
        outcome=Outcome(failed=frozenset(("poison",))),
        content=lambda _stage: tile_page(b"0.02"),
    )
    before = service.look_at_worker()
    paths = [service.write(one, stage) for one in (good("txt"), killer, good("csv"), killer, good("pdf"))]
    with kill_cages_of(service, [paths[1], paths[3]]):
        service.hand_in(paths, "document")
        ended = {service.find_path(task): task for task in service.wait_for_end("batch-document")}

    assert [ended[path]["status"] for path in paths] == ["completed", "failed", "completed", "failed", "completed"]
    assert {ended[paths[1]]["error_code"], ended[paths[3]]["error_code"]} == {"poison"}
    attempts = [service.launched.ask("GET", f"/api/tasks/{ended[paths[n]]['id']}/attempts/").json() for n in (1, 3)]
    deaths = [a for listed in attempts for a in listed["results"] if a["error_code"] == "cage_crashed"]
    assert len(deaths) <= 3  # over both: the same content is known again
    service.wait_for_worker(before)


@contextlib.contextmanager
def kill_cages_of(service: Service, paths: list[Path]) -> Iterator[None]:
    """Kill every confined process that is given one of these files, as a fault in its code would."""
    over = threading.Event()
    worker = service.look_at_worker()
    wanted = {str(path) for path in paths}

    def execute() -> None:
        while not over.wait(0.01):
            for pid in list_processes():
                with contextlib.suppress(OSError):
                    if pid in worker.processes or read_parent(pid) not in worker.processes:
                        continue
                    if wanted & {os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()}:
                        os.kill(pid, signal.SIGKILL)

    thread = threading.Thread(target=execute)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
