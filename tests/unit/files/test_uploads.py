"""Uploaded files arrive whole or not at all."""

import errno
import hashlib
import os
import stat
import time
from pathlib import Path

import pytest

from filemill.files import uploads
from filemill.files.errors import FileRefused
from filemill.files.opened import read_head


def test_an_upload_is_kept_under_a_name_of_the_servers_own(home: Path) -> None:
    writer = uploads.receive("../../etc/cron.d/evil\r\n.png")
    writer.write(b"first ")
    writer.write(b"second")
    upload = writer.finish()
    assert (upload.name, upload.size) == ("evil.png", 12)
    assert upload.sha256 == hashlib.sha256(b"first second").hexdigest()
    kept = home / "uploads" / upload.id
    assert [path.name for path in kept.parent.iterdir()] == [upload.id]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_a_finished_upload_is_opened_by_its_id(home: Path) -> None:
    writer = uploads.receive("a.txt")
    writer.write(b"hello")
    upload = writer.finish()
    with uploads.open_upload(upload.id, name=upload.name) as opened:
        assert (opened.name, opened.size, read_head(opened)) == ("a.txt", 5, b"hello")


def test_an_aborted_upload_leaves_nothing(home: Path) -> None:
    with uploads.receive("a.txt") as writer:
        writer.write(b"hello")
    assert list((home / "uploads").iterdir()) == []


def test_leaving_the_context_keeps_a_finished_upload(home: Path) -> None:
    with uploads.receive("a.txt") as writer:
        upload = writer.finish()
    assert (home / "uploads" / upload.id).exists()


def test_a_byte_too_many_is_refused(home: Path) -> None:
    with uploads.receive("a.txt", max_bytes=5) as writer:
        writer.write(b"12345")
        with pytest.raises(FileRefused) as refused:
            writer.write(b"6")
    assert refused.value.code == "file_too_large"


@pytest.mark.parametrize("error_number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_as_such(home: Path, monkeypatch: pytest.MonkeyPatch, error_number: int) -> None:
    def refuse(*_: object) -> int:
        raise OSError(error_number, "no room")

    with uploads.receive("a.txt") as writer:
        monkeypatch.setattr(os, "write", refuse)
        with pytest.raises(FileRefused) as refused:
            writer.write(b"x")
    assert refused.value.code == "disk_full"
    assert list((home / "uploads").iterdir()) == []


@pytest.mark.parametrize("upload_id", ["../secret", "", "not-a-uuid", "00000000-0000-4000-8000-000000000000"])
def test_an_unknown_id_is_not_found(home: Path, upload_id: str) -> None:
    with pytest.raises(FileRefused) as refused:
        uploads.open_upload(upload_id)
    assert refused.value.code == "upload_not_found"


def test_deleting_twice_is_no_error(home: Path) -> None:
    upload = uploads.receive("a.txt").finish()
    uploads.delete_upload(upload.id)
    uploads.delete_upload(upload.id)
    assert list((home / "uploads").iterdir()) == []


def test_the_sweep_takes_old_files_that_no_task_refers_to(home: Path) -> None:
    wanted, orphan, fresh = (uploads.receive(name).finish() for name in ("wanted", "orphan", "fresh"))
    broken = uploads.receive("broken")
    a_day_ago = time.time() - 86400
    for path in (home / "uploads").iterdir():
        if path.name != fresh.id:
            os.utime(path, (a_day_ago, a_day_ago))
    assert uploads.sweep_uploads(is_referenced=lambda upload_id: upload_id == wanted.id, older_than_seconds=3600) == 2
    assert {path.name for path in (home / "uploads").iterdir()} == {wanted.id, fresh.id}
    assert orphan.id not in {wanted.id, fresh.id}
    broken.abort()
