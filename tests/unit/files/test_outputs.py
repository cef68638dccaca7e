"""Outputs are published all together, under their attempt's key."""

import ctypes
import errno
import hashlib
import os
import stat
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from filemill.files import durability, outputs
from filemill.processing.bench import Output
from filemill.processing.errors import SystemFault

TASK = str(uuid.uuid4())


def make_output(name: str, content: bytes = b"made", *, fence: int = 1, **facts: Any) -> Output:
    path = outputs.work_directory(TASK, fence) / uuid.uuid4().hex
    path.write_bytes(content)
    return Output(name=name, media_type="image/png", path=path, facts=facts)


def test_a_published_output_is_described_and_can_be_opened(home: Path) -> None:
    [described] = outputs.publish(TASK, 1, [make_output("cat.png", b"pixels", width=640, height=480)])
    assert described == {
        "name": "cat.png",
        "media_type": "image/png",
        "size": 6,
        "sha256": hashlib.sha256(b"pixels").hexdigest(),
        "width": 640,
        "height": 480,
    }
    key = outputs.output_key(TASK, 1, "cat.png")
    assert outputs.output_path(key) == home / "storage" / TASK / "1" / "cat.png"
    with outputs.open_output(key) as file:
        assert file.read() == b"pixels"


def test_scratch_and_storage_are_the_services_alone(home: Path) -> None:
    outputs.publish(TASK, 1, [make_output("a")])
    for directory in (home / "work", home / "work" / TASK, home / "storage", home / "storage" / TASK / "1"):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_a_late_attempt_does_not_touch_the_other_attempts_outputs(home: Path) -> None:
    outputs.publish(TASK, 2, [make_output("a.png", b"second", fence=2)])
    outputs.publish(TASK, 1, [make_output("a.png", b"first, late", fence=1)])
    assert (home / "storage" / TASK / "2" / "a.png").read_bytes() == b"second"


def test_names_are_made_harmless_and_distinct(home: Path) -> None:
    made = [make_output("../a.png"), make_output("a.png"), make_output("a.png"), make_output("b\n.png")]
    assert [described["name"] for described in outputs.publish(TASK, 1, made)] == [
        "a.png",
        "a (2).png",
        "a (3).png",
        "b.png",
    ]


def test_nothing_is_visible_when_one_output_can_not_be_moved(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [make_output("a.png"), make_output("b.png")]
    moved: list[Path] = []

    def move_one_then_fail(origin: Path, target: Path) -> None:
        if moved:
            raise OSError(errno.ENOSPC, "no room")
        moved.append(origin.rename(target))

    monkeypatch.setattr(outputs, "_move", move_one_then_fail)
    with pytest.raises(SystemFault) as fault:
        outputs.publish(TASK, 1, made)
    assert (fault.value.code, fault.value.is_passing) == ("disk_full", True)
    assert list((home / "storage" / TASK).iterdir()) == []


def test_a_lost_scratch_file_is_a_storage_error(home: Path) -> None:
    lost = make_output("a.png")
    lost.path.unlink()
    with pytest.raises(SystemFault) as fault:
        outputs.publish(TASK, 1, [lost])
    assert fault.value.code == "storage_error"


def test_scratch_on_another_file_system_is_copied(home: Path) -> None:
    other = Path("/dev/shm") / uuid.uuid4().hex
    other.write_bytes(b"from memory")
    assert other.stat().st_dev != home.stat().st_dev
    [described] = outputs.publish(TASK, 1, [Output(name="a", media_type="text/plain", path=other)])
    assert (home / "storage" / TASK / "1" / "a").read_bytes() == b"from memory"
    assert described["size"] == 11
    assert not other.exists()


def test_a_single_attempt_is_synced_with_all_that_leads_to_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs.publish(TASK, 1, [make_output("a"), make_output("b")])
    synced: list[Path] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(Path(os.readlink(f"/proc/self/fd/{fd}"))))
    outputs.make_durable([(TASK, 1)])
    stored = home / "storage" / TASK / "1"
    assert set(synced) == {stored / "a", stored / "b", stored, stored.parent, home / "storage"}


def test_many_attempts_are_synced_at_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []

    class Kernel:
        def syncfs(self, fd: int) -> int:
            synced.append(Path(os.readlink(f"/proc/self/fd/{fd}")))
            return 0

    monkeypatch.setattr(durability, "_LIBC", Kernel())
    monkeypatch.setattr(os, "fsync", lambda _fd: pytest.fail("a file was synced by itself"))
    for fence in (1, 2):
        outputs.publish(TASK, fence, [make_output("a", fence=fence)])
    outputs.make_durable([(TASK, 1), (TASK, 2)])
    assert synced == [home / "storage"]


def test_many_attempts_are_synced_by_the_kernel_also_after_the_storage_was_moved(home: Path) -> None:
    for fence in (1, 2):
        outputs.publish(TASK, fence, [make_output("a", fence=fence)])
    outputs.make_durable([(TASK, 1), (TASK, 2)])
    (home / "storage").rename(home / "former")
    for fence in (3, 4):
        outputs.publish(TASK, fence, [make_output("a", fence=fence)])
    outputs.make_durable([(TASK, 3), (TASK, 4)])
    fd = durability.hold(home / "storage")
    assert os.readlink(f"/proc/self/fd/{fd}") == str(home / "storage")
    os.close(fd)


def test_the_thread_that_syncs_shares_what_was_held_before_the_writes(home: Path) -> None:
    outputs.publish(TASK, 1, [make_output("a")])
    before = dict(durability._held)
    with ThreadPoolExecutor(1) as settler:
        settler.submit(outputs.make_durable, [(TASK, 1), (TASK, 1)]).result()
    assert durability._held == before != {}


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "disk_full"), (errno.EIO, "storage_error")])
def test_what_the_disk_did_not_take_is_a_fault_that_may_pass(
    home: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    class Kernel:
        def syncfs(self, _fd: int) -> int:
            ctypes.set_errno(number)
            return -1

    monkeypatch.setattr(durability, "_LIBC", Kernel())
    for fence in (1, 2):
        outputs.publish(TASK, fence, [make_output("a", fence=fence)])
    with pytest.raises(SystemFault) as fault:
        outputs.make_durable([(TASK, 1), (TASK, 2)])
    assert (fault.value.code, fault.value.is_passing) == (code, True)


def test_discarding_removes_the_scratch_of_that_attempt_only(home: Path) -> None:
    make_output("a", fence=1)
    make_output("b", fence=2)
    outputs.discard(TASK, 1)
    assert [path.name for path in (home / "work" / TASK).iterdir()] == ["2"]
    outputs.discard(TASK, 2)
    outputs.discard(TASK, 2)
    assert list((home / "work").iterdir()) == []


def test_deleting_outputs_leaves_no_empty_directory(home: Path) -> None:
    outputs.publish(TASK, 1, [make_output("a"), make_output("b")])
    outputs.delete_outputs(TASK, 1, ["a", "b"])
    assert list((home / "storage").iterdir()) == []


def test_the_sweep_takes_what_is_old_and_not_referred_to(home: Path) -> None:
    for fence in (1, 2, 3):
        outputs.publish(TASK, fence, [make_output("a", fence=fence)])
    a_day_ago = time.time() - 86400
    for fence in (1, 2):
        os.utime(home / "storage" / TASK / str(fence), (a_day_ago, a_day_ago))
        os.utime(home / "work" / TASK / str(fence), (a_day_ago, a_day_ago))
    swept = outputs.sweep_unreferenced(is_referenced=lambda _task, fence: fence == 2, older_than_seconds=3600)
    assert swept == 2  # the scratch and the stored outputs of fence 1
    assert sorted(path.name for path in (home / "storage" / TASK).iterdir()) == ["2", "3"]
    assert sorted(path.name for path in (home / "work" / TASK).iterdir()) == ["2", "3"]
