"""A client's path is opened beneath the roots and nowhere else."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from filemill.files import roots as roots_module
from filemill.files.errors import FileRefused
from filemill.files.opened import read_head
from filemill.files.roots import HeldRoots, is_openat2_available, open_beneath

SECRET = b"nobody's business"


@pytest.fixture(params=["kernel", "walk"])
def root(request: pytest.FixtureRequest, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root with a photo, beside a secret; every test runs with openat2 and with the component walk."""
    if request.param == "walk":
        monkeypatch.setattr(roots_module, "is_openat2_available", lambda: False)
    elif not is_openat2_available():
        pytest.fail("this kernel has no openat2 (Linux >= 5.6): the walk alone would be tested")
    root = tmp_path / "inbox"
    (root / "photos").mkdir(parents=True)
    (root / "photos" / "cat.png").write_bytes(b"a cat")
    (tmp_path / "secret.txt").write_bytes(SECRET)
    return root


def refusal_code(path: str, *roots: Path) -> str:
    with pytest.raises(FileRefused) as refused:
        open_beneath(path, roots=roots)
    assert refused.value.message.startswith("file_path ")
    return refused.value.code


def test_an_absolute_path_under_a_root_is_opened(root: Path) -> None:
    with open_beneath(str(root / "photos/cat.png"), roots=[root]) as opened:
        assert (opened.name, opened.size, read_head(opened)) == ("cat.png", 5, b"a cat")
        assert opened.path == str(root / "photos/cat.png")
        assert opened.modified_at.tzinfo is not None


def test_a_relative_path_is_tried_beneath_each_root_in_order(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "photos").mkdir(parents=True)
    (other / "photos/dog.png").write_bytes(b"a dog")
    (other / "photos/cat.png").write_bytes(b"another cat")
    with (
        open_beneath("photos/cat.png", roots=[root, other]) as cat,
        open_beneath("photos/dog.png", roots=[root, other]) as dog,
    ):
        assert (read_head(cat), read_head(dog)) == (b"a cat", b"a dog")


def test_a_root_that_is_not_there_does_not_hide_the_next(root: Path, tmp_path: Path) -> None:
    with open_beneath("photos/cat.png", roots=[tmp_path / "unmounted", root]) as opened:
        assert read_head(opened) == b"a cat"


def test_a_root_may_itself_be_reached_through_a_link(root: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(root)
    for spelling in (link, root):
        with open_beneath(str(spelling / "photos/cat.png"), roots=[link]) as opened:
            assert read_head(opened) == b"a cat"


@pytest.mark.parametrize(
    "path", ["../secret.txt", "photos/../../secret.txt", "photos/../photos/cat.png", "/etc/passwd", "/", ".."]
)
def test_a_path_out_of_the_roots_is_refused(root: Path, path: str) -> None:
    assert refusal_code(path, root) == "path_outside_roots"


def test_the_refusal_does_not_tell_whether_an_outside_file_exists(root: Path, tmp_path: Path) -> None:
    messages = set()
    for name in ("secret.txt", "no-such-secret.txt"):
        with pytest.raises(FileRefused) as refused:
            open_beneath(str(tmp_path / name), roots=[root])
        messages.add((refused.value.code, refused.value.message))
    assert len(messages) == 1


@pytest.mark.parametrize("target", ["../secret.txt", "/etc/passwd", "photos/cat.png", "/proc/self/root/etc/passwd"])
def test_a_link_is_not_followed(root: Path, target: str) -> None:
    (root / "link").symlink_to(target)
    assert refusal_code("link", root) == "not_readable"


def test_a_directory_link_on_the_way_is_not_followed(root: Path) -> None:
    (root / "away").symlink_to("..")
    assert refusal_code("away/secret.txt", root) in {"not_readable", "file_not_found"}


def test_a_sibling_whose_name_starts_like_the_root_is_outside(root: Path, tmp_path: Path) -> None:
    (tmp_path / "inbox-private").mkdir()
    (tmp_path / "inbox-private/x").write_bytes(SECRET)
    assert refusal_code(str(tmp_path / "inbox-private/x"), root) == "path_outside_roots"


def test_what_is_no_regular_file_is_refused_without_waiting(root: Path) -> None:
    os.mkfifo(root / "fifo")
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(root / "s"))
        assert [refusal_code(path, root) for path in ("fifo", "s", "photos", ".")] == ["not_a_file"] * 4


def test_a_missing_file_is_not_found(root: Path) -> None:
    assert refusal_code("photos/dog.png", root) == "file_not_found"
    assert refusal_code("photos/cat.png/inside", root) == "file_not_found"


@pytest.mark.parametrize("path", ["", "a\0b", "a" * 4097, "b" * 300, "\ud800"])
def test_a_path_that_no_file_can_have_is_invalid(root: Path, path: str) -> None:
    assert refusal_code(path, root) == "invalid_path"


def test_the_home_is_private_however_wide_a_root_is(root: Path, tmp_path: Path, home: Path) -> None:
    for name in ("uploads", "inbox"):
        (home / name).mkdir()
        (home / name / "x").write_bytes(SECRET)
    assert refusal_code(str(home / "uploads/x"), tmp_path) == "path_outside_roots"
    assert refusal_code(str(home / "uploads/x"), home) == "path_outside_roots"
    with open_beneath(str(home / "inbox/x"), roots=[tmp_path, home / "inbox"]) as opened:
        assert opened.size == len(SECRET)


@pytest.mark.parametrize("spelling", ["photos//cat.png", "./photos/cat.png", "photos/./cat.png", "photos/cat.png/"])
def test_a_path_may_be_spelt_untidily(root: Path, spelling: str) -> None:
    for path in (spelling, f"{root}/{spelling}"):
        with open_beneath(path, roots=[root]) as opened:
            assert (opened.name, opened.path) == ("cat.png", str(root / "photos/cat.png"))


def test_held_roots_open_many_files_and_leave_no_descriptor(root: Path, tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with HeldRoots([tmp_path / "unmounted", root]) as held:
        for _ in range(50):
            with held.open("photos/cat.png") as opened:
                assert read_head(opened) == b"a cat"
            with pytest.raises(FileRefused):
                held.open("photos")
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_rename_race_never_leaks_the_secret(root: Path, tmp_path: Path) -> None:
    (root / "swap").mkdir()
    (root / "swap/secret.txt").write_bytes(b"harmless")
    (root / "evil").symlink_to("..")
    stop = threading.Event()
    swapping = threading.Thread(target=lambda: _swap_until(stop, root))
    swapping.start()
    try:
        seen = {head for _ in range(3000) for head in _try_to_read("swap/secret.txt", root)}
    finally:
        stop.set()
        swapping.join()
    assert SECRET not in seen
    assert b"harmless" in seen


def _swap_until(stop: threading.Event, root: Path) -> None:
    while not stop.is_set():
        for old, new in (("swap", "away"), ("evil", "swap"), ("swap", "evil"), ("away", "swap")):
            os.rename(root / old, root / new)


def _try_to_read(path: str, root: Path) -> Iterator[bytes]:
    try:
        with open_beneath(path, roots=[root]) as opened:
            yield read_head(opened)
    except FileRefused:
        pass
