"""Checkpoints outlive an attempt, are whole, and go when nobody needs them."""

import errno
import os
import stat
import time
import uuid
from pathlib import Path

import pytest

from filemill.files import checkpoints
from filemill.files.checkpoints import TaskCheckpoints
from filemill.processing.bench import Input, Output
from filemill.processing.errors import PieceGone, SystemFault

TASK = str(uuid.uuid4())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(os.urandom(3_000_000))
    return path


def store_of(source: Path, generation: int = 1) -> TaskCheckpoints:
    return TaskCheckpoints(TASK, generation, source_fd=os.open(source, os.O_RDONLY))


def make_output(directory: Path, content: bytes = b"piece") -> Output:
    path = directory / uuid.uuid4().hex
    path.write_bytes(content)
    return Output(name=path.name, media_type="application/octet-stream", path=path)


def read_piece(shelf: checkpoints.PieceShelf, name: str) -> bytes:
    with shelf.open(name) as piece:
        return os.pread(piece.fd, piece.size, 0)


def test_a_piece_that_was_kept_is_found_by_the_next_attempt(home: Path, tmp_path: Path, source: Path) -> None:
    first = store_of(source).open("work")
    output = make_output(tmp_path)
    first.keep(output, "part-1")
    assert not output.path.exists()

    second = store_of(source).open("work")
    assert second.names() == ["part-1"]
    assert read_piece(second, "part-1") == b"piece"
    directories = [path for path in (home / "checkpoints").rglob("*") if path.is_dir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in directories} == {0o700}


def test_other_work_another_generation_and_a_changed_source_find_nothing(
    home: Path, tmp_path: Path, source: Path
) -> None:
    store_of(source).open("work").keep(make_output(tmp_path), "part-1")
    assert store_of(source).open("other work").names() == []
    assert store_of(source, generation=2).open("work").names() == []
    changed = bytearray(source.read_bytes())
    changed[0] ^= 1
    times = source.stat()
    source.write_bytes(changed)
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert store_of(source).open("work").names() == []


def test_a_changed_further_file_finds_nothing(home: Path, tmp_path: Path, source: Path) -> None:
    path = tmp_path / "second.mp4"
    path.write_bytes(os.urandom(2_000_000))
    with path.open("rb") as file:
        further = Input(name="second.mp4", media_type="video/mp4", size=2_000_000, fd=file.fileno())
        store_of(source).open("work", inputs=[further]).keep(make_output(tmp_path), "part-1")
        assert store_of(source).open("work", inputs=[further]).names() == ["part-1"]
        assert store_of(source).open("work").names() == []
        path.write_bytes(os.urandom(2_000_000))
        assert store_of(source).open("work", inputs=[further]).names() == []


def test_a_source_that_was_only_touched_may_be_another(home: Path, tmp_path: Path, source: Path) -> None:
    store_of(source).open("work").keep(make_output(tmp_path), "part-1")
    os.utime(source)
    assert store_of(source).open("work").names() == []


def test_what_was_dropped_or_never_kept_is_gone(home: Path, tmp_path: Path, source: Path) -> None:
    shelf = store_of(source).open("work")
    shelf.drop("part-1")
    for name in ("part-1", "part-2"):
        shelf.keep(make_output(tmp_path), name)
    shelf.drop("part-1")
    assert shelf.names() == ["part-2"]
    with pytest.raises(PieceGone), shelf.open("part-1"):
        pass
    shelf.clear()
    assert shelf.names() == []


def test_a_copy_that_never_became_whole_is_no_piece(
    home: Path, tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scratch on another file system: the piece is copied beside its place first."""

    def refuse(origin: Path, target: Path) -> Path:
        if origin.parent == tmp_path:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(origin, target)

    rename = Path.rename
    monkeypatch.setattr(Path, "rename", refuse)
    shelf = store_of(source).open("work")
    shelf.keep(make_output(tmp_path, b"copied"), "part-1")
    assert read_piece(shelf, "part-1") == b"copied"

    monkeypatch.setattr(os, "fsync", _no_room)
    with pytest.raises(SystemFault) as caught:
        shelf.keep(make_output(tmp_path, b"x"), "part-2")
    assert (caught.value.code, caught.value.is_passing) == ("disk_full", True)
    assert shelf.names() == ["part-1"]


def _no_room(_descriptor: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("name", ["", "../part", "a/b", ".hidden", "part.nut", "Part", "x" * 101])
def test_a_name_that_could_lie_elsewhere_is_refused(home: Path, tmp_path: Path, source: Path, name: str) -> None:
    with pytest.raises(ValueError, match="can't be a checkpoint's name"):
        store_of(source).open("work").drop(name)


def test_an_ended_task_leaves_nothing(home: Path, tmp_path: Path, source: Path) -> None:
    store_of(source).open("work").keep(make_output(tmp_path), "part-1")
    checkpoints.discard(TASK)
    checkpoints.discard(TASK)
    assert list((home / "checkpoints").iterdir()) == []


def test_only_what_is_old_and_unreferenced_is_swept(home: Path, tmp_path: Path, source: Path) -> None:
    for generation in (1, 2, 3):
        store_of(source, generation).open("work").keep(make_output(tmp_path), "part-1")
    long_ago = time.time() - 7200
    for generation in (1, 2):
        os.utime(home / "checkpoints" / TASK / str(generation), (long_ago, long_ago))
    (home / "checkpoints" / "strange" / "1").mkdir(parents=True)

    swept = checkpoints.sweep_unreferenced(is_referenced=lambda _task, number: number == 2, older_than_seconds=3600)

    assert swept == 1
    assert sorted(path.name for path in (home / "checkpoints" / TASK).iterdir()) == ["2", "3"]
    assert (home / "checkpoints" / "strange" / "1").exists()
