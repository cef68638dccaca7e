"""F24, F28, F35: no room on the disk, a worker whose clock is wrong, a bulk request cut in the middle."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.mill import Mill
from tests.chaos.verdict import conclude

pytestmark = pytest.mark.timeout(240)


@contextlib.contextmanager
def small_disk(place: Path, *, size: str) -> Iterator[None]:
    """Put a file system of a few bytes at a place."""
    place.mkdir(mode=0o700, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.chaos
@pytest.mark.needs_root
@pytest.mark.parametrize("which", ["work", "storage"])
def test_a_full_disk_fails_the_task_and_spares_the_worker(mill: Mill, slow_clip: str, photo: str, which: str) -> None:
    worker = mill.need_worker()
    place = mill.home.work if which == "work" else mill.home.storage
    with small_disk(place, size="64k"):
        mill.client.create(slow_clip, "video", metadata={"resize": [320, 180]})
        mill.wait_until_ended(seconds=60)
        ends = mill.execute("SELECT status, error_code, attempt FROM tasks_tasklog")
        left = [path for path in place.rglob("*") if path.is_file()]
        assert ends == [("failed", "disk_full", 4)]
        assert left == [], "what was written in part is removed"
    mill.strike()
    mill.client.create(photo, "image")

    conclude(mill, "F24", f"disk full: {which}")
    assert worker.is_running()
    assert mill.count("status = 'completed'") == 1


@pytest.mark.chaos
@pytest.mark.needs_root
def test_an_upload_that_finds_no_room_is_told_so_and_makes_no_task(mill: Mill, slow_clip: str, photo: str) -> None:
    mill.need_worker()
    with small_disk(mill.home.uploads, size="64k"):
        answers = [mill.client.upload(slow_clip, "video") for _ in range(5)]
        left = list(mill.home.uploads.iterdir())
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(507, "disk_full")}
    assert mill.count() == 0
    assert left == [], "what arrived in part is removed"
    mill.strike()
    assert mill.client.upload(photo, "image").status_code == 201

    conclude(mill, "F24", "disk full: upload", expects="completed")
    assert mill.count() == 1


@pytest.mark.chaos
@pytest.mark.needs_faketime
@pytest.mark.parametrize("skew", ["+1h", "-1h"])
def test_a_wrong_clock_ends_no_lease_early(mill: Mill, slow_clip: str, photo: str, skew: str) -> None:
    mill.dismiss_workers()
    library = find_faketime()
    mill.start_worker(variables={"LD_PRELOAD": str(library), "FAKETIME": skew})
    mill.start_worker()
    for _ in range(3):
        mill.client.create(slow_clip, "video", metadata={"resize": [320, 180]})
        mill.client.create(photo, "image")
    mill.strike()

    conclude(mill, "F28", f"a worker's clock {skew} off", expects="completed")
    assert mill.count_attempts() == 6
    disorder = "SELECT id FROM tasks_tasklog WHERE NOT created_at <= started_at OR NOT started_at <= finished_at"
    assert mill.execute(disorder) == []


def find_faketime() -> Path:
    """Return Debian's libfaketime for threads."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


@pytest.mark.chaos
@pytest.mark.parametrize("count", [10_000])
def test_a_bulk_request_cut_before_its_commit_leaves_nothing(mill: Mill, story: str, count: int) -> None:
    mill.dismiss_workers()
    mill.start_web(fault="bulk.before_commit:1")
    assert mill.client.create_bulk([story] * count, "document") is None
    assert mill.count() == 0
    assert mill.execute("SELECT count(*) FROM tasks_batch") == [(0,)]

    mill.start_web()
    assert mill.client.create_bulk([story] * 50, "document") is not None
    mill.start_worker(fault="slice.between_files:2:group").wait_until_struck("slice.between_files")
    mill.need_worker()
    mill.strike()
    conclude(mill, "F35", f"bulk of {count} cut; a batch of 50 whose worker is killed", expects="completed")
    assert mill.count() == 50
